"""A compiled card under a set of overrides: the prices that a contract has instead of the list prices (SEMANTICS §6).

Of the overrides whose scope holds a combination one counts: the one that names most dimensions; then one that names the
product before one that has a tag of it before one for everything; then the later one. They do not add up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import product as every
from math import prod
from typing import Any

from ratecard_compiler.bounds import greatest_unit_price, shared_place_is_fair
from ratecard_compiler.decimals import FORMULA_CONTEXT, PRICE_LIMIT, published
from ratecard_compiler.expansion import Combination
from ratecard_compiler.ir import ANY_OTHER, CompiledCard, Price, PriceRow, Product, ProductRule, Tier
from ratecard_compiler.limits import MOST_COMBINATIONS
from ratecard_compiler.overrides import Override, OverrideSet
from ratecard_compiler.prices import AMOUNT_RANGES

MOST_ADDED_PRICES = 100_000
"""Prices that a set may add to a card, for dimension values that the card does not list."""

MODELS_WITHOUT_UNITS = frozenset({"flat"})
"""Price models that no unit price and no tiers can take the place of."""

_TIER_AMOUNTS = ("unit_amount", "flat_amount", "rate_percent")
_MULTIPLIED = (
    "unit_amount",
    "package_amount",
    "flat_amount",
    "rate_percent",
    "fixed_amount_per_event",
    "min_amount_per_event",
    "max_amount_per_event",
)
"""What a multiplier is for: all that units and events cost. What a line costs at least and at most stays."""


class OverridesError(Exception):
    """A set of overrides cannot be applied to a card; `number` says which override it is about, from 1 (0: the set)."""

    def __init__(self, code: str, number: int, fact: str, fix: str) -> None:
        self.code = code
        self.number = number
        self.fact = fact
        self.fix = fix
        super().__init__(f"{fact}; {fix}")


@dataclass(frozen=True, slots=True)
class OverriddenPrice:
    """A price row under a set of overrides, the list price that it follows or replaces, and which override of the set
    made it, from 1 (0: none, it is the list price)."""

    row: PriceRow
    list_row: PriceRow
    number: int


def with_overrides(card: CompiledCard, overrides: OverrideSet) -> CompiledCard:
    """Return the card with the prices and unit values that a contract with these overrides has.

    Raises OverridesError.
    """
    return overridden_card(card, overridden_prices(card, overrides), overrides)


def overridden_card(
    card: CompiledCard, prices: Sequence[OverriddenPrice], overrides: OverrideSet
) -> CompiledCard:
    """Return the card with prices that `overridden_prices` gave, and the unit values of the set."""
    values = dict(overrides.unit_values)
    units = tuple(replace(unit, value=values.get(unit.unit_id, unit.value)) for unit in card.units)
    return replace(card, prices=tuple(one.row for one in prices), units=units)


def overridden_prices(card: CompiledCard, overrides: OverrideSet) -> tuple[OverriddenPrice, ...]:
    """Return every price of a card under a set of overrides, products in the card's order.

    A value that an override names and the card does not list gets rows of its own beside the "*" rows; what has no list
    price gets none. Raises OverridesError.
    """
    rows: dict[str, list[PriceRow]] = {product.product_id: [] for product in card.products}
    for row in card.prices:
        rows[row.product].append(row)
    rules = {rule.product: rule for rule in card.rules}
    found: list[OverriddenPrice] = []
    room = min(MOST_ADDED_PRICES, MOST_COMBINATIONS - len(card.prices))
    for product in card.products:
        of_product = rows[product.product_id]
        reaching = _reaching(product, rules[product.product_id], overrides)
        expanded = _Expansion.of(reaching, of_product)
        room -= expanded.added
        if room < 0:
            raise OverridesError(
                "too_many_combinations",
                0,
                f"the dimension values of the overrides add more than {MOST_ADDED_PRICES:,} prices to rate card "
                f"`{card.rate_card}`",
                "name fewer values, or let the rate card list them",
            )
        prices = list(expanded.prices())
        _check_shared_place(product, prices)
        found += prices
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Reaching:
    """An override that reaches a product: where its dimensions stand in the product, and how specific it is."""

    override: Override
    number: int
    values: tuple[tuple[int, str], ...]
    by_name: int

    @property
    def specificity(self) -> tuple[int, int, int]:
        return len(self.values), self.by_name, self.number

    def holds(self, combination: Combination) -> bool:
        return all(combination[at] == value for at, value in self.values)


def _reaching(product: Product, rule: ProductRule, overrides: OverrideSet) -> list[_Reaching]:
    """Return the overrides that are for a product, the most specific first."""
    places = {dimension.name: at for at, dimension in enumerate(rule.dimensions)}
    found: list[_Reaching] = []
    for number, override in enumerate(overrides.overrides, 1):
        if override.is_fixed and product.model in MODELS_WITHOUT_UNITS:
            continue
        if any(name not in places for name, _ in override.dimensions):
            continue
        values = tuple((places[name], value) for name, value in override.dimensions)
        if product.product_id in override.products:
            found.append(_Reaching(override, number, values, 2))
        elif set(override.tags) & set(product.tags):
            found.append(_Reaching(override, number, values, 1))
        elif not override.products and not override.tags:
            found.append(_Reaching(override, number, values, 0))
    return sorted(found, key=lambda one: one.specificity, reverse=True)


@dataclass(slots=True)
class _Expansion:
    """The price rows of a product and the values that overrides add to its dimensions."""

    reaching: Sequence[_Reaching]
    rows: Sequence[PriceRow]
    new_values: dict[int, list[str]]
    made: dict[tuple[int, int], Price] = field(default_factory=dict)

    @classmethod
    def of(cls, reaching: Sequence[_Reaching], rows: Sequence[PriceRow]) -> _Expansion:
        listed: dict[int, set[str]] = {}
        named = {(at, value) for one in reaching for at, value in one.values}
        for row in rows if named else ():
            for at, value in enumerate(row.dimensions):
                listed.setdefault(at, set()).add(value)
        new_values: dict[int, list[str]] = {}
        for at, value in sorted(named):
            if value not in listed.get(at, ()):
                new_values.setdefault(at, []).append(value)
        return cls(reaching, rows, new_values)

    @property
    def added(self) -> int:
        """How many prices the new values add."""
        counts = {at: len(values) + 1 for at, values in self.new_values.items()}
        if not counts:
            return 0
        return sum(
            prod(count for at, count in counts.items() if row.dimensions[at] == ANY_OTHER) - 1
            for row in self.rows
        )

    def prices(self) -> Iterator[OverriddenPrice]:
        """Yield every price; those of new values come before the "*" row that they are split from."""
        for row in self.rows:
            for combination in self._combinations(row.dimensions):
                winner = next((one for one in self.reaching if one.holds(combination)), None)
                price = row.price if winner is None else self._made(row.price, winner)
                split = row if combination == row.dimensions and price is row.price else None
                yield OverriddenPrice(
                    split or PriceRow(row.product, combination, price),
                    row,
                    0 if winner is None else winner.number,
                )

    def _combinations(self, values: Combination) -> Iterator[Combination]:
        if not self.new_values:
            return iter((values,))
        return every(
            *(
                (*self.new_values.get(at, ()), value) if value == ANY_OTHER else (value,)
                for at, value in enumerate(values)
            )
        )

    def _made(self, price: Price, winner: _Reaching) -> Price:
        # Most rows of a product share few prices, and a price is a value: made once for each.
        key = (id(price), winner.number)
        if key not in self.made:
            self.made[key] = _applied(price, winner)
        return self.made[key]


def _applied(price: Price, winner: _Reaching) -> Price:
    """Return what an override makes of a list price."""
    override = winner.override
    if override.multiplier is not None:
        made = _multiplied(price, override.multiplier, winner.number)
    else:
        made = Price(
            model="per_unit" if not override.tiers else "volume" if price.model == "volume" else "graduated",
            unit_amount=override.unit_amount or Decimal(0),
            tiers=override.tiers,
            included=price.included,
            unit_conversion=price.unit_conversion,
            minimum_spend=price.minimum_spend,
            maximum_spend=price.maximum_spend,
            zero_usage_first_tier_flat=bool(override.tiers) and price.zero_usage_first_tier_flat,
        )
    greatest = greatest_unit_price(made)
    if greatest >= PRICE_LIMIT:
        raise OverridesError(
            "number_out_of_range",
            winner.number,
            f"with the override one metered unit can cost {greatest.normalize():.6g}",
            "it must be below 1e14",
        )
    return made


def _multiplied(price: Price, multiplier: Decimal, number: int) -> Price:
    """Return the price with all that units and events cost times the multiplier."""

    def multiplied(of: Price | Tier, names: Sequence[str]) -> dict[str, Any]:
        return {name: _times(name, getattr(of, name), multiplier, number) for name in names}

    tiers = tuple(replace(tier, **multiplied(tier, _TIER_AMOUNTS)) for tier in price.tiers)
    return replace(price, **multiplied(price, _MULTIPLIED), tiers=tiers)


def _times(name: str, value: Decimal | None, multiplier: Decimal, number: int) -> Decimal | None:
    """Return an amount times the multiplier, rounded half-even to the decimals with which it is published."""
    if not value:
        return value
    bounds = AMOUNT_RANGES[name]
    amount = FORMULA_CONTEXT.multiply(value, multiplier)
    if abs(amount) >= bounds.limit:
        fact = (
            f"`{name}` times the multiplier is {amount.normalize():.6g}, which is not below {bounds.limit:f}"
        )
        raise OverridesError("number_out_of_range", number, fact, "write a smaller multiplier")
    rounded = published(amount, bounds.decimals)
    if amount and not rounded:
        times = f"`{name}` times the multiplier is {amount.normalize():.6g}"
        fact = f"{times}, which is zero with {bounds.decimals} decimals"
        raise OverridesError("price_rounds_to_zero", number, fact, "write a larger multiplier, or 0")
    return rounded


def _check_shared_place(product: Product, prices: Sequence[OverriddenPrice]) -> None:
    """Combinations that share their tiers have one price, or ones that the order of events does not decide."""
    if product.tiers_over != "product" or not any(one.number for one in prices):
        return
    made = [one.row.price for one in prices]
    if len({price.model for price in made}) > 1 or not shared_place_is_fair(made):
        raise OverridesError(
            "pooled_prices_differ",
            max(one.number for one in prices),
            f"the combinations of product `{product.product_id}` share their tiers, and with the override the order of "
            "events would decide which of several prices a unit has",
            "let the override be for all combinations of the product",
        )
