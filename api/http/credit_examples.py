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

REVENUE_ENTRY: Final[Document] = {
    "day": "2026-01-15",
    "contract_id": "northwind-2025",
    "category": "prepaid_drawdown",
    "product": "input_tokens",
    "rate_card_version": 1,
    "grant_id": "northwind-credits",
    "source_id": "grant:northwind-credits",
    "currency": "USD",
    "amount": "9",
}

REVENUE_FILE: Final = """\
day,customer_id,contract_id,category,product,rate_card_version,grant_id,source_id,currency,amount
2026-01-15,northwind,northwind-2025,prepaid_drawdown,input_tokens,1,northwind-credits,grant:northwind-credits,USD,9
"""

JOURNAL_FILE: Final = """\
day,entry_id,account,debit,credit,currency,customer_id,contract_id,category,product,rate_card_version,grant_id,source_id
2026-01-15,2026-01-15/grant:g1/prepaid_drawdown,deferred_revenue,9,0,USD,northwind,k1,prepaid_drawdown,calls,1,g1,grant:g1
2026-01-15,2026-01-15/grant:g1/prepaid_drawdown,revenue,0,9,USD,northwind,k1,prepaid_drawdown,calls,1,g1,grant:g1
"""

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
