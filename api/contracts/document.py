"""What a contracts file says, as frozen values: customers, contracts and their terms (SEMANTICS §6, §7, §9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from ratecard_compiler.errors import Place
from ratecard_compiler.overrides import Override
from ratecard_compiler.source import START


class Origin(NamedTuple):
    """Where something is written: its place in the file and its path, such as `contracts[2]`."""

    place: Place
    path: str


NOWHERE = Origin(START, "")


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer; events may come under its id or under any of its aliases. Attributes are for cohorts."""

    customer_id: str
    name: str
    attributes: Mapping[str, str]
    aliases: tuple[str, ...]
    origin: Origin = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A grant is given anew every `interval` (day, week, month, quarter, year), `count` times or while it starts before
    `until`; with neither as long as the contract lasts."""

    interval: str
    count: int | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rollover:
    """Of what is left at the expiry the `fraction`, at most `max` units, is granted again for `months`."""

    fraction: Decimal
    max: Decimal | None
    months: int


@dataclass(frozen=True, slots=True)
class Grant:
    """A credit grant, usable at `effective_at <= time < expires_at` (None: for ever).

    `amount` is in `unit` (a currency or a custom unit) and above zero; `paid` is what it cost, in the
    contract's currency. It pays for the named products and for those with one of the tags; with neither, for
    any. `voided_at` ends it early.
    """

    grant_id: str
    unit: str
    amount: Decimal
    paid: Decimal
    priority: int
    effective_at: datetime
    expires_at: datetime | None
    voided_at: datetime | None
    products: tuple[str, ...]
    tags: tuple[str, ...]
    source: str
    recurrence: Recurrence | None = None
    rollover: Rollover | None = None
    origin: Origin = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ContractOverride:
    """An override of the contract, in force at `starts_at <= time < ends_at` (None: as long as the contract is)."""

    override: Override
    starts_at: datetime | None
    ends_at: datetime | None
    origin: Origin = field(default=NOWHERE, compare=False, repr=False)

    def holds_at(self, at: datetime) -> bool:
        """Whether the override is in force at an instant of the contract."""
        return (self.starts_at is None or self.starts_at <= at) and (
            self.ends_at is None or at < self.ends_at
        )


ALWAYS = datetime.min.replace(tzinfo=UTC)
"""From when a quantity counts that does not change."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """How many there are from an instant on, such as seats."""

    starts_at: datetime
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Fee:
    """A fee of `amount` for one and an interval, in the card's currency (SEMANTICS §6).

    `interval` is `once` (at the instant `at`), `month`, `quarter` or `year`. In advance it is due when the interval
    starts, else when it has ended; `prorated`: by the exact time covered, else in full. It lasts from `starts_at` to
    `ends_at`, None: as long as the contract. `quantities` are in order of time; none: there is one all the time.
    """

    fee_id: str
    name: str
    amount: Decimal
    interval: str
    in_advance: bool
    prorated: bool
    starts_at: datetime | None
    ends_at: datetime | None
    at: datetime | None
    quantities: tuple[Quantity, ...]
    origin: Origin = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Discount:
    """What is taken off the usage lines of the named products and of those with one of the tags; with neither, of
    all: either `percent` (above 0, at most 100) or `amount` in the card's currency, the other is None. It counts in
    the billing periods that start at `starts_at <= start < ends_at` (None: no bound)."""

    name: str
    percent: Decimal | None
    amount: Decimal | None
    products: tuple[str, ...]
    tags: tuple[str, ...]
    starts_at: datetime | None
    ends_at: datetime | None
    origin: Origin = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TopUp:
    """Credits are topped up when what is left of the `unit` falls under the `threshold`: by `amount`, or up `to`.

    `paid` is what `amount`, or all of `to`, costs in the contract's currency. At most `max_per_day` times a day of the
    contract's time zone, not sooner than `cool_off` after the last. What is added lasts `expires_after` (None: for
    ever) and is effective at once; with the payment `external` once that is confirmed.
    """

    unit: str
    threshold: Decimal
    amount: Decimal | None
    to: Decimal | None
    paid: Decimal
    max_per_day: int
    cool_off: timedelta
    priority: int
    expires_after: timedelta | None
    products: tuple[str, ...]
    tags: tuple[str, ...]
    payment: str
    origin: Origin = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Minimum:
    """What each billing period comes to at least, in the card's currency: usage less discounts, and with
    `counts_fees` the fees. `prorated`: by the time that a period cut short covers."""

    amount: Decimal
    prorated: bool
    counts_fees: bool
    origin: Origin = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Instalment:
    """A part of what a commit costs, invoiced in the billing period that holds `at`."""

    at: datetime
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PrepaidCommit:
    """Credits bought in advance (SEMANTICS §7): a grant, invoiced in instalments that add up to what it costs.

    `overage_rate` is what one of its custom unit is worth in the contract's currency in the billing periods in which
    the commit is effective, so also what usage beyond it costs; None: what the rate card says.
    """

    grant: Grant
    instalments: tuple[Instalment, ...]
    overage_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PostpaidCommit:
    """A promise to spend at least `amount` in each `period` (`contract`, `year` or `month`), in the card's currency;
    what is not spent is due at the end."""

    commit_id: str
    amount: Decimal
    period: str
    origin: Origin = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Charges:
    """What a contract adds to its usage on invoices, and takes off it, each in the order of the file."""

    fees: tuple[Fee, ...] = ()
    discounts: tuple[Discount, ...] = ()
    minimum: Minimum | None = None
    prepaid: tuple[PrepaidCommit, ...] = ()
    postpaid: tuple[PostpaidCommit, ...] = ()


NO_CHARGES = Charges()


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract, in force at `starts_at <= time < ends_at` (None: open), in UTC to the millisecond.

    `uniqueness_key` is what the contract is called where it comes from; no two contracts have one key.
    `interval` is `month`. `grace` is the time after a period's end before its invoice may become final.
    `overage` is whether products may be used without credits. `document` is the contract as canonical JSON: read again,
    it gives an equal contract.
    """

    contract_id: str
    customer_id: str
    rate_card: str
    starts_at: datetime
    ends_at: datetime | None
    timezone: str
    interval: str
    anchor_day: int
    grace: timedelta
    grants: tuple[Grant, ...]
    document: str
    uniqueness_key: str | None = None
    overrides: tuple[ContractOverride, ...] = ()
    charges: Charges = NO_CHARGES
    top_up: TopUp | None = None
    overage: bool = True
    origin: Origin = field(default=NOWHERE, compare=False, repr=False)

    @property
    def all_grants(self) -> tuple[Grant, ...]:
        """The grants, and those that prepaid commits give."""
        return (*self.grants, *(commit.grant for commit in self.charges.prepaid))


@dataclass(frozen=True, slots=True)
class ContractsDocument:
    """All that one contracts file says. `file_name` is what errors call the file."""

    customers: tuple[Customer, ...]
    contracts: tuple[Contract, ...]
    file_name: str = field(default="contracts.yaml", compare=False)
