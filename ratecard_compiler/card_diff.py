"""What is different between two cards: prices added, removed and changed, and the nodes that cause it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import TypeAlias

from ratecard_compiler.card_nodes import PriceNodes, card_nodes
from ratecard_compiler.decimals import decimal_text
from ratecard_compiler.ir import CompiledCard, Price, PriceRow, Product
from ratecard_compiler.number_changes import numbers_of

ADDED, REMOVED, CHANGED = "added", "removed", "changed"

Key: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class NodeDifference:
    """A node that the cards do not say alike; None where one of them does not have it."""

    node: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class PriceDifference:
    """A field of a price that differs. `unit` is what a number is in; `percent` by how much a number moves, to two
    decimals. `causes` are the nodes that the price depends on and that differ."""

    kind: str
    product: str
    dimensions: tuple[tuple[str, str], ...]
    field: str
    unit: str
    before: str | None
    after: str | None
    percent: Decimal | None
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
    rows: dict[Key, PriceRow]
    needs: PriceNodes

    @classmethod
    def of(cls, card: CompiledCard) -> _Side:
        names = {rule.product: [one.name for one in rule.dimensions] for rule in card.rules}
        rows = {
            (row.product, tuple(zip(names[row.product], row.dimensions, strict=True))): row
            for row in card.prices
        }
        return cls({one.product_id: one for one in card.products}, rows, PriceNodes(card))

    def fields(self, key: Key) -> dict[str, str | Decimal]:
        """What a price says; nothing where there is none."""
        row = self.rows.get(key)
        return {} if row is None else dict(_fields(row.price, self.products[row.product]))

    def nodes(self, key: Key) -> tuple[str, ...]:
        row = self.rows.get(key)
        return () if row is None else tuple(self.needs.of(row.product, row.dimensions))


def diff_cards(before: CompiledCard, after: CompiledCard) -> CardDiff:
    """Compare two cards that compile."""
    old_nodes, new_nodes = card_nodes(before), card_nodes(after)
    changed = {name: None for name in [*new_nodes, *old_nodes] if old_nodes.get(name) != new_nodes.get(name)}
    nodes = tuple(NodeDifference(name, old_nodes.get(name), new_nodes.get(name)) for name in changed)
    old, new = _Side.of(before), _Side.of(after)
    keys = dict.fromkeys([*new.rows, *old.rows])
    prices = tuple(one for key in keys for one in _differences(key, old, new, changed))
    return CardDiff(nodes, prices)


def percent_of(before: Decimal, after: Decimal) -> Decimal | None:
    """Return by how many percent a number moves, to two decimals; None from nothing."""
    if not before:
        return None
    with localcontext(prec=200):
        return ((after - before) / abs(before) * 100).quantize(Decimal("0.01"))


def _differences(key: Key, old: _Side, new: _Side, changed: dict[str, None]) -> Iterator[PriceDifference]:
    was, now = old.fields(key), new.fields(key)
    if was == now:
        return
    product, dimensions = key
    kind = ADDED if not was else CHANGED if now else REMOVED
    needed = dict.fromkeys([*new.nodes(key), *old.nodes(key)])
    causes = tuple(name for name in needed if name in changed)
    unit = (new if product in new.products else old).products[product].unit
    for field in dict.fromkeys([*now, *was]):
        before, after = was.get(field), now.get(field)
        if before == after:
            continue
        moved = None
        if isinstance(before, Decimal) and isinstance(after, Decimal):
            moved = percent_of(before, after)
        yield PriceDifference(
            kind=kind,
            product=product,
            dimensions=dimensions,
            field=field,
            unit="%" if field.endswith("rate_percent") else unit if _is_money(field) else "",
            before=_text(before),
            after=_text(after),
            percent=moved,
            causes=causes,
        )


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
