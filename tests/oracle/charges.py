"""Fees, discounts, minimums and commits of a billing period (SEMANTICS §6 and §7, docs/contracts.md)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.oracle.contracts import Contract
from tests.oracle.exact import currency_decimals, largest_remainder, rounded
from tests.oracle.instants import instant, milliseconds, month_around

ZERO = Decimal(0)
TICK = timedelta(milliseconds=1)
MONTHS = {"month": 1, "quarter": 3, "year": 12}
TERMS = ("fees", "discounts", "minimum", "commits")

Period = tuple[datetime, datetime]


@dataclass(frozen=True)
class Money:
    """How amounts are rounded: the currency's decimals and the card's rounding."""

    decimals: int
    mode: str

    @classmethod
    def of(cls, currency: str, mode: str) -> "Money":
        """The rounding of a card."""
        return cls(currency_decimals(currency), mode)

    def round(self, value: Decimal | Fraction) -> Decimal:
        """The amount of a line."""
        return rounded(value, self.decimals, self.mode)


@dataclass(frozen=True)
class ScopedLine:
    """What discounts see of a usage line: its product, tags and rounded amount."""

    product: str
    tags: frozenset[str]
    amount: Decimal


@dataclass
class Charge:
    """A line beside usage and credits; `quantity` is a fee's."""

    kind: str
    charge_id: str
    name: str
    amount: Decimal
    quantity: Decimal | None = None


@dataclass
class Charges:
    """The lines of a period in the order of calculation, and what is left of each usage line after discounts."""

    lines: list[Charge] = field(default_factory=list)
    net: list[Decimal] = field(default_factory=list)

    def total(self, *kinds: str) -> Decimal:
        """The sum of the lines of these kinds, of all if none is named."""
        return sum((line.amount for line in self.lines if not kinds or line.kind in kinds), ZERO)


def has_terms(contract: Contract) -> bool:
    """Whether the contract has any of these terms."""
    return any(contract.terms.get(name) for name in TERMS)


def charges_of(
    contract: Contract, period: Period, usage: Sequence[ScopedLine], money: Money, now: datetime
) -> Charges:
    """All lines of the period but true-ups. `usage` are its lines in their order."""
    result = Charges(net=[line.amount for line in usage])
    if period[0] > now:
        return result
    result.lines = _discounts(contract, period, usage, money, result.net)
    fees = [
        Charge("fee", fee["fee_id"], fee.get("name") or fee["fee_id"], money.round(exact), quantity)
        for fee in contract.terms.get("fees") or ()
        for quantity, exact in _fee(contract, fee, period, now)
    ]
    if minimum := contract.terms.get("minimum"):
        share = Fraction(1)
        if _prorated(minimum):
            share = _length(period) / _length(month_around(period[0], contract.timezone, contract.anchor_day))
        least = rounded(Fraction(minimum["amount"]) * share, 24, "half_even")
        reached = sum(result.net, ZERO)
        if str(minimum.get("counts_fees")) == "true":
            reached += sum((fee.amount for fee in fees), ZERO)
        if amount := money.round(max(least - reached, ZERO)):
            result.lines.append(Charge("minimum", "minimum", "Minimum", amount))
    result.lines += fees
    result.lines += _instalments(contract, period, money, now)
    return result


def _discounts(
    contract: Contract, period: Period, usage: Sequence[ScopedLine], money: Money, net: list[Decimal]
) -> list[Charge]:
    """One line a discount, amounts before percentages; takes them off `net`."""
    found = []
    numbered = list(enumerate(contract.terms.get("discounts") or (), 1))
    ordered = [one for one in numbered if one[1].get("amount")]
    ordered += [one for one in numbered if not one[1].get("amount")]
    for number, discount in ordered:
        if not _counts(discount, period[0]):
            continue
        covered = [left if _covers(discount, line) else ZERO for left, line in zip(net, usage, strict=True)]
        whole = Fraction(sum(covered, ZERO))
        if discount.get("amount"):
            taken = min(Fraction(money.round(Decimal(discount["amount"]))), max(whole, Fraction(0)))
            part = taken / whole if taken else Fraction(0)
            name = discount.get("name") or "Discount"
        else:
            part = Fraction(discount["percent"]) / 100
            taken = whole * part
            name = discount.get("name") or f"Discount {Decimal(discount['percent']).normalize():f}%"
        amount = money.round(taken)
        shares = largest_remainder(amount, [Fraction(left) * part for left in covered], money.decimals)
        for place, share in enumerate(shares):
            net[place] -= share
        if amount:
            found.append(Charge("discount", str(number), name, -amount))
    return found


def _counts(discount: Mapping[str, Any], at: datetime) -> bool:
    since, until = discount.get("from"), discount.get("to")
    return (not since or instant(since) <= at) and (not until or at < instant(until))


def _covers(discount: Mapping[str, Any], line: ScopedLine) -> bool:
    products, tags = discount.get("products") or (), discount.get("tags") or ()
    return (not products and not tags) or line.product in products or bool(line.tags & set(tags))


def fees_of(contract: Contract, period: Period) -> Iterator[tuple[datetime, datetime, Fraction | Decimal]]:
    """Service and exact amount of every fee on the period's invoice, due already or not."""
    for fee in contract.terms.get("fees") or ():
        for (start, end), _, exact in _fee_services(contract, fee, period, period[1]):
            yield start, end, exact


def _fee(
    contract: Contract, fee: Mapping[str, Any], period: Period, now: datetime
) -> Iterator[tuple[Decimal, Decimal]]:
    """Quantity and exact amount of a fee in a period, if it is due."""
    for _, quantity, exact in _fee_services(contract, fee, period, now):
        yield quantity, exact


def _fee_services(
    contract: Contract, fee: Mapping[str, Any], period: Period, now: datetime
) -> Iterator[tuple[Period, Decimal, Decimal]]:
    in_advance = str(fee.get("in_advance")) == "true"
    if fee["interval"] == "once":
        at = instant(fee["at"]) if fee.get("at") else contract.starts_at
        if period[0] <= at < period[1] and (in_advance or at <= now):
            yield from (((at, at), *charged) for charged in _charged(fee, _seats(fee, at)))
        return
    since = max([contract.starts_at, *([instant(fee["from"])] if fee.get("from") else [])])
    ends = [contract.ends_at, instant(fee["to"]) if fee.get("to") else None]
    until = min((end for end in ends if end is not None), default=None)
    for full in _intervals(contract, since, MONTHS[fee["interval"]], period[1]):
        start, end = max(full[0], since), full[1] if until is None else min(full[1], until)
        if start >= end:
            return
        edge = start if in_advance else end - TICK
        if not period[0] <= edge < period[1] or (not in_advance and period[1] > now):
            continue
        many = _seat_time(fee, start, end) / _length(full) if _prorated(fee) else _seats(fee, edge)
        yield from (((start, end), *charged) for charged in _charged(fee, many))


def _charged(fee: Mapping[str, Any], quantity: Fraction) -> Iterator[tuple[Decimal, Decimal]]:
    if quantity:
        yield (
            rounded(quantity, 9, "half_even"),
            rounded(Fraction(fee["amount"]) * quantity, 24, "half_even"),
        )


def _intervals(contract: Contract, since: datetime, months: int, reach: datetime) -> Iterator[Period]:
    """Intervals of some full billing months, the first one holding `since`, as long as they start before `reach`."""
    start = month_around(since, contract.timezone, contract.anchor_day)[0]
    while start < reach:
        end = start
        for _ in range(months):
            end = month_around(end, contract.timezone, contract.anchor_day)[1]
        yield start, end
        start = end


def _seats(fee: Mapping[str, Any], at: datetime) -> Fraction:
    if fee.get("quantities"):
        before = [change for change in fee["quantities"] if instant(change["from"]) <= at]
        return Fraction(before[-1]["quantity"]) if before else Fraction(0)
    return Fraction(fee.get("quantity") or 1)


def _seat_time(fee: Mapping[str, Any], start: datetime, end: datetime) -> Fraction:
    changes = [instant(change["from"]) for change in fee.get("quantities") or ()]
    edges = sorted({start, end, *(at for at in changes if start < at < end)})
    return sum(
        (_seats(fee, edges[at]) * _length((edges[at], edges[at + 1])) for at in range(len(edges) - 1)),
        Fraction(0),
    )


def _length(period: Period) -> Fraction:
    return Fraction(milliseconds(period[1]) - milliseconds(period[0]))


def _prorated(term: Mapping[str, Any]) -> bool:
    return str(term.get("prorate")) in ("exact", "true")


def _instalments(contract: Contract, period: Period, money: Money, now: datetime) -> Iterator[Charge]:
    for commit in commits(contract, "prepaid"):
        cost = str(commit.get("paid") or commit.get("price"))
        schedule = commit.get("invoice_schedule")
        if schedule is None:
            schedule = [{"at": commit["effective_at"], "amount": cost}] if Decimal(cost) else []
        ordered = sorted(schedule, key=lambda one: instant(one["at"]))
        for number, one in enumerate(ordered, 1):
            at = instant(one["at"])
            if period[0] <= at < period[1] and at <= now:
                name = f"Commit {commit['commit_id']}"
                if len(ordered) > 1:
                    name += f", {number} of {len(ordered)}"
                yield Charge("commit", commit["commit_id"], name, money.round(Decimal(one["amount"])))


def commits(contract: Contract, kind: str) -> list[Mapping[str, Any]]:
    """The contract's commits of a kind."""
    return [commit for commit in contract.terms.get("commits") or () if commit["kind"] == kind]


def true_ups(
    contract: Contract, period: Period, spent: Mapping[datetime, Decimal], money: Money, now: datetime
) -> Iterator[Charge]:
    """What is missing to postpaid commits whose last billing period this is; `spent` by the start of a period."""
    for commit in commits(contract, "postpaid") if period[1] <= now else ():
        for start, end in _commit_spans(contract, commit.get("period") or "contract", period[1]):
            if period[0] < end <= period[1]:
                whole = sum((amount for at, amount in spent.items() if start <= at < end), ZERO)
                missing = money.round(max(Decimal(commit["amount"]) - whole, ZERO))
                if missing:
                    yield Charge("commit", commit["commit_id"], f"Commit {commit['commit_id']}", missing)


def _commit_spans(contract: Contract, kind: str, reach: datetime) -> Iterator[Period]:
    if kind == "contract":
        if contract.ends_at is None:
            raise ValueError("a commit for an open contract")
        yield contract.starts_at, contract.ends_at
        return
    for start, end in _intervals(contract, contract.starts_at, MONTHS[kind], reach):
        yield max(start, contract.starts_at), end if contract.ends_at is None else min(end, contract.ends_at)
