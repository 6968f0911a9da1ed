"""What customers may use now, kept in memory: answers to "may it be used?" come from here, not from a drawdown each.

A customer's standing is read when somebody first asks, and again on a thread of its own after each commit of its usage.
An answer is never older than MOST_STALE behind what was acknowledged: when the thread does not keep up, whoever asks
reads.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from api.followers import Follower

MOST_STALE = 1
"""Seconds that an answer may be behind usage that was acknowledged."""
MOST_KEPT = 10_000
# What no commit of this process shows (events inserted by SQL, a reconcile) is seen after so many seconds.
OLDEST = 60

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class EntitledProduct:
    """A product of the version in force: the unit that it is priced in, and its tags."""

    unit: str
    tags: frozenset[str]


@dataclass(frozen=True, slots=True)
class LiveGrant:
    """What is left of a grant, and which products and tags it may pay (neither: any)."""

    unit: str
    remaining: Decimal
    products: frozenset[str]
    tags: frozenset[str]

    def pays(self, name: str, product: EntitledProduct) -> bool:
        """Whether the grant may pay for the product."""
        anything = not self.products and not self.tags
        return self.unit == product.unit and (
            anything or name in self.products or bool(self.tags & product.tags)
        )


@dataclass(frozen=True, slots=True)
class LiveHold:
    """Units that are reserved until the hold expires."""

    unit: str
    units: Decimal
    expires_at: datetime


Holds = Mapping[str, LiveHold]


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer's contract, products, grants and holds, as of `read_at`; `names` are the ids of its events.

    At `valid_until` something begins or ends by itself. `contract_id` is None where no contract is in force,
    `rate_card_version` where no version is.
    """

    customer_id: str
    names: tuple[str, ...]
    contract_id: str | None
    rate_card_version: int | None
    overage: bool
    products: Mapping[str, EntitledProduct]
    grants: tuple[LiveGrant, ...]
    holds: Holds
    read_at: datetime
    valid_until: datetime

    def remaining(self, name: str) -> Decimal:
        """What is left that may pay for the product."""
        product = self.products[name]
        return sum((one.remaining for one in self.grants if one.pays(name, product)), NOTHING)

    def held(self, unit: str, now: datetime) -> Decimal:
        """What is reserved in a unit, for whatever product."""
        live = (one for one in self.holds.values() if one.unit == unit and one.expires_at > now)
        return sum((one.units for one in live), NOTHING)


@dataclass(slots=True)
class _Kept:
    standing: Standing
    read_at: float
    changes: int = 0
    # Since when (monotonic) usage was acknowledged that it does not have; None = it has all.
    outdated_since: float | None = None


Read = Callable[[str], Standing | None]


class Standings:
    """The standings in memory: at most MOST_KEPT, those asked for last. Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._names: dict[str, str] = {}
        # Who is read now because somebody waits for it.
        self._reading: dict[str, threading.Lock] = {}
        self._commits = 0
        self._terms = 0
        self._follower = Follower("standings")
        self._read: Read = lambda _: None

    def start(self, read: Read) -> None:
        """Begin to keep up what `read` reads; it returns None where there is no such customer."""
        self._read = read
        self._follower.start(self.refresh)

    def stop(self) -> None:
        """End the thread."""
        self._follower.stop()

    def settle(self) -> None:
        """Wait until all that is in memory is kept up."""
        self._follower.settle()

    def at_hand(self, name: str, now: datetime) -> tuple[Standing, datetime] | None:
        """Return a standing that need not be read, and as of when it is; None where it must be. Never waits for the
        engine."""
        moment = time.monotonic()
        with self._lock:
            kept = self._kept.get(self._names.get(name, ""))
            if kept is None or now >= kept.standing.valid_until:
                return None
            since = kept.outdated_since
            if since is not None and moment - since > MOST_STALE:
                return None
            self._kept.move_to_end(kept.standing.customer_id)
            standing = kept.standing
            too_old = moment - kept.read_at > OLDEST
        if too_old:
            self._follower.note([standing.customer_id])
        return standing, now if since is None else standing.read_at

    def get(self, name: str, now: datetime) -> tuple[Standing, datetime] | None:
        """Return a customer's standing and as of when it is, read if it must be; None where there is none."""
        with self._lock:
            one_at_a_time = self._reading.setdefault(name, threading.Lock())
        # Whoever else asks meanwhile has the answer of the first: a crowd runs one drawdown, not one each.
        with one_at_a_time:
            found = self.at_hand(name, now) or self.exact(name)
        with self._lock:
            self._reading.pop(name, None)
        return found

    def exact(self, name: str) -> tuple[Standing, datetime] | None:
        """Return a customer's standing as it is now."""
        standing = self.refresh(name)
        return None if standing is None else (standing, standing.read_at)

    def refresh(self, name: str) -> Standing | None:
        """Read a standing and keep it."""
        moment = time.monotonic()
        with self._lock:
            before = self._kept.get(self._names.get(name, ""))
            changes, commits, terms = before.changes if before else 0, self._commits, self._terms
        standing = self._read(name)
        if standing is None:
            return None
        with self._lock:
            kept = self._kept.get(standing.customer_id)
            whole = terms == self._terms
            if kept is not None and kept is before:
                whole = whole and kept.changes == changes
            else:
                # Nobody noted this customer's usage while it was read for the first time.
                whole = whole and commits == self._commits
                kept = self._kept[standing.customer_id] = _Kept(standing, moment)
            kept.standing, kept.read_at = standing, moment
            kept.outdated_since = None if whole else moment
            self._names.update(dict.fromkeys(standing.names, standing.customer_id))
            self._forget_oldest()
        if not whole:
            self._follower.note([standing.customer_id])
        return standing

    def committed(self, event_customers: Iterable[str]) -> None:
        """Say that usage was acknowledged, by the customer ids of the events."""
        moment = time.monotonic()
        concerned = []
        with self._lock:
            self._commits += 1
            for name in event_customers:
                kept = self._kept.get(self._names.get(name, ""))
                if kept is not None:
                    kept.changes += 1
                    kept.outdated_since = kept.outdated_since or moment
                    concerned.append(kept.standing.customer_id)
        if concerned:
            self._follower.note(concerned)

    def hold(self, customer_id: str, holds: Holds) -> None:
        """Say what a customer's live holds are now."""
        with self._lock:
            kept = self._kept.get(customer_id)
            if kept is not None:
                # What is being read meanwhile may not have it.
                kept.changes += 1
                kept.standing = replace(kept.standing, holds=holds)

    def forget_one(self, customer_id: str) -> None:
        """Read a customer anew when asked: its grants have changed."""
        with self._lock:
            self._terms += 1
            self._kept.pop(customer_id, None)

    def forget(self) -> None:
        """Read everyone anew when asked: terms, prices or grants have changed."""
        with self._lock:
            self._terms += 1
            self._kept.clear()
            self._names.clear()

    def _forget_oldest(self) -> None:
        while len(self._kept) > MOST_KEPT:
            _, oldest = self._kept.popitem(last=False)
            for name in oldest.standing.names:
                self._names.pop(name, None)
