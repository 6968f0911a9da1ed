"""What each billing period is charged by its contract, and let off: rows, so that no query computes a calendar boundary
or a share of an interval (SEMANTICS §6, §7)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from api.contracts.document import Contract, Fee, PostpaidCommit
from api.contracts.periods import BillingPeriod, month_boundaries
from api.instants import MILLISECOND

AMOUNT_DECIMALS = 24
SHOWN_DECIMALS = 9

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_LONGEST_INTERVAL = timedelta(days=366 + 31)


@dataclass(frozen=True, slots=True)
class Charge:
    """One term of a contract in one billing period.

    `kind`: `fee`; `discount`, in the order in which discounts are taken; `minimum`; `commit`, an instalment; or
    `true_up`, what a postpaid commit comes to at least from `service_start` to `service_end`. `place` counts from 1
    within the period and kind. It shows on the invoice from `due_at` on. `exact_amount` is in the card's currency, with
    24 decimals; `percent` is of a discount that has no amount.
    """

    period: BillingPeriod
    kind: str
    charge_id: str
    name: str
    due_at: datetime
    service_start: datetime
    service_end: datetime
    quantity: Decimal = Decimal(1)
    exact_amount: Decimal = Decimal(0)
    percent: Decimal = Decimal(0)
    products: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    counts_fees: bool = False
    place: int = 0


def charges_of(contract: Contract, periods: Sequence[BillingPeriod]) -> list[Charge]:
    """Return the charges of a contract in its billing periods, which are in time order and without a gap. What would be
    in a later period is not there yet."""
    found = [
        *_fees(contract, periods),
        *_discounts(contract, periods),
        *_minimums(contract, periods),
        *_instalments(contract, periods),
        *_true_ups(contract, periods),
    ]
    counts: dict[tuple[datetime, str], int] = {}
    placed = []
    for charge in found:
        key = (charge.period.start, charge.kind)
        counts[key] = counts.get(key, 0) + 1
        placed.append(replace(charge, place=counts[key]))
    return placed


def _fees(contract: Contract, periods: Sequence[BillingPeriod]) -> Iterator[Charge]:
    for fee in contract.charges.fees:
        if fee.interval != "once":
            yield from _recurring(contract, fee, periods)
        elif fee.at is not None and (period := _period_at(periods, fee.at)) is not None:
            quantity = _quantity_at(fee, fee.at)
            due_at = period.start if fee.in_advance else fee.at
            charge = Charge(period, "fee", fee.fee_id, fee.name, due_at, fee.at, fee.at)
            yield from _charged(charge, fee, quantity)


def _recurring(contract: Contract, fee: Fee, periods: Sequence[BillingPeriod]) -> Iterator[Charge]:
    """A fee of each interval that the fee and the contract last in."""
    lasts = (
        max(contract.starts_at, fee.starts_at or contract.starts_at),
        _sooner(contract.ends_at, fee.ends_at),
    )
    for full_start, full_end in _intervals(contract, lasts[0], _MONTHS[fee.interval], periods):
        start, end = max(full_start, lasts[0]), _sooner(full_end, lasts[1])
        if end is None or start >= end:
            return
        # In arrears it belongs to the period in which the interval ends.
        period = _period_at(periods, start if fee.in_advance else end - MILLISECOND)
        if period is None:
            continue
        if fee.prorated:
            quantity = _integral(fee, start, end) / _length(full_start, full_end)
        else:
            quantity = _quantity_at(fee, start if fee.in_advance else end - MILLISECOND)
        due_at = period.start if fee.in_advance else period.end
        yield from _charged(Charge(period, "fee", fee.fee_id, fee.name, due_at, start, end), fee, quantity)


def _charged(charge: Charge, fee: Fee, quantity: Fraction) -> Iterator[Charge]:
    """The charge for a quantity; for none there is nothing to charge."""
    if quantity:
        exact_amount = _rounded(Fraction(fee.amount) * quantity, AMOUNT_DECIMALS)
        yield replace(charge, quantity=_rounded(quantity, SHOWN_DECIMALS), exact_amount=exact_amount)


def _discounts(contract: Contract, periods: Sequence[BillingPeriod]) -> Iterator[Charge]:
    """Amounts first, then percentages, each in the order of the contract."""
    numbered = list(enumerate(contract.charges.discounts, 1))
    for number, discount in sorted(numbered, key=lambda one: one[1].amount is None):
        for period in periods:
            begins_after = discount.starts_at is not None and period.start < discount.starts_at
            if begins_after or (discount.ends_at is not None and period.start >= discount.ends_at):
                continue
            yield Charge(
                period,
                "discount",
                str(number),
                discount.name,
                period.start,
                *period,
                exact_amount=discount.amount or Decimal(0),
                percent=discount.percent or Decimal(0),
                products=discount.products,
                tags=discount.tags,
            )


def _minimums(contract: Contract, periods: Sequence[BillingPeriod]) -> Iterator[Charge]:
    minimum = contract.charges.minimum
    if minimum is None or not periods:
        return
    boundaries = month_boundaries(periods[0].start, periods[-1].end, contract.timezone, contract.anchor_day)
    for period in periods:
        share = Fraction(1)
        if minimum.prorated:
            place = bisect_right(boundaries, period.start)
            share = _length(*period) / _length(boundaries[place - 1], boundaries[place])
        exact_amount = _rounded(Fraction(minimum.amount) * share, AMOUNT_DECIMALS)
        yield Charge(
            period,
            "minimum",
            "minimum",
            "Minimum",
            period.start,
            *period,
            exact_amount=exact_amount,
            counts_fees=minimum.counts_fees,
        )


def _instalments(contract: Contract, periods: Sequence[BillingPeriod]) -> Iterator[Charge]:
    for commit in contract.charges.prepaid:
        commit_id, count = commit.grant.grant_id, len(commit.instalments)
        for number, instalment in enumerate(sorted(commit.instalments, key=lambda one: one.at), 1):
            period = _period_at(periods, instalment.at)
            if period is not None:
                name = f"Commit {commit_id}" + (f", {number} of {count}" if count > 1 else "")
                at = instalment.at
                yield Charge(period, "commit", commit_id, name, at, at, at, exact_amount=instalment.amount)


def _true_ups(contract: Contract, periods: Sequence[BillingPeriod]) -> Iterator[Charge]:
    for commit in contract.charges.postpaid:
        for start, end in _commit_periods(contract, commit, periods):
            period = _period_at(periods, end - MILLISECOND)
            if period is not None:
                name = f"Commit {commit.commit_id}"
                yield Charge(
                    period,
                    "true_up",
                    commit.commit_id,
                    name,
                    period.end,
                    start,
                    end,
                    exact_amount=commit.amount,
                )


def _commit_periods(
    contract: Contract, commit: PostpaidCommit, periods: Sequence[BillingPeriod]
) -> Iterator[tuple[datetime, datetime]]:
    if commit.period == "contract":
        if contract.ends_at is not None:
            yield contract.starts_at, contract.ends_at
        return
    for full_start, full_end in _intervals(contract, contract.starts_at, _MONTHS[commit.period], periods):
        start, end = max(full_start, contract.starts_at), _sooner(full_end, contract.ends_at)
        if end is None or start >= end:
            return
        yield start, end


def _intervals(
    contract: Contract, start: datetime, months: int, periods: Sequence[BillingPeriod]
) -> Iterator[tuple[datetime, datetime]]:
    """Full intervals of some billing months each, one after the other; the first holds `start`."""
    until = max(start, periods[-1].end) + _LONGEST_INTERVAL
    boundaries = month_boundaries(start, until, contract.timezone, contract.anchor_day)[::months]
    yield from pairwise(boundaries)


def _period_at(periods: Sequence[BillingPeriod], at: datetime) -> BillingPeriod | None:
    """The billing period that holds an instant."""
    place = bisect_right(periods, at, key=lambda period: period.start)
    return periods[place - 1] if place and at < periods[place - 1].end else None


def _quantity_at(fee: Fee, at: datetime) -> Fraction:
    if not fee.quantities:
        return Fraction(1)
    return next(
        (Fraction(one.quantity) for one in reversed(fee.quantities) if one.starts_at <= at), Fraction(0)
    )


def _integral(fee: Fee, start: datetime, end: datetime) -> Fraction:
    """The quantity over time, in units × milliseconds."""
    changes = [start, *(one.starts_at for one in fee.quantities if start < one.starts_at < end), end]
    parts = pairwise(changes)
    return sum((_quantity_at(fee, since) * _length(since, until) for since, until in parts), Fraction(0))


def _length(start: datetime, end: datetime) -> Fraction:
    return Fraction((end - start) // MILLISECOND)


def _sooner(end: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (end, other) if at is not None), default=None)


def _rounded(value: Fraction, decimals: int) -> Decimal:
    """Round once, half to even (SEMANTICS §2)."""
    # A whole number of any length becomes a decimal as it is; its sign and digits are all that is needed.
    digits = tuple(int(digit) for digit in str(abs(round(value * 10**decimals))))
    return Decimal((int(value < 0), digits, -decimals))
