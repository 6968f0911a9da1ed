"""Examples of answers, shown in the OpenAPI document; a test reads each one as its model."""

from typing import Any, Final

from api.http.invoice_examples import PERIOD

Document = dict[str, Any]

CUSTOMER: Final[Document] = {
    "customer_id": "northwind",
    "name": "Northwind Research",
    "attributes": {"segment": "enterprise", "region": "us"},
    "aliases": ["old-northwind"],
    "recorded_at": "2026-01-01T00:00:00Z",
}

CONTRACT: Final[Document] = {
    "contract_id": "northwind-2025",
    "customer_id": "northwind",
    "rate_card": "aurora-ai",
    "starts_at": "2025-01-01T05:00:00Z",
    "ends_at": None,
    "timezone": "America/New_York",
    "billing_interval": "month",
    "anchor_day": 1,
    "grace_seconds": 86400,
    "document": {"contract_id": "northwind-2025", "customer_id": "northwind", "rate_card": "aurora-ai"},
    "recorded_at": "2026-01-01T00:00:00Z",
}

CONTRACTS_DOCUMENT: Final = """\
customers:
  - {customer_id: northwind, name: Northwind Research, attributes: {segment: enterprise}}
contracts:
  - contract_id: northwind-2025
    customer_id: northwind
    rate_card: aurora-ai
    starts_at: 2025-01-01T05:00:00Z
    ends_at: null
    timezone: America/New_York
    billing: {interval: month, anchor_day: 1}
"""

USAGE_ROW: Final[Document] = {
    "start": "2026-01-15T05:00:00Z",
    "product": "input_tokens",
    "rate_card_version": 1,
    "dimensions": {"model": "swift-1"},
    "quantity": "1200",
    "events": 1,
    "unit": "USD",
    "amount": "0.000936",
    "currency": "USD",
}

TERMS: Final[Document] = {
    "customer_id": "northwind",
    "at": "2026-01-15T10:30:00Z",
    "contract_id": "northwind-2025",
    **PERIOD,
    "timezone": "America/New_York",
    "rate_card": "aurora-ai",
    "rate_card_version": 1,
    "activation_id": 1,
    "active_from": "2026-01-01T00:00:00Z",
    "cohort": "all",
    "currency": "USD",
}

PRICE: Final[Document] = {
    "product": "input_tokens",
    "dimensions": {"context": "short", "model": "swift-1", "region": "us-east"},
    "unit": "USD",
    "metered_unit": "token",
    "model": "per_unit",
    "unit_amount": "0.00000078",
    "tiers": [],
    "package_size": None,
    "package_amount": None,
    "free_units": None,
    "flat_amount": None,
    "fixed_amount_per_event": None,
    "free_events": None,
    "free_total_value": None,
    "min_amount_per_event": None,
    "max_amount_per_event": None,
    "included": "0",
    "minimum_spend": None,
    "maximum_spend": None,
}

RATE_CARD: Final[Document] = {
    "rate_card": "aurora-ai",
    "currency": "USD",
    "versions": 1,
    "latest_version": 1,
    "latest_published_at": "2026-01-01T00:00:00Z",
}

RATE_CARD_DOCUMENT: Final = """\
rate_card: aurora-ai
currency: USD
meters:
  tool_calls: {event_type: tool.call, aggregation: count, unit: call}
products:
  tool_calls:
    name: Tool calls
    meter: tool_calls
    price: {model: per_unit, unit_amount: "0.01"}
"""

VERSION_SUMMARY: Final[Document] = {
    "rate_card": "aurora-ai",
    "rate_card_version": 1,
    "content_hash": "5f0c8a6b",
    "currency": "USD",
    "rounding": "half_up",
    "prices": 1,
    "parent": None,
    "author": "ada",
    "note": "first prices",
    "published_at": "2026-01-01T00:00:00Z",
}

VERSION: Final[Document] = {
    **VERSION_SUMMARY,
    "products": [
        {
            "product": "tool_calls",
            "name": "Tool calls",
            "meter": "tool_calls",
            "metered_unit": "call",
            "unit": "USD",
            "unit_value": "1",
            "model": "per_unit",
            "tier_continuity": "carry",
            "tiers_over": "combination",
            "tags": [],
            "dimensions": [],
            "show": [],
        }
    ],
    "document": RATE_CARD_DOCUMENT,
}

ACTIVATION: Final[Document] = {
    "activation_id": 1,
    "rate_card": "aurora-ai",
    "rate_card_version": 1,
    "active_from": "2026-01-01T00:00:00Z",
    "cohort": {"percent": "5"},
    "state": "in_force",
    "author": "ada",
    "note": "first stage",
    "forced": [],
    "recorded_at": "2026-01-01T00:00:00Z",
}

AUDIT: Final[Document] = {
    "rate_card": "aurora-ai",
    "skus": 36,
    "numbers": 10,
    "products": [{"product": "input_tokens", "values": {"model": 6, "region": 6}, "skus": 36}],
    "unneeded": [{"node": "old_margin", "line": 5, "column": 25}],
    "said_twice": [
        {
            "node": "region_factor[eu-west]",
            "value": "1.25",
            "same_as": "region_factor[*]",
            "line": 8,
            "column": 64,
        }
    ],
    "usage": {
        "since": "2026-01-01T00:00:00Z",
        "events": 1200,
        "unused": [{"product": "input_tokens", "dimensions": {"model": "deep-1", "region": "*"}}],
        "unpriced": [
            {
                "product": "input_tokens",
                "dimensions": {"model": "swift-9", "region": "us-east"},
                "events": 3,
                "customers": 1,
                "quantity": "4500",
                "first_event_time": "2026-01-15T10:30:00Z",
                "last_event_time": "2026-01-15T11:30:00Z",
            }
        ],
    },
}

UNRATED_SUMMARY: Final[Document] = {
    "reason": "unknown_customer",
    "product": "",
    "entries": 3,
    "customers": 1,
    "first_event_time": "2026-01-15T10:30:00Z",
    "last_event_time": "2026-01-15T10:45:00Z",
    "meaning": "No customer has this id or alias.",
    "fix": "Apply contracts with the customer, or name the id as an alias of one.",
}

UNRATED_EVENT: Final[Document] = {
    "customer_id": "nobody",
    "event_id": "evt-000002",
    "event_type": "tool.call",
    "event_time": "2026-01-15T10:30:00Z",
    "product": "",
    "quantity": "0",
    "reason": "unknown_customer",
    "recorded_at": "2026-01-15T10:30:01Z",
}

TRACE: Final[Document] = {
    "event_id": "evt-000001",
    "sent_customer_id": "northwind",
    "customer_id": "northwind",
    "customer_name": "Northwind Research",
    "event_type": "llm.request",
    "event_time": "2026-01-15T10:30:00Z",
    "recorded_at": "2026-01-15T10:30:01Z",
    "status": "current",
    "properties": {"model": "swift-1", "region": "us-east", "input_tokens": "1200"},
    "revisions": [
        {
            "revision": 0,
            "status": "current",
            "event_type": "llm.request",
            "event_time": "2026-01-15T10:30:00Z",
            "properties": {"model": "swift-1", "region": "us-east", "input_tokens": "1200"},
            "recorded_at": "2026-01-15T10:30:01Z",
        }
    ],
    "rated": [
        {
            "product": "input_tokens",
            "product_name": "Input tokens",
            "contract_id": "northwind-2025",
            "invoice_id": "northwind-2025:2026-01-01",
            "line_id": "usage:input_tokens:1",
            **PERIOD,
            "rate_card": "aurora-ai",
            "rate_card_version": 1,
            "active_from": "2025-01-01T00:00:00Z",
            "price": PRICE,
            **dict.fromkeys(("list_price", "override")),
            "formulas": [
                {
                    "name": "unit_amount",
                    "formula": "model_cost[model] * margin",
                    "with_numbers": "0.0000006 * 1.30",
                    "result": "0.00000078",
                    "numbers": {"model_cost[swift-1]": "0.0000006", "margin": "1.3"},
                }
            ],
            "dimensions": {"context": "short", "model": "swift-1", "region": "us-east"},
            "show": {},
            "quantity": "1200",
            "metered_unit": "token",
            "unit_price": "0.00000078",
            "unit": "USD",
            "unit_amount": "0.000936",
            "amount": "0.000936",
            "currency": "USD",
            "credits": [],
            "text": "1200 token × 0.00000078 USD = 0.000936 USD",
        }
    ],
    "unrated": [],
    "ledger": [
        {
            "recorded_at": "2026-01-15T10:30:01Z",
            "reason": "rated",
            "sign": 1,
            "event_time": "2026-01-15T10:30:00Z",
            "invoice_id": "northwind-2025:2026-01-01",
            "product": "input_tokens",
            "rate_card": "aurora-ai",
            "rate_card_version": 1,
            "dimensions": {"context": "short", "model": "swift-1", "region": "us-east"},
            "quantity": "1200",
            "unit": "USD",
            "unit_price": "0.00000078",
            "amount": "0.000936",
            "unrated": "",
        }
    ],
    "explanation": ["Input tokens: 1200 token × 0.00000078 USD = 0.000936 USD"],
}
