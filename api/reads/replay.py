"""Replay: what usage of the past would have cost under one version, computed by what invoices are made of.

Prices move stored quantities: a product whose usage was metered as the version meters it is priced from the sums, and
only its events without a price are rated again. Where filter, quantity or dimensions are others, all events are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from api.cohorts import EVERYONE, Cohort
from api.instants import milliseconds
from api.store import Store
from migrations import rating_for
from migrations.features import Features, needed_features
from ratecard_compiler.cohorts import cohort_condition
from ratecard_compiler.rating import Shape, ShapeRule
from sql import load, render

FROM_SUMS = "sums"
FROM_EVENTS = "events"
REMOVED = "removed"
NOT_REPLAYED = "not_replayed"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose usage of when: of contracts of a card that a cohort holds, a month, or (without one) each contract's last
    complete billing period before `now`."""

    rate_card: str
    now: datetime
    cohort: Cohort = EVERYONE
    month: tuple[datetime, datetime] | None = None

    @property
    def names(self) -> dict[str, Any]:
        """What templates ask for."""
        condition = None if self.cohort == EVERYONE else cohort_condition(self.cohort.text)
        return {"condition": condition, "month": self.month is not None}

    @property
    def parameters(self) -> dict[str, Any]:
        """What statements ask for."""
        start, end = self.month or (self.now, self.now)
        return {
            "rate_card": self.rate_card,
            "cohort": self.cohort.text,
            "now": milliseconds(self.now),
            "month_start": milliseconds(start),
            "month_end": milliseconds(end),
        }


@dataclass(frozen=True, slots=True)
class Metering:
    """The products of a version: each one's number and how it is metered, whatever it costs and shows."""

    version_id: int
    shape_id: int
    products: Mapping[str, tuple[int, ShapeRule]]

    def same(self, product: str, other: "Metering") -> bool:
        """Tell whether both meter a product in the same way."""
        mine, its = self.products.get(product), other.products.get(product)
        return mine is not None and its is not None and mine[1] == its[1]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a product's usage cost, exact and in the card's currency; `customer_id` is empty for all together."""

    product: str
    customer_id: str
    quantity: Decimal
    events: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Replay:
    """What usage cost as it is billed (`before`) and under the version; `ways` says of each product how it was priced:
    from sums, from events, or not at all: because the version does not have it any more, or because it depends on more
    than sums of usage (single events in their order, totals that do not add up, what is due without usage)."""

    periods: int
    before: tuple[Cost, ...]
    after: tuple[Cost, ...]
    ways: Mapping[str, str]


def meterings(store: Store, rate_card: str, version_id: int) -> dict[int, Metering]:
    """Return how a version, and every one of the card that was ever activated, meters its products."""
    shapes = store.shapes()
    found: dict[int, Metering] = {}
    for row in store.database.rows(
        load("queries/activated_products.sql"), rate_card=rate_card, version_id=version_id
    ):
        number, shape_id = row["product_number"], row["shape_id"]
        [rule] = [one for one in shapes[shape_id].rules if one.number == number]
        products = {row["product"]: (number, replace(rule, number=0, show_sql=(), fallback=False))}
        known = found.get(row["version_id"])
        if known is not None:
            products = {**known.products, **products}
        found[row["version_id"]] = Metering(row["version_id"], shape_id, products)
    return found


def replay(store: Store, scope: Scope, version_id: int, *, by_customer: bool = False) -> Replay:
    """Price usage under a published version; it need not be active. Nothing is written."""
    sources = _sources(store, scope)
    if not sources["periods"]:
        return Replay(0, (), (), {})
    known = meterings(store, scope.rate_card, version_id)
    rows = store.database.rows(load("queries/products_not_of_sums.sql"), rate_card=scope.rate_card)
    sources["not_replayed"] = [row["product"] for row in rows]
    before = _billed(store, scope, by_customer, sources)
    ways = _ways(known, version_id, sources["version_ids"])
    ways |= dict.fromkeys(sources["not_replayed"], NOT_REPLAYED)
    after = _under(store, scope, by_customer, known[version_id], ways, sources)
    ways |= {one.product: REMOVED for one in before if one.product not in ways}
    return Replay(sources["periods"], before, after, ways)


def _sources(store: Store, scope: Scope) -> dict[str, Any]:
    statement = render("queries/reads/replay_sources.sql.j2", database=store.database.name, **scope.names)
    [row] = store.database.rows(statement, **scope.parameters)
    return row


def _ways(known: Mapping[int, Metering], version_id: int, in_force: Sequence[int]) -> dict[str, str]:
    """Of each product of the version, whether every version in force metered it as this one does."""
    version = known[version_id]
    return {
        product: FROM_SUMS if all(version.same(product, known[one]) for one in in_force) else FROM_EVENTS
        for product in version.products
    }


def _billed(store: Store, scope: Scope, by_customer: bool, sources: Mapping[str, Any]) -> tuple[Cost, ...]:
    """What usage cost as it is in the ledger."""
    names = {"as_version": False, "moved": False, "rating": "", "rating_without_price": ""}
    return _costs(store, scope, by_customer, names, {"not_replayed": sources["not_replayed"]})


def _under(
    store: Store,
    scope: Scope,
    by_customer: bool,
    version: Metering,
    ways: Mapping[str, str],
    sources: Mapping[str, Any],
) -> tuple[Cost, ...]:
    """What usage costs under a version: sums moved to its prices, and events rated by it."""
    moved = {one: version.products[one][0] for one, way in ways.items() if way == FROM_SUMS}
    others = {version.products[one][0] for one, way in ways.items() if way == FROM_EVENTS}
    events = render("queries/current_events.sql.j2", settling=False)
    rating = _rating(store, version, others, events) if others else ""
    without_price = ""
    if moved and sources["unpriced"]:
        unpriced = render(
            "queries/reads/unpriced_events.sql.j2", database=store.database.name, events=events, **scope.names
        )
        without_price = _rating(store, version, set(moved.values()), unpriced)
    parameters: dict[str, Any] = {
        "version_id": version.version_id,
        "moved": list(moved),
        "numbers": list(moved.values()),
        "range_start": sources["range_start"],
        "range_end": sources["range_end"],
        "not_replayed": sources["not_replayed"],
    }
    names = {
        "as_version": True,
        "moved": bool(moved),
        "rating": rating,
        "rating_without_price": without_price,
    }
    return _costs(store, scope, by_customer, names, parameters)


def _costs(
    store: Store, scope: Scope, by_customer: bool, names: Mapping[str, Any], parameters: Mapping[str, Any]
) -> tuple[Cost, ...]:
    statement = render(
        "queries/reads/replayed_amounts.sql.j2",
        database=store.database.name,
        features=_features(store),
        **scope.names,
        **names,
    )
    rows = store.database.rows(statement, by_customer=by_customer, **scope.parameters, **parameters)
    return tuple(Cost(**row) for row in rows)


def _features(store: Store) -> Features:
    """What the prices need that a replay computes: no more than sums and positions in them."""
    needed = needed_features(store.database)
    return Features(positional=needed.positional, limited=needed.limited)


def _rating(store: Store, version: Metering, numbers: set[int], events: str) -> str:
    """Return the rating expression over events, for some products of a version."""
    shape = store.shapes()[version.shape_id]
    rules = Shape(tuple(rule for rule in shape.rules if rule.number in numbers))
    return rating_for(
        store.database,
        {version.shape_id: rules},
        source=f"({events})",
        as_version=(version.version_id, version.shape_id),
    )
