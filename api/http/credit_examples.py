"""Examples of credits for the OpenAPI document."""

from typing import Any, Final

Document = dict[str, Any]

BALANCE: Final[Document] = {
    "customer_id": "northwind",
    "grant_id": "northwind-credits",
    "contract_id": "northwind-2025",
    "unit": "credit",
    "granted": "50",
    "drawn": "10",
    "expired": "0",
    "voided": "0",
    "rolled_over": "0",
    "remaining": "40",
    "effective_at": "2026-01-01T05:00:00Z",
    "expires_at": None,
    "priority": 1,
    "source": "purchase",
}

TOP_UP: Final[Document] = {
    "customer_id": "northwind",
    "top_up_id": "top-up-northwind-2025-1",
    "contract_id": "northwind-2025",
    "number": 1,
    "state": "pending",
    "unit": "credit",
    "threshold": "10",
    "balance": "8.5",
    "amount": "50",
    "paid": "45",
    "payment": "external",
    "decided_at": "2026-02-03T00:00:00Z",
    "granted_at": None,
    "reason": None,
}

ENTITLEMENT: Final[Document] = {
    "customer_id": "northwind",
    "product": "input_tokens",
    "allowed": True,
    "reason": "balance",
    "unit": "credit",
    "remaining": "40",
    "held": "12.5",
    "available": "27.5",
    "contract_id": "northwind-2025",
    "rate_card_version": 1,
    "as_of": "2026-02-03T00:00:00.250Z",
}

HOLD: Final[Document] = {
    "customer_id": "northwind",
    "hold_id": "job-4711",
    "product": "input_tokens",
    "unit": "credit",
    "units": "12.5",
    "state": "held",
    "confirmed_units": None,
    "held_at": "2026-02-03T00:00:00Z",
    "expires_at": "2026-02-03T01:00:00Z",
    "changed": True,
}

CREDIT_ENTRY: Final[Document] = {
    "at": "2026-01-15T10:00:00Z",
    "type": "draw",
    "grant_id": "northwind-credits",
    "contract_id": "northwind-2025",
    "unit": "credit",
    "units": "-10",
    "product": "input_tokens",
    "period_id": 13,
    "rate_card_version": 1,
    "related_grant_id": None,
    "reason": None,
}
