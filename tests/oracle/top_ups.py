"""Credits that are topped up by themselves (SEMANTICS §7), at the one instant of a scenario's clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.oracle.contracts import Contract
from tests.oracle.credits import Grant
from tests.oracle.exact import NotCovered, plain, required_decimal
from tests.oracle.invoices import Draft, balances_of

ZERO = Decimal(0)
SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


@dataclass(frozen=True)
class TopUp:
    """A top-up of a customer, and the grant that comes of it; None while its payment is not confirmed."""

    customer_id: str
    contract_id: str
    grant: Grant | None


def topped_up(
    contracts: Sequence[Contract],
    drafts: Sequence[Draft],
    earlier: Sequence[TopUp],
    now: datetime,
) -> TopUp | None:
    """The top-up that is due for a customer now; None where what is left is not under the threshold, or the contract
    in force does not let it be topped up again.

    `contracts` are the customer's and `drafts` its periods; `earlier` its top-ups, all made at `now`.
    """
    for contract in contracts:
        term = contract.top_up
        if not term or not contract.holds_at(now):
            continue
        mine = [one for one in earlier if one.contract_id == contract.contract_id]
        waits = any(one.grant is None for one in mine)
        if (
            waits
            or len(mine) >= int(term.get("max_per_day") or 1)
            or (mine and seconds(term.get("cool_off")))
        ):
            return None
        grants = [grant for one in contracts for grant in one.grants]
        grants += [one.grant for one in earlier if one.grant is not None]
        balances = balances_of(drafts, grants, now)
        left = sum((Decimal(row["remaining"]) for row in balances if row["unit"] == term["unit"]), ZERO)
        if left >= required_decimal(term["threshold"]):
            return None
        number = len(mine) + 1
        grant = None if term.get("payment") == "external" else _grant(contract, term, number, left, now)
        return TopUp(contract.customer_id, contract.contract_id, grant)
    return None


def _grant(contract: Contract, term: Mapping[str, Any], number: int, left: Decimal, now: datetime) -> Grant:
    amount = required_decimal(term["amount"]) if term.get("amount") else required_decimal(term["to"]) - left
    lasting = seconds(term.get("expires_after"))
    scope = term.get("applies_to") or {}
    return Grant(
        grant_id=f"top-up-{contract.contract_id}-{number}",
        unit=term["unit"],
        amount=amount,
        # Only whether it cost something matters here: grants that cost nothing come first.
        paid=required_decimal(term.get("paid") or "0"),
        priority=int(term.get("priority") or "0"),
        effective_at=now,
        ends_at=now + timedelta(seconds=lasting) if lasting else None,
        products=frozenset(scope.get("products") or ()),
        tags=frozenset(scope.get("tags") or ()),
        name=f"top-up {plain(amount)}",
    )


def seconds(duration: str | None) -> int:
    """How long a duration such as `36h` lasts; nothing lasts 0."""
    if not duration:
        return 0
    if duration[-1] not in SECONDS:
        raise NotCovered(f"duration {duration!r}")
    return int(duration[:-1]) * SECONDS[duration[-1]]
