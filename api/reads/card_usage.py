"""A card against its usage: which prices nothing needed, and which combinations were seen without a price."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.instants import instant_text, milliseconds
from api.reads.audit_documents import CardUsage, UnpricedCombination, UnusedPrice
from api.store import Store
from migrations.features import Features
from ratecard_compiler import CompiledCard
from ratecard_compiler.decimals import decimal_text
from ratecard_compiler.price_finder import ProductPrices, prices_by_product
from sql import render


@dataclass(frozen=True, slots=True)
class _Dimensions:
    """A product in the query of unpriced combinations. Ids of products need no escapes."""

    name: str
    dimensions: tuple[str, ...]

    @property
    def quoted(self) -> str:
        return f"'{self.name}'"


def card_usage(store: Store, card: CompiledCard, since: datetime) -> CardUsage:
    """Compare a card, published or not, with the usage of the card of its name."""
    prices = prices_by_product(card)
    events, unused = _unused(store, card, prices, since)
    return CardUsage(instant_text(since), events, unused, tuple(_unpriced(store, card, prices, since)))


def _unused(
    store: Store, card: CompiledCard, prices: dict[str, ProductPrices], since: datetime
) -> tuple[int, tuple[UnusedPrice, ...]]:
    """Return the number of rated events and products, and the prices that none of them had."""
    used: set[tuple[str, tuple[str, ...]]] = set()
    events = 0
    for row in store.database.rows(
        render("queries/reads/used_combinations.sql.j2", database=store.database.name, features=Features()),
        rate_card=card.rate_card,
        since=milliseconds(since),
    ):
        events += row["events"]
        if (product := prices.get(row["product"])) is not None:
            values = dict(zip(row["names"], row["values"], strict=True))
            used.add((row["product"], product.combination(values)))
    return events, tuple(
        UnusedPrice(row.product, dict(zip(prices[row.product].names, row.dimensions, strict=True)))
        for row in card.prices
        if (row.product, row.dimensions) not in used
    )


def _unpriced(
    store: Store, card: CompiledCard, prices: dict[str, ProductPrices], since: datetime
) -> Iterator[UnpricedCombination]:
    products = [
        _Dimensions(rule.product, tuple(one.sql for one in rule.dimensions))
        for rule in card.rules
        if rule.dimensions
    ]
    if not products:
        return
    for row in store.database.rows(
        render("queries/reads/unpriced_combinations.sql.j2", database=store.database.name, products=products),
        rate_card=card.rate_card,
        since=milliseconds(since),
    ):
        product = prices[row["product"]]
        values = dict(zip(product.names, row["values"], strict=True))
        # This version may have the price that the one in force lacked.
        if product.find(values) is None:
            yield _combination(row, values)


def _combination(row: dict[str, Any], values: dict[str, str]) -> UnpricedCombination:
    return UnpricedCombination(
        product=row["product"],
        dimensions=values,
        events=row["events"],
        customers=row["customers"],
        quantity=decimal_text(row["quantity"]),
        first_event_time=instant_text(row["first_event_time"]),
        last_event_time=instant_text(row["last_event_time"]),
    )
