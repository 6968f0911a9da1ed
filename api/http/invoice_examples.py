"""Examples of invoices, shown in the OpenAPI document; a test reads each one as its model."""

from typing import Any, Final

Document = dict[str, Any]

PERIOD: Final[Document] = {"period_start": "2026-01-01T05:00:00Z", "period_end": "2026-02-01T05:00:00Z"}
_NO_CHARGE: Final[Document] = {"charge_id": None, "name": None, "service_start": None, "service_end": None}

INVOICE_SUMMARY: Final[Document] = {
    "invoice_id": "northwind-2025:2026-01-01",
    "customer_id": "northwind",
    "contract_id": "northwind-2025",
    "currency": "USD",
    **PERIOD,
    "state": "draft",
    "subtotal": "8.61",
    "credits_applied": "5.00",
    "total": "3.61",
}

INVOICE: Final[Document] = {
    **INVOICE_SUMMARY,
    "lines": [
        {
            "line_id": "usage:input_tokens:1",
            "kind": "usage",
            "product": "input_tokens",
            "product_name": "Input tokens",
            "rate_card_version": 1,
            "grant_id": None,
            **_NO_CHARGE,
            "quantity": "11038500",
            "metered_unit": "token",
            "unit": "USD",
            "exact_amount": "8.61003",
            "amount": "8.61",
            **PERIOD,
            "breakdown": [
                {
                    "dimensions": {"context": "short", "model": "swift-1", "region": "us-east"},
                    "show": {},
                    "quantity": "11038500",
                    "unit_price": "0.00000078",
                    "amount": "8.61",
                }
            ],
        },
        {
            "line_id": "credit:input_tokens:northwind-credits",
            "kind": "credit",
            "product": "input_tokens",
            "product_name": None,
            "rate_card_version": None,
            "grant_id": "northwind-credits",
            **_NO_CHARGE,
            "quantity": None,
            "metered_unit": None,
            "unit": "USD",
            "exact_amount": "-5",
            "amount": "-5.00",
            **PERIOD,
            "breakdown": [],
        },
    ],
    "calculation": [
        {"step": "usage", "amount": "8.61"},
        {"step": "amount_discounts", "amount": "0.00"},
        {"step": "percent_discounts", "amount": "0.00"},
        {"step": "minimum", "amount": "0.00"},
        {"step": "fees", "amount": "0.00"},
        {"step": "commits", "amount": "0.00"},
        {"step": "credits", "amount": "-5.00"},
        {"step": "tax", "amount": "0.00"},
        {"step": "total", "amount": "3.61"},
    ],
}

LINE_EVENT: Final[Document] = {
    "entry": "event",
    "event_id": "evt-000001",
    "customer_id": "northwind",
    "event_type": "llm.request",
    "event_time": "2026-01-15T10:30:00Z",
    "dimensions": {"context": "short", "model": "swift-1", "region": "us-east"},
    "show": {},
    "quantity": "1200",
    "unit": "USD",
    "unit_price": "0.00000078",
    "unit_amount": "0.000936",
    "amount": "0.000936",
}
