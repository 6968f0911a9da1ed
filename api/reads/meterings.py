"""How versions of a card meter their products: whether usage that was rated under one is what another would count."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from api.store import Store
from ratecard_compiler.rating import ShapeRule
from sql import load


@dataclass(frozen=True, slots=True)
class Meter:
    """A product in a version: its number, what its meter makes of the values, and how it is metered, whatever it costs
    and shows."""

    number: int
    aggregation: str
    rule: ShapeRule


@dataclass(frozen=True, slots=True)
class Metering:
    """The products of a version."""

    version_id: int
    shape_id: int
    products: Mapping[str, Meter]

    def same(self, product: str, other: "Metering") -> bool:
        """Tell whether both count the same events, values and dimensions for a product. What is made of the values may
        differ: stored quantities are those of single events."""
        mine, its = self.products.get(product), other.products.get(product)
        return mine is not None and its is not None and mine.rule == its.rule


def meterings(store: Store, rate_card: str, version_id: int) -> dict[int, Metering]:
    """Return how a version, and every one of the card that was ever activated, meters its products."""
    shapes = store.shapes()
    found: dict[int, Metering] = {}
    for row in store.database.rows(
        load("queries/activated_products.sql"), rate_card=rate_card, version_id=version_id
    ):
        number, shape_id, aggregation = row["product_number"], row["shape_id"], row["aggregation"]
        [rule] = [one for one in shapes[shape_id].rules if one.number == number]
        products = {row["product"]: Meter(number, aggregation, _metered(rule, aggregation))}
        known = found.get(row["version_id"])
        if known is not None:
            products = {**known.products, **products}
        found[row["version_id"]] = Metering(row["version_id"], shape_id, products)
    return found


def _metered(rule: ShapeRule, aggregation: str) -> ShapeRule:
    """The rule without what does not meter. What `unique` counts stands where others have what they show."""
    shown = rule.show_sql if aggregation == "unique" else ()
    return replace(rule, number=0, show_sql=shown, fallback=False)
