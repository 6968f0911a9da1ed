"""Contract overrides (SEMANTICS §6): which one holds, and what it makes of a list price.

A multiplier follows the list price; a unit price and tiers do not. They price units, so a flat amount has none of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.oracle.cards import PRICED_FIELDS, DimensionValues, Product
from tests.oracle.exact import NotCovered, required_decimal, rounded
from tests.oracle.instants import instant

TERMS = ("multiplier", "unit_amount", "tiers")
# What units and events cost; least and greatest amounts of lines are no cost of units.
MULTIPLIED = set(PRICED_FIELDS) - {"minimum_spend", "maximum_spend", "free_total_value"}
KEPT = (
    "included",
    "unit_conversion",
    "minimum_spend",
    "maximum_spend",
    "unit",
    "tier_continuity",
    "tiers_over",
)


@dataclass(frozen=True)
class Override:
    """One override of a contract in force at `starts_at <= time < ends_at` (None: no bound); `terms` are hashable."""

    products: frozenset[str]
    tags: frozenset[str]
    dimensions: frozenset[tuple[str, str]]
    terms: tuple[Any, ...]
    starts_at: datetime | None
    ends_at: datetime | None

    def holds_at(self, at: datetime) -> bool:
        """Whether the override is in force at the instant."""
        return (self.starts_at is None or self.starts_at <= at) and (
            self.ends_at is None or at < self.ends_at
        )

    @property
    def says(self) -> tuple[Any, ...]:
        """What it says, whenever it does."""
        return (self.products, self.tags, self.dimensions, self.terms)

    def specificity(self, product: Product, values: Mapping[str, str]) -> tuple[int, int] | None:
        """How specific it is for a combination: dimensions, then how it reaches the product; None: it does not."""
        if any(name not in values or values[name] != value for name, value in self.dimensions):
            return None
        if self.terms[0] != "multiplier" and product.model == "flat":
            return None
        if product.product_id in self.products:
            return len(self.dimensions), 2
        if self.tags & product.tags:
            return len(self.dimensions), 1
        return None if self.products or self.tags else (len(self.dimensions), 0)


def read_overrides(document: Iterable[Mapping[str, Any]] | None) -> tuple[Override, ...]:
    """The overrides of a contract, in their order. NotCovered: what it does not know."""
    return tuple(_override(one) for one in document or ())


def _override(document: Mapping[str, Any]) -> Override:
    [term] = [name for name in TERMS if document.get(name) is not None]
    if set(document) - {"products", "tags", "dimensions", "from", "to", *TERMS}:
        raise NotCovered(f"override with {sorted(document)}")
    value = document[term]
    return Override(
        frozenset(document.get("products") or ()),
        frozenset(document.get("tags") or ()),
        frozenset((document.get("dimensions") or {}).items()),
        (term, tuple(map(_tier, value)) if term == "tiers" else required_decimal(value)),
        instant(document["from"]) if document.get("from") else None,
        instant(document["to"]) if document.get("to") else None,
    )


def _tier(document: Mapping[str, Any]) -> tuple[Decimal | None, Decimal, Decimal]:
    up_to = None if document.get("up_to") is None else required_decimal(document["up_to"])
    unit_amount, flat_amount = (document.get(name) or "0" for name in ("unit_amount", "flat_amount"))
    return up_to, required_decimal(unit_amount), required_decimal(flat_amount)


def overridden(
    price: Mapping[str, Any], product: Product, dimensions: DimensionValues, overrides: Sequence[Override]
) -> Mapping[str, Any]:
    """What a list price becomes under the overrides that are in force: the most specific one counts, of equally
    specific ones the last."""
    best: tuple[tuple[int, int], int] | None = None
    for place, override in enumerate(overrides):
        found = override.specificity(product, dict(dimensions))
        if found is not None and (best is None or (found, place) > best):
            best = (found, place)
    if best is None:
        return price
    term, value = overrides[best[1]].terms
    if term == "multiplier":
        return _multiplied(price, value)
    kept = {name: price[name] for name in KEPT if name in price}
    if term == "unit_amount":
        return {**kept, "model": "per_unit", "unit_amount": value}
    if price.get("zero_usage_first_tier_flat"):
        kept["zero_usage_first_tier_flat"] = price["zero_usage_first_tier_flat"]
    tiers = [
        {"up_to": None if up_to is None else str(up_to), "unit_amount": unit, "flat_amount": flat}
        for up_to, unit, flat in value
    ]
    return {**kept, "model": "volume" if price["model"] == "volume" else "graduated", "tiers": tiers}


def _multiplied(price: Mapping[str, Any], multiplier: Decimal) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in price.items():
        if name in MULTIPLIED and value is not None:
            found[name] = rounded(value * multiplier, PRICED_FIELDS[name], "half_even")
        elif name == "tiers":
            found[name] = [_multiplied(tier, multiplier) for tier in value]
        else:
            found[name] = value
    return found


def price_key(price: Mapping[str, Any]) -> tuple[Any, ...]:
    """The same for prices that say the same; what no override changes is left out."""
    fields = [*sorted(MULTIPLIED), "free_events", "free_total_value", "package_size", "free_units"]
    tiers = tuple(
        (
            None if tier.get("up_to") is None else Decimal(tier["up_to"]),
            *(Decimal(tier.get(name) or 0) for name in ("unit_amount", "rate_percent", "flat_amount")),
        )
        for tier in price.get("tiers") or ()
    )
    amounts = tuple(None if price.get(name) is None else Decimal(price[name]) for name in fields)
    return (price["model"], amounts, tiers, price.get("zero_usage_first_tier_flat") == "charged")
