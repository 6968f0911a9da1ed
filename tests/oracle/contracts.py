"""Customers, contracts, and which rate card version rates a contract at an instant (SEMANTICS §1 and §6)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.credits import AHEAD, Grant, read_grants
from tests.oracle.exact import NotCovered
from tests.oracle.expressions import parse
from tests.oracle.instants import instant, month_around
from tests.oracle.overrides import Override, read_overrides
from tests.oracle.property_values import holds


@dataclass(frozen=True)
class Customer:
    """A customer, its attributes, and the other ids under which its events may come."""

    customer_id: str
    attributes: Mapping[str, str]
    aliases: tuple[str, ...]


@dataclass(frozen=True)
class Contract:
    """A contract in force at `starts_at <= time < ends_at` (None: no end). `grants` has prepaid commits, too; `terms`
    are its fees, discounts, minimum and commits as they are written."""

    contract_id: str
    customer_id: str
    rate_card: str
    starts_at: datetime
    ends_at: datetime | None
    timezone: str
    anchor_day: int
    grants: tuple[Grant, ...]
    overrides: tuple[Override, ...] = ()
    terms: Mapping[str, Any] = field(default_factory=dict, compare=False)
    top_up: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def holds_at(self, at: datetime) -> bool:
        """Whether the contract is in force at the instant."""
        return self.starts_at <= at and (self.ends_at is None or at < self.ends_at)

    def period_around(self, at: datetime) -> tuple[datetime, datetime]:
        """The billing period `[start, end)` that holds the instant, cut to the contract's own bounds."""
        start, end = month_around(at, self.timezone, self.anchor_day)
        return max(start, self.starts_at), end if self.ends_at is None else min(end, self.ends_at)

    def periods_until(self, now: datetime) -> list[tuple[datetime, datetime]]:
        """The billing periods that have begun, in time order."""
        found: list[tuple[datetime, datetime]] = []
        at = self.starts_at
        while at <= now and (self.ends_at is None or at < self.ends_at):
            found.append(self.period_around(at))
            at = found[-1][1]
        return found

    def overrides_at(self, at: datetime) -> tuple[Override, ...]:
        """The overrides in force at the instant, in their order."""
        return tuple(override for override in self.overrides if override.holds_at(at))

    def unit_value(self, unit: str, period: tuple[datetime, datetime]) -> Decimal | None:
        """What one of a custom unit is worth in the billing period by the overage rate of a commit that is effective in
        it, the earliest if there are several; None: no commit says it."""
        start, end = month_around(period[0], self.timezone, self.anchor_day)
        priced = [one for one in self.terms.get("commits") or () if one.get("overage_rate")]
        for commit in sorted(priced, key=_effective_at):
            if commit["unit"] != unit:
                continue
            since = instant(commit["effective_at"])
            until = [instant(commit[name]) for name in ("expires_at", "voided_at") if commit.get(name)]
            if since < end and all(since < at and start < at for at in until):
                return Decimal(commit["overage_rate"])
        return None

    def invoice_id(self, period_start: datetime) -> str:
        """The draft's id: the contract and the period's first day in the contract's time zone."""
        return f"{self.contract_id}:{period_start.astimezone(ZoneInfo(self.timezone)):%Y-%m-%d}"


def _effective_at(commit: Mapping[str, Any]) -> datetime:
    return instant(commit["effective_at"])


@dataclass(frozen=True)
class Activation:
    """A version that rates the contracts of its cohort from an instant on."""

    rate_card: str
    version: int
    starts_at: datetime
    cohort: Any


def read_customer(document: Mapping[str, Any]) -> Customer:
    """A customer of a contracts file."""
    attributes = {name: str(value) for name, value in (document.get("attributes") or {}).items()}
    return Customer(document["customer_id"], attributes, tuple(document.get("aliases") or ()))


def read_contract(document: Mapping[str, Any], now: datetime) -> Contract:
    """A contract of a contracts file. NotCovered: an interval other than the month."""
    billing = document.get("billing") or {}
    if billing.get("interval", "month") != "month":
        raise NotCovered(f"billing interval {billing['interval']!r}")
    starts_at = instant(document["starts_at"])
    ends_at = instant(document["ends_at"]) if document.get("ends_at") else None
    timezone = document.get("timezone") or "UTC"
    return Contract(
        contract_id=document["contract_id"],
        customer_id=document["customer_id"],
        rate_card=document["rate_card"],
        starts_at=starts_at,
        ends_at=ends_at,
        timezone=timezone,
        anchor_day=int(billing.get("anchor_day") or "1"),
        grants=tuple(
            given
            for grant, identifier in _grants(document)
            for given in read_grants(
                grant, identifier, timezone=timezone, until=max(now, starts_at) + AHEAD, contract_end=ends_at
            )
        ),
        overrides=read_overrides(document.get("overrides")),
        terms={name: document.get(name) for name in ("fees", "discounts", "minimum", "commits")},
        top_up=document.get("top_up") or {},
    )


def _grants(document: Mapping[str, Any]) -> Iterable[tuple[Mapping[str, Any], str]]:
    """The grants with the name of their id's field. A prepaid commit is a grant, whose id is the commit's."""
    yield from ((grant, "grant_id") for grant in document.get("grants") or ())
    for commit in document.get("commits") or ():
        if commit["kind"] == "prepaid":
            yield {**commit, "paid": commit.get("paid") or commit.get("price")}, "commit_id"


def read_activation(document: Mapping[str, Any]) -> Activation:
    """An `activate` step."""
    return Activation(
        document["rate_card"],
        int(document["version"]),
        instant(document["from"]),
        document.get("cohort", "all"),
    )


def in_cohort(cohort: Any, contract: Contract, customer: Customer) -> bool:
    """Whether the cohort holds the contract: all, customers, where, contracts_starting_from, percent."""
    if cohort == "all":
        return True
    [(kind, value)] = cohort.items()
    if kind == "customers":
        return contract.customer_id in value
    if kind == "where":
        return holds(parse(value), customer.attributes)
    if kind == "contracts_starting_from":
        return contract.starts_at >= instant(value)
    if kind == "percent":
        return share(contract.customer_id) < Fraction(value) / 100
    raise NotCovered(f"cohort {kind!r}")


def share(customer_id: str) -> Fraction:
    """Where a customer stands from 0 to below 1, for ever: the first 16 hexadecimal digits of its id's SHA-256."""
    return Fraction(int(sha256(customer_id.encode()).hexdigest()[:16], 16), 16**16)


@dataclass(frozen=True)
class Stay:
    """A version in force without a break from `starts_at` until the next stay."""

    starts_at: datetime
    version: int


def stays(activations: Sequence[Activation], contract: Contract, customer: Customer) -> list[Stay]:
    """The versions that rate the contract, in time order. The latest `from` wins, for equal ones the later
    activation; the same version twice in a row is one stay."""
    latest: dict[datetime, int] = {}
    for activation in activations:
        if activation.rate_card == contract.rate_card and in_cohort(activation.cohort, contract, customer):
            latest[activation.starts_at] = activation.version
    found: list[Stay] = []
    for starts_at in sorted(latest):
        if not found or found[-1].version != latest[starts_at]:
            found.append(Stay(starts_at, latest[starts_at]))
    return found


def stay_at(found: Iterable[Stay], at: datetime) -> Stay | None:
    """The stay in force at the instant, or None before the first."""
    return max(
        (stay for stay in found if stay.starts_at <= at), key=lambda stay: stay.starts_at, default=None
    )


def in_force(
    found: Sequence[Stay], period: tuple[datetime, datetime]
) -> list[tuple[datetime, datetime, int]]:
    """The stays of a period `[start, end)`, cut to it: from, until, version."""
    start, end = period
    ends = [*(stay.starts_at for stay in found[1:]), end]
    return [
        (max(stay.starts_at, start), min(until, end), stay.version)
        for stay, until in zip(found, ends, strict=True)
        if stay.starts_at < end and until > start
    ]


def came_into_force(found: Sequence[Stay], version: int, period: tuple[datetime, datetime]) -> datetime:
    """When the version first came into force in the period `[start, end)`, not before its start.

    A version that comes back has one place in the period, that of its first stay (ARCHITECTURE §5).
    """
    return min(since for since, _, stayed in in_force(found, period) if stayed == version)


@dataclass(frozen=True)
class Prices:
    """The prices of a version under the overrides of a contract, and from when to when they are in force in a period
    without a break."""

    version: int
    overrides: tuple[Override, ...]
    since: datetime
    until: datetime

    @property
    def says(self) -> tuple[Any, ...]:
        """Whose prices they are: version and what the overrides say."""
        return (self.version, tuple(override.says for override in self.overrides))


def prices_in_force(
    found: Sequence[Stay], contract: Contract, period: tuple[datetime, datetime]
) -> list[Prices]:
    """The prices of a period `[start, end)` in time order."""
    prices: list[Prices] = []
    bounds = [
        at
        for override in contract.overrides
        for at in (override.starts_at, override.ends_at)
        if at is not None
    ]
    for since, until, version in in_force(found, period):
        cuts = [since, *sorted({at for at in bounds if since < at < until}), until]
        for start, end in pairwise(cuts):
            prices.append(Prices(version, contract.overrides_at(start), start, end))
    return prices


def first_in_force(prices: Iterable[Prices], says: tuple[Any, ...]) -> datetime:
    """When the prices first came into force in their period: their place, also when they come back."""
    return min(one.since for one in prices if one.says == says)
