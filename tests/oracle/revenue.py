"""What is recognised as revenue, by day (SEMANTICS §7, docs/contracts.md): usage, credits, fees and true-ups."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.charges import Money, fees_of, true_ups
from tests.oracle.contracts import Contract
from tests.oracle.credits import AHEAD, Drawdown, Grant
from tests.oracle.exact import rounded
from tests.oracle.invoices import Draft, draw_down_customer, steps_of

ZERO = Decimal(0)
TICK = timedelta(milliseconds=1)
DAY = timedelta(days=1)

# (day, contract, category, product, version, grant)
Key = tuple[date, str, str, str, int, str]
Movement = tuple[Key, Decimal]


def revenue_of(
    contracts: Sequence[Contract], drafts: Sequence[Draft], money: Mapping[str, Money], now: datetime
) -> dict[Key, Decimal]:
    """What is recognised of a customer on the days before that of `now`."""
    grants = [grant for contract in contracts for grant in contract.grants]
    drawdown = draw_down_customer(drafts, grants)
    found: dict[Key, Decimal] = {}
    movements = [
        *(one for draft in drafts for one in _usage(draft, grants, drawdown)),
        *_credits(contracts, drawdown),
        *(one for draft in drafts for one in _true_ups(draft, drafts, now)),
        *(one for contract in contracts for one in _fees(contract, money, now)),
    ]
    for key, amount in movements:
        if key[0] < now.date():
            found[key] = found.get(key, ZERO) + amount
    return {key: amount for key, amount in found.items() if amount}


def _day(contract: Contract, at: datetime) -> date:
    return at.astimezone(ZoneInfo(contract.timezone)).date()


def _usage(draft: Draft, grants: Sequence[Grant], drawdown: Drawdown) -> Iterator[Movement]:
    """What each step costs less discounts and credits, on its day; on the period's last day what rounding
    made of it."""
    contract, (start, end) = draft.contract, draft.period
    steps = draft.net_steps(steps_of(draft.usage, grants)) if draft.usage else []
    draws = [draw for draw in drawdown.draws if draw.step.key == (start, contract.contract_id)]
    for line, net in zip(draft.lines, draft.charges.net, strict=True):
        name = (line.product, line.version)
        recognised = ZERO
        for step in steps:
            if (step.product, step.version) == name:
                amount = step.amount * line.unit_value
                recognised += amount
                yield (_day(contract, step.start), contract.contract_id, "usage", *name, ""), amount
        drawn = ZERO
        for draw in draws:
            if (draw.step.product, draw.step.version) == name:
                amount = draw.amount * line.unit_value
                drawn += amount
                yield (_day(contract, draw.step.start), contract.contract_id, "usage", *name, ""), -amount
        billed = net - draft.money.round(drawn)
        last = _day(contract, end - TICK)
        yield (last, contract.contract_id, "usage", *name, ""), billed - (recognised - drawn)


def _credits(contracts: Sequence[Contract], drawdown: Drawdown) -> Iterator[Movement]:
    """Of what a grant cost as much as of its units has gone, cut to 24 decimals; a rollover uses up its parent's."""
    for contract in contracts:
        for root in contract.grants:
            if root.parent or not root.paid:
                continue
            family = [root, *(grant for grant in contract.grants if grant.parent == root.grant_id)]
            gone = sorted(one for grant in family for one in _gone(grant, family, drawdown))
            reached = ZERO
            for at, rank, product, version, _, grant_id, units in gone:
                before = reached
                reached += units
                amount = _part(root, reached) - _part(root, before)
                if rank in _ENDS:
                    yield (_day(contract, at), contract.contract_id, "breakage", "", 0, grant_id), amount
                else:
                    key = (product, version, grant_id)
                    yield (_day(contract, at), contract.contract_id, "prepaid_drawdown", *key), amount


def _part(root: Grant, units: Decimal) -> Decimal:
    return rounded(Fraction(root.paid) * Fraction(units) / Fraction(root.amount), 24, "floor")


# Within an instant grants end before others draw, and what comes back to one that has ended goes at last.
_END, _NEVER, _DRAW, _LATE = 2, 4, 5, 6
_ENDS = (_END, _NEVER, _LATE)


def _gone(grant: Grant, family: Sequence[Grant], drawdown: Drawdown) -> Iterator[tuple[Any, ...]]:
    granted = drawdown.granted.get(grant.grant_id, ZERO) if grant.parent else grant.amount
    left = granted
    for draw in drawdown.draws:
        if draw.grant != grant:
            continue
        what = (draw.step.product, draw.step.version, draw.step.key, grant.grant_id)
        yield draw.step.start, _DRAW, *what, draw.amount
        if grant.ends_at is not None and draw.step.start >= grant.ends_at:
            # Back, and gone at once.
            yield draw.step.start, _LATE, *what, -draw.amount
        else:
            left -= draw.amount
    if grant.ends_at is not None:
        rolled = sum(
            (drawdown.granted.get(one.grant_id, ZERO) for one in family if one.parent == grant.grant_id),
            ZERO,
        )
        nobody = ("", 0, (grant.ends_at, ""), grant.grant_id)
        rank = _NEVER if grant.never_is else _END
        yield max(grant.effective_at, grant.ends_at), rank, *nobody, left - rolled


def _true_ups(draft: Draft, drafts: Iterable[Draft], now: datetime) -> Iterator[Movement]:
    contract, (_, end) = draft.contract, draft.period
    amounts = [line.amount for line in draft.charges.lines if line.kind == "minimum"]
    # Credits count, so they have to be known.
    spent = {other.period[0]: other.spent for other in drafts if other.contract == contract}
    amounts += [line.amount for line in true_ups(contract, draft.period, spent, draft.money, now)]
    for amount in amounts:
        yield (_day(contract, end - TICK), contract.contract_id, "true_up", "", 0, ""), amount


def _fees(contract: Contract, money: Mapping[str, Money], now: datetime) -> Iterator[Movement]:
    """A fee's rounded amount by the days of its service: as much each day, cut to 24 decimals, the rest on the last."""
    if contract.contract_id not in money:
        return
    for period in contract.periods_until(now + AHEAD):
        for start, end, exact in fees_of(contract, period):
            amount = money[contract.contract_id].round(exact)
            first, last = _day(contract, start), _day(contract, max(start, end - TICK))
            days = (last - first).days + 1
            share = rounded(Fraction(amount) / days, 24, "floor")
            for number in range(days):
                part = share if number < days - 1 else amount - share * (days - 1)
                yield (first + DAY * number, contract.contract_id, "fee", "", 0, ""), part
