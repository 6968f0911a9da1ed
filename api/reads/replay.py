"""Replay: what usage of the past would have cost under one version, had it been in force in all of the billing periods
that are asked about, under the overrides that hold for each contract; computed by what invoices are made of.

Prices move stored quantities: a product whose usage was metered as the version meters it is priced from the sums, or
where single events decide from their entries in the ledger, and only its events without a price are rated again. Where
filter, quantity or dimensions are others, all events are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from api.cohorts import EVERYONE, Cohort
from api.instants import milliseconds
from api.reads.meterings import Metering, meterings
from api.store import Store
from migrations import rating_for
from migrations.features import Features, needed_features
from ratecard_compiler.cohorts import cohort_condition
from ratecard_compiler.rating import Shape
from ratecard_compiler.settlement import ADDITIVE_AGGREGATIONS
from sql import load, render

FROM_SUMS = "sums"
FROM_EVENTS = "events"
REMOVED = "removed"

# How an amount follows from usage: from its sums; from single events of meters that add up, of the others, or of levels
# that are held into later periods.
KINDS = ("sums", "single", "totals", "levels")

# An event's quantity is below 10^15 and its amount below 10^14 (SEMANTICS §2): a unit that costs no more than this
# never brings it out of range.
_ALWAYS_IN_RANGE = Decimal("0.1")


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
class Cost:
    """What a product's usage cost, exact and in the card's currency; `customer_id` is empty for all together."""

    product: str
    customer_id: str
    quantity: Decimal
    events: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Replay:
    """What usage cost as it is billed (`before`) and under the version, what is due without usage included; `ways` says
    of each product how it was priced: from sums, from events, or that the version does not have it any more."""

    periods: int
    before: tuple[Cost, ...]
    after: tuple[Cost, ...]
    ways: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a version's products are priced: which kinds each is of, which are moved from what is stored (the others are
    rated again), and what the card's prices need."""

    version: Metering
    kinds: Mapping[str, frozenset[str]]
    moved: frozenset[str]
    features: Features

    def way(self, product: str) -> str:
        """What a product is priced from."""
        return FROM_SUMS if product in self.moved and self.kinds[product] == {"sums"} else FROM_EVENTS

    def names(self, kind: str, *, moved: bool) -> list[str]:
        """The products of a kind that are moved, or those that are not."""
        return [one for one, kinds in self.kinds.items() if kind in kinds and (one in self.moved) == moved]

    def number(self, product: str) -> int:
        """A product's number in the version."""
        return self.version.products[product].number


def replay(store: Store, scope: Scope, version_id: int, *, by_customer: bool = False) -> Replay:
    """Price usage under a published version; it need not be active. Nothing is written."""
    sources = _sources(store, scope)
    if not sources["periods"]:
        return Replay(0, (), (), {})
    versions = load("queries/card_versions_of.sql")
    in_force = [
        row["card_version_id"] for row in store.database.rows(versions, version_ids=sources["version_ids"])
    ]
    plan = _plan(store, scope, version_id, in_force)
    before = _costs(store, scope, by_customer, plan, {"under_version": False}, {})
    after = _under(store, scope, by_customer, plan, sources)
    ways = {product: plan.way(product) for product in plan.kinds}
    ways |= {one.product: REMOVED for one in (*before, *after) if one.product not in ways}
    return Replay(sources["periods"], before, after, ways)


def _sources(store: Store, scope: Scope) -> dict[str, Any]:
    statement = render("queries/reads/replay_sources.sql.j2", database=store.database.name, **scope.names)
    [row] = store.database.rows(statement, **scope.parameters)
    return row


def _plan(store: Store, scope: Scope, version_id: int, in_force: Sequence[int]) -> _Plan:
    """Products are moved where every version in force metered them as this one does, and no event can get out of
    range."""
    known = meterings(store, scope.rate_card, version_id)
    version = known[version_id]
    prices = {
        row["product_number"]: row
        for row in store.database.rows(load("queries/product_prices.sql"), version_id=version_id)
    }
    kinds = {
        product: _kinds(meter.aggregation, prices[meter.number])
        for product, meter in version.products.items()
    }
    same = {one for one in version.products if all(version.same(one, known[other]) for other in in_force)}
    greatest = {one: prices[version.products[one].number]["greatest_unit_price"] for one in same}
    moved = same - _out_of_range(store, scope, greatest)
    return _Plan(version, kinds, frozenset(moved), _features(store, scope.rate_card))


def _kinds(aggregation: str, prices: Mapping[str, Any]) -> frozenset[str]:
    if aggregation not in ADDITIVE_AGGREGATIONS:
        return frozenset({"totals", "levels"} if aggregation == "weighted_sum" else {"totals"})
    ways = (("sums", prices["by_sums"]), ("single", prices["by_events"]))
    return frozenset(kind for kind, has_prices in ways if has_prices)


def _out_of_range(store: Store, scope: Scope, greatest: Mapping[str, Decimal]) -> set[str]:
    """Products of which an event may cost more than an amount holds, where a unit costs `greatest`: rated again, such
    an event is without a price."""
    dear = {product: price for product, price in greatest.items() if price > _ALWAYS_IN_RANGE}
    if not dear:
        return set()
    statement = render(
        "queries/reads/products_out_of_range.sql.j2", database=store.database.name, **scope.names
    )
    rows = store.database.rows(
        statement,
        **scope.parameters,
        products=list(dear),
        greatest=[format(price, "f") for price in dear.values()],
    )
    return {row["product"] for row in rows}


def _under(
    store: Store, scope: Scope, by_customer: bool, plan: _Plan, sources: Mapping[str, Any]
) -> tuple[Cost, ...]:
    """What usage costs under a version: what is stored moved to its prices, and events rated by it."""
    database = store.database.name
    events = render("queries/current_events.sql.j2", settling=False)
    without_price = ""
    if sources["unpriced"]:
        without_price = render(
            "queries/reads/unpriced_events.sql.j2", database=database, events=events, **scope.names
        )
    moved = {kind: plan.names(kind, moved=True) for kind in KINDS}
    names = {
        "under_version": True,
        "moved": {kind: bool(products) for kind, products in moved.items()},
        "ratings": {kind: _rating(store, plan, plan.names(kind, moved=False), events) for kind in KINDS},
        "ratings_without_price": {
            kind: _rating(store, plan, products, without_price) for kind, products in moved.items()
        },
    }
    parameters: dict[str, Any] = {
        "version_id": plan.version.version_id,
        "moved": sorted(plan.moved),
        "numbers": [plan.number(one) for one in sorted(plan.moved)],
        **{f"moved_{kind}": products for kind, products in moved.items()},
        "range_start": sources["range_start"],
        "range_end": sources["range_end"],
    }
    return _costs(store, scope, by_customer, plan, names, parameters)


def _costs(
    store: Store,
    scope: Scope,
    by_customer: bool,
    plan: _Plan,
    names: Mapping[str, Any],
    parameters: Mapping[str, Any],
) -> tuple[Cost, ...]:
    statement = render(
        "queries/reads/replayed_amounts.sql.j2",
        database=store.database.name,
        features=plan.features,
        **scope.names,
        **names,
    )
    rows = store.database.rows(statement, by_customer=by_customer, **scope.parameters, **parameters)
    return tuple(Cost(**row) for row in rows)


def _features(store: Store, rate_card: str) -> Features:
    """What the card's prices need, in any of its versions: no more than sums, where they do."""
    return needed_features(store.database, rate_card=rate_card)


def _rating(store: Store, plan: _Plan, products: Sequence[str], events: str) -> str:
    """Return the rating expression over events, for some products of a version; none where there are no events or no
    products."""
    if not products or not events:
        return ""
    numbers = {plan.number(one) for one in products}
    shape = store.shapes()[plan.version.shape_id]
    rules = Shape(tuple(rule for rule in shape.rules if rule.number in numbers))
    return rating_for(
        store.database,
        {plan.version.shape_id: rules},
        source=f"({events})",
        as_version=(plan.version.version_id, plan.version.shape_id),
    )
