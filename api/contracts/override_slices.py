"""What a contract has instead of the card's prices and unit values, and from when: slices of its time, as rows, so that
no query decides it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from api.contracts.document import Contract, ContractOverride
from api.contracts.periods import month_boundaries
from api.instants import MILLISECOND
from ratecard_compiler.overrides import OverrideSet


@dataclass(frozen=True, slots=True)
class OverrideSlice:
    """What holds from an instant on, until the contract's next slice: overrides, and what custom units are worth.
    Neither: list prices."""

    start: datetime
    overrides: tuple[ContractOverride, ...]
    unit_values: tuple[tuple[str, Decimal], ...] = ()

    @property
    def set(self) -> OverrideSet | None:
        """The set of what holds; None where nothing does."""
        if not self.overrides and not self.unit_values:
            return None
        return OverrideSet(tuple(one.override for one in self.overrides), self.unit_values)

    @property
    def set_hash(self) -> str:
        """The set's hash; empty where nothing holds."""
        return self.set.hash if self.set is not None else ""


@dataclass(frozen=True, slots=True)
class _Rate:
    """The overage rate of a commit, in whole billing periods: a line has one value of its unit."""

    unit: str
    value: Decimal
    start: datetime
    end: datetime | None

    def holds_at(self, at: datetime) -> bool:
        return self.start <= at and (self.end is None or at < self.end)


def override_slices(contract: Contract) -> list[OverrideSlice]:
    """Return the slices of a contract in time order; none where it never has anything else than the card says."""
    found: list[OverrideSlice] = []
    before = ""
    rates = _overage_rates(contract)
    for start in sorted(set(_cuts(contract, rates))):
        overrides = tuple(item for item in contract.overrides if item.holds_at(start))
        # Of several rates the one of the commit that was effective first.
        values = {rate.unit: rate.value for rate in reversed(rates) if rate.holds_at(start)}
        one = OverrideSlice(start, overrides, tuple(sorted(values.items())))
        if one.set_hash != before:
            found.append(one)
        before = one.set_hash
    return found


def _cuts(contract: Contract, rates: list[_Rate]) -> Iterator[datetime]:
    """Instants of the contract at which an override or a rate starts or ends."""
    yield contract.starts_at
    ends = [at for one in contract.overrides for at in (one.starts_at, one.ends_at)]
    ends += [at for rate in rates for at in (rate.start, rate.end)]
    for at in ends:
        if at is not None and at > contract.starts_at and (contract.ends_at is None or at < contract.ends_at):
            yield at


def _overage_rates(contract: Contract) -> list[_Rate]:
    """Return the overage rates of the commits, the earliest first: from the start of the billing period in which the
    commit becomes effective to the end of the one in which it expires or is void."""
    found: list[_Rate] = []
    for commit in sorted(contract.charges.prepaid, key=lambda one: one.grant.effective_at):
        grant = commit.grant
        ends = [at for at in (grant.expires_at, grant.voided_at) if at is not None]
        if commit.overage_rate is None or (ends and min(ends) <= grant.effective_at):
            continue
        start, _ = _month_around(contract, grant.effective_at)
        end = _month_around(contract, min(ends) - MILLISECOND)[1] if ends else None
        found.append(_Rate(grant.unit, commit.overage_rate, start, end))
    return found


def _month_around(contract: Contract, at: datetime) -> tuple[datetime, datetime]:
    start, *_, end = month_boundaries(at, at + MILLISECOND, contract.timezone, contract.anchor_day)
    return start, end
