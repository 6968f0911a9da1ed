"""What a contracts file says, as frozen values: customers, contracts, grants (SEMANTICS §6, §7, §9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from ratecard_compiler.errors import Place
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
    top_up: TopUp | None = None
    overage: bool = True
    origin: Origin = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ContractsDocument:
    """All that one contracts file says. `file_name` is what errors call the file."""

    customers: tuple[Customer, ...]
    contracts: tuple[Contract, ...]
    file_name: str = field(default="contracts.yaml", compare=False)
