"""The price of an event's dimension values, found as the rating expression finds it (SEMANTICS §4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ratecard_compiler.expansion import Combination
from ratecard_compiler.ir import ANY_OTHER, CompiledCard, PriceRow


@dataclass(frozen=True, slots=True)
class ProductPrices:
    """The price rows of a product by combination; `listed` are the values with prices of their own, by dimension."""

    names: tuple[str, ...]
    rows: Mapping[Combination, PriceRow]
    listed: tuple[frozenset[str], ...]

    def combination(self, values: Mapping[str, str]) -> Combination:
        """Return the combination by which values are priced: one that no row names, or none at all, is "*"."""
        return tuple(
            [
                value if (value := values.get(name, "")) in listed else ANY_OTHER
                for name, listed in zip(self.names, self.listed, strict=True)
            ]
        )

    def find(self, values: Mapping[str, str]) -> PriceRow | None:
        """Return the price row for values; None is `unpriced_dimension`."""
        return self.rows.get(self.combination(values))


def prices_by_product(card: CompiledCard) -> dict[str, ProductPrices]:
    """Return the prices of every product of a card."""
    rows: dict[str, dict[Combination, PriceRow]] = {rule.product: {} for rule in card.rules}
    for row in card.prices:
        rows[row.product][row.dimensions] = row
    return {
        rule.product: ProductPrices(
            names=tuple(one.name for one in rule.dimensions),
            rows=rows[rule.product],
            listed=tuple(
                frozenset(combination[at] for combination in rows[rule.product]) - {ANY_OTHER}
                for at in range(len(rule.dimensions))
            ),
        )
        for rule in card.rules
    }
