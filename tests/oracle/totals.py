"""What meters whose parts do not add up make of a period (SEMANTICS §4), and what is due without usage (§5).

Each event counts for what it changes: the total with it less the total before it, in order of time and value.
So everything after this goes on as for usage that adds up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.oracle.cards import OF_THE_WHOLE
from tests.oracle.contracts import (
    Contract,
    Prices,
    Stay,
    came_into_force,
    first_in_force,
    prices_in_force,
    stays,
)
from tests.oracle.exact import QUANTITY_DECIMALS, rounded
from tests.oracle.instants import milliseconds
from tests.oracle.overrides import overridden
from tests.oracle.rating import Usage
from tests.oracle.world import World

ZERO = Decimal(0)
Period = tuple[datetime, datetime]


def billable_usage(usage: Sequence[Usage], world: World) -> list[Usage]:
    """The rated usage as it is priced: totals of whole periods as changes, and what is due without usage."""
    timelines = {
        contract.contract_id: stays(world.activations, contract, world.customers[contract.customer_id])
        for contract in world.contracts.values()
    }
    adding_up = [item for item in usage if item.product.aggregation not in OF_THE_WHOLE]
    changes = [
        change
        for place in _places([item for item in usage if item.product.aggregation in OF_THE_WHOLE], world.now)
        for change in _changes(place, world, timelines)
    ]
    return adding_up + changes + _without_usage(world, timelines)


def _places(usage: Sequence[Usage], now: datetime) -> list[list[Usage]]:
    """The values of one period that are totalled together, in order; a level is carried into the later ones."""
    found: dict[tuple[object, ...], list[Usage]] = {}
    levels: dict[tuple[object, ...], list[Usage]] = {}
    place: tuple[object, ...]
    for item in usage:
        place = (item.contract.contract_id, item.product.product_id, item.product.meter_name, item.dimensions)
        found.setdefault((*place, item.period), []).append(item)
        if item.product.aggregation == "weighted_sum":
            levels.setdefault(place, []).append(item)
    for place, items in levels.items():
        for period in items[0].contract.periods_until(now):
            before = [item for item in items if item.period[0] < period[0]]
            level = sum((item.quantity for item in before), ZERO)
            if level:
                first = min(before, key=lambda item: (item.at, item.quantity))
                carried = replace(first, period=period, at=period[0], quantity=level, entry="carried")
                found.setdefault((*place, period), []).append(carried)
    return [sorted(items, key=lambda item: (item.at, item.quantity)) for items in found.values()]


def _changes(place: Sequence[Usage], world: World, timelines: Mapping[str, Sequence[Stay]]) -> list[Usage]:
    aggregation, period = place[0].product.aggregation, place[0].period
    before = ZERO
    found: list[Usage] = []
    for count, item in enumerate(place, 1):
        total = _total(aggregation, place[:count], period)
        found.append(replace(_priced_at_end(item, world, timelines), quantity=total - before))
        before = total
    return found


def _total(aggregation: str, items: Sequence[Usage], period: Period) -> Decimal:
    values = [item.quantity for item in items]
    if aggregation == "latest":
        return values[-1]
    if aggregation in ("max", "min"):
        return max(values) if aggregation == "max" else min(values)
    if aggregation == "unique":
        return Decimal(len({item.counted for item in items}))
    if aggregation == "average":
        return rounded(Fraction(sum(values, ZERO)) / len(values), QUANTITY_DECIMALS, "half_even")
    start, end = milliseconds(period[0]), milliseconds(period[1])
    held = sum((Fraction(item.quantity) * (end - milliseconds(item.at)) for item in items), Fraction(0))
    return rounded(held / (end - start), QUANTITY_DECIMALS, "half_even")


def _priced_at_end(item: Usage, world: World, timelines: Mapping[str, Sequence[Stay]]) -> Usage:
    """As the version in force at the period's end, or now, prices it; else the last one with this product, meter and
    price."""
    timeline = timelines[item.contract.contract_id]
    of_period = prices_in_force(timeline, item.contract, item.period)
    for prices in reversed(_begun(of_period, world.now)):
        card = world.cards[item.contract.rate_card, prices.version]
        for product in card.products:
            same = product.product_id == item.product.product_id
            names = [name for name, _ in item.dimensions]
            if same and product.meter_name == item.product.meter_name and list(product.dimensions) == names:
                price = card.price(product, item.dimensions)
                if price is not None:
                    return replace(
                        item,
                        card=card,
                        product=product,
                        price=overridden(price, product, item.dimensions, prices.overrides),
                        version_from=came_into_force(timeline, prices.version, item.period),
                        priced_from=first_in_force(of_period, prices.says),
                        says=prices.says,
                    )
    # A version that is not in force in the period any more has its place before those that are.
    early = item.period[0] - timedelta(milliseconds=1)
    if item.card.version not in {one.version for one in of_period}:
        item = replace(item, version_from=early)
    return item if item.says in {one.says for one in of_period} else replace(item, priced_from=early)


def _begun(of_period: Sequence[Prices], now: datetime) -> list[Prices]:
    """The prices that have come into force in the period, in the order of their ends; those that come back may be
    there twice."""
    return [one for one in of_period if one.since <= now]


def _without_usage(world: World, timelines: Mapping[str, Sequence[Stay]]) -> list[Usage]:
    found: list[Usage] = []
    for contract in world.contracts.values():
        timeline = timelines[contract.contract_id]
        for period in contract.periods_until(world.now):
            begun = _begun(prices_in_force(timeline, contract, period), world.now)
            first: dict[object, Prices] = {}
            last = {prices.version: prices.says for prices in begun}
            for prices in begun:
                first.setdefault(prices.says, prices)
            for prices in first.values():
                version_from = came_into_force(timeline, prices.version, period)
                found += [
                    replace(
                        item,
                        is_last_in_force=prices.says == begun[-1].says,
                        is_last_of_version=prices.says == last[prices.version],
                    )
                    for item in _standing(world, contract, period, version_from, prices)
                ]
    return found


def _standing(
    world: World, contract: Contract, period: Period, version_from: datetime, prices: Prices
) -> list[Usage]:
    """A product without dimensions pays a flat amount, what no usage costs, or its least amount; one with
    dimensions its least amount, in no combination."""
    card = world.cards[contract.rate_card, prices.version]
    found: list[Usage] = []
    for product in card.products:
        limits = card.limits(product)
        price: Mapping[str, Any] | None = {"model": ""}
        if not product.dimensions:
            listed = card.price(product, ())
            price = None if listed is None else overridden(listed, product, (), prices.overrides)
        if price is None:
            continue
        due = price["model"] == "flat" or price.get("zero_usage_first_tier_flat") == "charged"
        if due or limits.get("minimum_spend"):
            found.append(
                Usage(
                    contract=contract,
                    period=period,
                    version_from=version_from,
                    priced_from=prices.since,
                    says=prices.says,
                    card=card,
                    product=product,
                    dimensions=tuple((name, "") for name in product.dimensions),
                    show=tuple((name, "") for name in product.show),
                    price={**price, **limits},
                    quantity=ZERO,
                    at=prices.since,
                    entry="standing",
                )
            )
    return found
