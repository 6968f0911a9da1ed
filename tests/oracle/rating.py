"""Events become rated usage, or an unrated entry with its reason (SEMANTICS §3 to §6)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.oracle.cards import Card, DimensionValues, Product
from tests.oracle.contracts import (
    Contract,
    Prices,
    Stay,
    came_into_force,
    first_in_force,
    prices_in_force,
    stay_at,
    stays,
)
from tests.oracle.exact import AMOUNT_BOUND
from tests.oracle.overrides import overridden
from tests.oracle.world import Event, World


@dataclass(frozen=True)
class Usage:
    """What one event is for one product it feeds; `version_from` is when its rate card version first came
    into force in the period, `priced_from` when its prices did: those of the version under the overrides that `says`
    names. `counted` is the value that `unique` counts. `entry` is "event"; "carried" for a level from before the
    period; "standing" for what is due without usage, with whether its prices are the last in force of those that have
    begun, of the period and of the version."""

    contract: Contract
    period: tuple[datetime, datetime]
    version_from: datetime
    priced_from: datetime
    says: tuple[Any, ...]
    card: Card
    product: Product
    dimensions: DimensionValues
    show: DimensionValues
    price: Mapping[str, Any]
    quantity: Decimal
    at: datetime
    counted: str = ""
    entry: str = "event"
    is_last_in_force: bool = False
    is_last_of_version: bool = False

    def unit_value(self, unit: str) -> Decimal:
        """What one of a custom unit is worth: as a commit of the contract says, else as the card does."""
        agreed = self.contract.unit_value(unit, self.period)
        return self.card.unit_value(unit) if agreed is None else agreed


@dataclass
class Rated:
    """All usage, and how many unrated entries there are for each reason."""

    usage: list[Usage] = field(default_factory=list)
    unrated: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Terms:
    """What decides how an event is rated: each customer's contracts, and each contract's versions in time."""

    contracts: Mapping[str, Sequence[Contract]]
    stays: Mapping[str, Sequence[Stay]]


def rate(world: World) -> Rated:
    """Rate every event that stands.

    One unrated entry an event, or an event and product where the reason is the product's.
    """
    terms = Terms(
        world.contracts_by_customer(),
        {
            contract.contract_id: stays(world.activations, contract, world.customers[contract.customer_id])
            for contract in world.contracts.values()
        },
    )
    rated = Rated()
    for event in world.events.values():
        if event is not None:
            _rate_event(world, terms, event, rated)
    return rated


def _rate_event(world: World, terms: Terms, event: Event, rated: Rated) -> None:
    customer = world.customer(event.customer_id)
    if customer is None:
        rated.unrated["unknown_customer"] += 1
        return
    contracts = [
        contract for contract in terms.contracts[customer.customer_id] if contract.holds_at(event.at)
    ]
    if not contracts:
        rated.unrated["no_contract"] += 1
        return
    contract = contracts[0]
    found = terms.stays[contract.contract_id]
    stay = stay_at(found, event.at)
    if stay is None:
        rated.unrated["no_rate_card"] += 1
        return
    card = world.cards[contract.rate_card, stay.version]
    fed = [product for product in card.products if product.is_fed_by(event.event_type, event.properties)]
    if not fed:
        rated.unrated["no_matching_product"] += 1
    period = contract.period_around(event.at)
    version_from = came_into_force(found, stay.version, period)
    of_period = prices_in_force(found, contract, period)
    [prices] = [one for one in of_period if one.since <= event.at < one.until]
    priced_from = first_in_force(of_period, prices.says)
    for product in fed:
        usage = _rate_product(event, contract, period, (version_from, priced_from), prices, card, product)
        if isinstance(usage, str):
            rated.unrated[usage] += 1
        else:
            rated.usage.append(usage)


def _rate_product(
    event: Event,
    contract: Contract,
    period: tuple[datetime, datetime],
    places: tuple[datetime, datetime],
    prices: Prices,
    card: Card,
    product: Product,
) -> Usage | str:
    """The usage, or the reason why there is none."""
    quantity = product.quantity(event.properties)
    if quantity is None:
        return "bad_quantity"
    dimensions = product.values(product.dimensions, event.properties)
    price = card.price(product, dimensions)
    if price is None:
        return "unpriced_dimension"
    price = overridden(price, product, dimensions, prices.overrides)
    # Only a price per unit gives an event an amount of its own; tiers are settled over the period.
    one = greatest_unit_price(price)
    if one is not None and abs(quantity * one) >= AMOUNT_BOUND:
        return "amount_out_of_range"
    return Usage(
        contract=contract,
        period=period,
        version_from=places[0],
        priced_from=places[1],
        says=prices.says,
        card=card,
        product=product,
        dimensions=dimensions,
        show=product.values(product.show, event.properties),
        price=price,
        quantity=quantity,
        at=event.at,
        counted=product.counted(event.properties),
    )


def greatest_unit_price(price: Mapping[str, Any]) -> Decimal | None:
    """What bounds an event's amount where one unit has a price of its own."""
    if price["model"] == "percentage":
        return Decimal(price["rate_percent"]) / 100
    if price["model"] in ("graduated", "volume"):
        return max(abs(Decimal(tier.get("unit_amount") or 0)) for tier in price["tiers"])
    return Decimal(price["unit_amount"]) if price["model"] == "per_unit" else None
