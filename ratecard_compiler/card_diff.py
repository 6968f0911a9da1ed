"""What is different between two cards: prices added, removed and changed, and the nodes that cause it.

Combinations are compared by what they cost. One that only one card lists is priced by a "*" row of the other, where it
has one: then its price changes from or to that row's, and it is neither new nor gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import product as every
from math import prod
from typing import TypeAlias

from ratecard_compiler.card_nodes import PriceNodes, card_nodes
from ratecard_compiler.decimals import decimal_text
from ratecard_compiler.document import ProductDeclaration
from ratecard_compiler.expansion import Combination
from ratecard_compiler.ir import ANY_OTHER, CompiledCard, Price, PriceRow, Product
from ratecard_compiler.limits import MOST_COMBINATIONS
from ratecard_compiler.number_changes import numbers_of
from ratecard_compiler.price_finder import ProductPrices, prices_by_product

ADDED, REMOVED, CHANGED = "added", "removed", "changed"

Dimensions: TypeAlias = tuple[tuple[str, str], ...]

# What a price that is new, or gone, does not have to say field by field: its unit stands beside each amount.
_SAID_BESIDE = ("model", "unit")
_DEFAULTS = {("tier_continuity", "carry"), ("tiers_over", "combination")}
_OF_PRODUCT = ("tier_continuity", "tiers_over")


@dataclass(frozen=True, slots=True)
class NodeDifference:
    """A node that the cards do not say alike; None where one of them does not have it."""

    node: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class PriceDifference:
    """A field of a price that differs. `unit` is what a number is in; `percent` by how much a number moves, to two
    decimals. `before_row` and `after_row` are the combinations whose prices are compared: None where a card has no
    price, and another one than `dimensions` where a "*" row covers them. `causes` are the nodes that the price depends
    on and that differ."""

    kind: str
    product: str
    dimensions: Dimensions
    field: str
    unit: str
    before: str | None
    after: str | None
    percent: Decimal | None
    before_row: Dimensions | None
    after_row: Dimensions | None
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CardDiff:
    """Differences in the order of the cards: what the later one has, then what only the earlier one had."""

    nodes: tuple[NodeDifference, ...]
    prices: tuple[PriceDifference, ...]


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the cards."""

    products: dict[str, Product]
    prices: dict[str, ProductPrices]
    needs: PriceNodes

    @classmethod
    def of(cls, card: CompiledCard) -> _Side:
        products = {one.product_id: one for one in card.products}
        return cls(products, prices_by_product(card), PriceNodes(card))

    def find(self, product: str, dimensions: Dimensions) -> PriceRow | None:
        """Return the row that prices values; "*" is a value that no row names."""
        prices = self.prices.get(product)
        return None if prices is None else prices.find(dict(dimensions))

    def named(self, row: PriceRow | None) -> Dimensions | None:
        """Return the combination of a row with the names of its dimensions."""
        if row is None:
            return None
        return tuple(zip(self.prices[row.product].names, row.dimensions, strict=True))

    def fields(self, row: PriceRow | None) -> dict[str, str | Decimal]:
        """What a price says; nothing where there is none."""
        return {} if row is None else dict(_fields(row.price, self.products[row.product]))

    def nodes(self, row: PriceRow | None) -> tuple[str, ...]:
        return () if row is None else tuple(self.needs.of(row.product, row.dimensions))


def diff_cards(before: CompiledCard, after: CompiledCard) -> CardDiff:
    """Compare two cards that compile."""
    old_nodes, new_nodes = card_nodes(before), card_nodes(after)
    changed = {name: None for name in [*new_nodes, *old_nodes] if old_nodes.get(name) != new_nodes.get(name)}
    nodes = tuple(NodeDifference(name, old_nodes.get(name), new_nodes.get(name)) for name in changed)
    old, new = _Side.of(before), _Side.of(after)
    causes = changed.keys() - _no_causes(before, after)
    prices = tuple(
        one
        for product in dict.fromkeys([*new.products, *old.products])
        for dimensions in _compared(product, old, new)
        for one in _differences(product, dimensions, old, new, causes)
    )
    return CardDiff(nodes, prices)


def _no_causes(before: CompiledCard, after: CompiledCard) -> Set[str]:
    """Return nodes that change no price: what a unit is worth, and how a product is called or shown."""
    earlier = {one.product_id: _counted(one) for one in before.model.products}
    found = {f"units.{name}" for card in (before, after) for name in card.model.units}
    return found | {
        f"products.{one.product_id}"
        for one in after.model.products
        if earlier.get(one.product_id) == _counted(one)
    }


def _counted(product: ProductDeclaration) -> tuple[object, ...]:
    """What a product says of how its usage is counted."""
    dimensions = [(name, one.node.text) for name, one in product.dimensions.items() if one is not None]
    return product.meter, product.tier_continuity, product.tiers_over, dimensions


def _compared(product: str, old: _Side, new: _Side) -> Iterator[Dimensions]:
    """Yield the combinations to compare: of each value that a card lists, what it costs in both."""
    sides = [side.prices[product] for side in (new, old) if product in side.prices]
    if len(sides) == 1 or sides[0].names != sides[1].names:
        yield from _of_other_dimensions(product, sides, old, new)
        return
    names = sides[0].names
    combinations: dict[Combination, None] = dict.fromkeys([*sides[0].rows, *sides[1].rows])
    for mine, other in (sides, sides[::-1]):
        missing = [theirs - own for theirs, own in zip(other.listed, mine.listed, strict=True)]
        if any(missing):
            combinations.update(dict.fromkeys(_spread(mine, missing)))
    for combination in combinations:
        yield tuple(zip(names, combination, strict=True))


def _of_other_dimensions(
    product: str, sides: list[ProductPrices], old: _Side, new: _Side
) -> Iterator[Dimensions]:
    """Yield every row of either card, but not those of the earlier one that were compared with the same row already."""
    known: set[tuple[Dimensions | None, Dimensions | None]] = set()
    for side in sides:
        for combination in side.rows:
            dimensions = tuple(zip(side.names, combination, strict=True))
            pair = (
                old.named(old.find(product, dimensions)),
                new.named(new.find(product, dimensions)),
            )
            if pair not in known:
                known.add(pair)
                yield dimensions


def _spread(prices: ProductPrices, missing: list[frozenset[str]]) -> Iterator[Combination]:
    """Yield what the "*" rows of a card cover of the values that only the other card lists; of very many, none."""
    spread = [
        [
            [value, *sorted(more)] if value == ANY_OTHER else [value]
            for value, more in zip(row, missing, strict=True)
        ]
        for row in prices.rows
    ]
    if sum(prod(map(len, values)) for values in spread) <= 2 * MOST_COMBINATIONS:
        for values in spread:
            yield from every(*values)


def percent_of(before: Decimal, after: Decimal) -> Decimal | None:
    """Return by how many percent a number moves, to two decimals; None from nothing."""
    if not before:
        return None
    with localcontext(prec=200):
        return ((after - before) / abs(before) * 100).quantize(Decimal("0.01"))


def _differences(
    product: str, dimensions: Dimensions, old: _Side, new: _Side, changed: Set[str]
) -> Iterator[PriceDifference]:
    old_row, new_row = old.find(product, dimensions), new.find(product, dimensions)
    is_priced = old_row is not None and new_row is not None and old_row.price == new_row.price
    # Of most prices this is all there is to it, and of a large card they are many.
    if is_priced and _beside(old.products[product]) == _beside(new.products[product]):
        return
    was, now = old.fields(old_row), new.fields(new_row)
    if was == now:
        return
    kind = ADDED if not was else CHANGED if now else REMOVED
    before_row, after_row = old.named(old_row), new.named(new_row)
    needed = dict.fromkeys([*new.nodes(new_row), *old.nodes(old_row)])
    causes = tuple(name for name in needed if name in changed)
    unit = (new if product in new.products else old).products[product].unit
    for field in _told(kind, was, now):
        before, after = was.get(field), now.get(field)
        moved = None
        if isinstance(before, Decimal) and isinstance(after, Decimal):
            moved = percent_of(before, after)
        whole = field in _OF_PRODUCT or before_row != after_row
        yield PriceDifference(
            kind=kind,
            product=product,
            dimensions=dimensions,
            field=field,
            unit="%" if field.endswith("rate_percent") else unit if _is_money(field) else "",
            before=_text(before),
            after=_text(after),
            percent=moved,
            before_row=before_row,
            after_row=after_row,
            causes=causes if whole else tuple(one for one in causes if one != f"products.{product}"),
        )


def _beside(product: Product) -> tuple[str, str, str]:
    """What a product adds to what its prices say."""
    return product.unit, product.tier_continuity, product.tiers_over


def _told(kind: str, was: dict[str, str | Decimal], now: dict[str, str | Decimal]) -> list[str]:
    """Return the fields that differ; of a price that is new or gone, those that say more than how it is counted."""
    differing = [field for field in dict.fromkeys([*now, *was]) if was.get(field) != now.get(field)]
    if kind == CHANGED:
        return differing
    said = now or was
    numbers = [
        field for field in differing if field not in _SAID_BESIDE and (field, said[field]) not in _DEFAULTS
    ]
    return numbers or ["model"]


def _fields(price: Price, product: Product) -> Iterator[tuple[str, str | Decimal]]:
    """What a price says, but for what its model does not use."""
    yield "model", price.model
    yield "unit", product.unit
    for name, value in numbers_of(price):
        if value or (name == "unit_amount" and price.model == "per_unit"):
            yield name, value
    for place, tier in enumerate(price.tiers, 1):
        yield f"tiers[{place}].up_to", "no end" if tier.up_to is None else tier.up_to
    for name in ("package_size", "free_units", "included"):
        if value := getattr(price, name):
            yield name, value
    if (conversion := price.unit_conversion) is not None:
        factor = decimal_text(conversion.factor)
        rounding = f"{conversion.rounding} to {conversion.precision}"
        yield "unit_conversion", f"{conversion.operation} {factor}, {rounding}"
    if price.zero_usage_first_tier_flat:
        yield "zero_usage_first_tier_flat", "charged"
    if price.tiers:
        yield "tier_continuity", product.tier_continuity
        yield "tiers_over", product.tiers_over


def _is_money(field: str) -> bool:
    return field.rpartition(".")[2] not in (
        "up_to",
        "package_size",
        "free_units",
        "included",
        "free_events",
    ) and ("amount" in field or "spend" in field or "value" in field)


def _text(value: str | Decimal | None) -> str | None:
    return decimal_text(value) if isinstance(value, Decimal) else value
