"""Examples of what is asked about rate cards before they change anything."""

from typing import Any, Final

from api.http.examples import PRICE

GATES: Final[dict[str, Any]] = {
    "rate_card": "aurora-ai",
    "rate_card_version": 2,
    "passed": False,
    "gates": [
        {
            "gate": "covers_usage",
            "passed": True,
            "found": "usage of the last 30 days",
            "reasons": [],
            "forcible": True,
            "products": [],
        },
        {
            "gate": "replay",
            "passed": False,
            "found": "12 billing periods: 100 → 120 USD (+20 %)",
            "reasons": [
                {
                    "code": "revenue_moves",
                    "fact": "revenue of the last billing periods moves from 100 to 120 USD (+20 %); "
                    "`max_change_percent` is 10",
                    "fix": "look at `runrate ratecard diff`; correct the prices, or force it",
                    "count": 1,
                    "examples": [{"product": "input_tokens", "before": "100", "after": "120"}],
                }
            ],
            "forcible": True,
            "products": [{"product": "input_tokens", "way": "sums", "before": "100", "after": "120"}],
        },
    ],
    "warnings": [],
}

DIFF: Final[dict[str, Any]] = {
    "before": "aurora-ai version 1",
    "after": "aurora-ai version 2",
    "nodes": [{"node": "margin", "before": "1.3", "after": "1.56"}],
    "price_changes": 1,
    "prices": [
        {
            "kind": "changed",
            "product": "input_tokens",
            "dimensions": {"model": "large"},
            "field": "unit_amount",
            "unit": "USD",
            "before": "0.000013",
            "after": "0.0000156",
            "percent": "20",
            "before_row": {"model": "large"},
            "after_row": {"model": "large"},
            "causes": ["margin"],
        }
    ],
    "effect": {
        "month_start": "2026-01-01T00:00:00Z",
        "month_end": "2026-02-01T00:00:00Z",
        "currency": "USD",
        "before": "100",
        "after": "120",
        "change": "20",
        "percent": "20",
        "rows": [
            {
                "customer_id": "northwind",
                "product": "input_tokens",
                "before": "100",
                "after": "120",
                "change": "20",
                "percent": "20",
                "way": "sums",
            }
        ],
    },
}

CUSTOMER_PRICE: Final[dict[str, Any]] = {
    **PRICE,
    "unit_amount": "0.000000624",
    "list_price": PRICE,
    "override": {
        "products": ["input_tokens"],
        "tags": [],
        "dimensions": {"model": "swift-1"},
        "multiplier": "0.8",
        "unit_amount": None,
        "tiers": [],
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_to": None,
    },
}

NUMBERS_CHANGED: Final[dict[str, Any]] = {
    "rate_card": "aurora-ai",
    "base_version": 1,
    "rate_card_version": None,
    "active_from": "2026-03-01T00:00:00Z",
    "active_until": None,
    "next_version": None,
    "replaced": [
        {"rate_card_version": 2, "active_from": "2026-02-01T00:00:00Z", "cohort": {"percent": "5"}},
    ],
    "entries_changed": 0,
    "numbers": [{"node": "model_cost[large]", "before": "0.00001", "after": "0.000009"}],
    "price_changes": 1,
    "prices": [
        {
            "product": "input_tokens",
            "dimensions": {"model": "large"},
            "field": "unit_amount",
            "unit": "USD",
            "before": "0.000013",
            "after": "0.0000117",
        }
    ],
    "warnings": [],
}
