"""The amounts of one period's usage, part by part: tiers and positions, single events, and the limits of lines."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.oracle.cards import goes_by_event
from tests.oracle.exact import required_decimal
from tests.oracle.pricing import Piece, event_charges, piece_amounts
from tests.oracle.rating import Usage

ZERO = Decimal(0)
Grain = Callable[[Usage], tuple[Any, ...]]


@dataclass
class Part:
    """Usage of one combination at one version in one grain of time, and its exact amount in the product's unit."""

    items: list[Usage]
    amount: Decimal

    @property
    def first(self) -> Usage:
        """What the part is of."""
        return self.items[0]

    @property
    def quantity(self) -> Decimal:
        """The part's units."""
        return sum((item.quantity for item in self.items), ZERO)

    @property
    def events(self) -> int:
        """How many events made them."""
        return sum(item.entry == "event" for item in self.items)


def settled(usage: Iterable[Usage], grain: Grain) -> list[Part]:
    """What each part of a period's usage costs. Parts are of one version and set of overrides, grain and
    combination."""
    by_product: dict[str, list[Part]] = {}
    for ladder in _ladders(usage):
        parts = _split(ladder, grain)
        for part, amount in zip(parts, _amounts(parts), strict=True):
            by_product.setdefault(ladder[0].product.product_id, []).append(Part(part, amount))
    found = [part for parts in by_product.values() for part in _within_limits(parts, grain)]
    return [part for part in found if part.events or part.quantity or part.amount]


def row_values(item: Usage) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The values by which rows take their places: dimensions, then display values, as text. Code points order
    as the bytes of UTF-8 do."""
    return tuple(value for _, value in item.dimensions), tuple(value for _, value in item.show)


def _stands_for_product(item: Usage) -> bool:
    return item.entry == "standing" and not item.price["model"]


def _is_idle(items: Sequence[Usage]) -> bool:
    """Whether nothing was used: what is due is due without usage."""
    return all(item.entry == "standing" for item in items)


def _ladders(usage: Iterable[Usage]) -> list[list[Usage]]:
    """The usage of one period in groups that count tiers together: a product's combinations as one meter counts them,
    each by itself, or pooled where its tiers go over the product. What stands for the product itself is alone."""
    found: dict[tuple[Any, ...], list[Usage]] = {}
    for item in usage:
        product = item.product
        # One combination is one set of names and values, in whatever order a version lists them.
        combination = None if product.pooled else tuple(sorted(item.dimensions))
        alone = _stands_for_product(item)
        key = (product.product_id, product.meter_name, alone, None if alone else combination)
        found.setdefault(key, []).append(item)
    return list(found.values())


def _split(ladder: Iterable[Usage], grain: Grain) -> list[list[Usage]]:
    parts: dict[Any, list[Usage]] = {}
    for item in ladder:
        parts.setdefault((item.priced_from, grain(item), row_values(item)), []).append(item)
    # In one grain usage has its place before what is due without any.
    return [parts[key] for key in sorted(parts, key=lambda key: (*key[:2], _is_idle(parts[key]), key[2]))]


def _amounts(parts: Sequence[Sequence[Usage]]) -> list[Decimal]:
    """The amount of each part of one ladder; parts are in the order of their places, each of one price."""
    pieces: list[Piece] = []
    for part in parts:
        first = part[0]
        pieces.append(
            Piece(
                slice=int(first.priced_from.timestamp() * 1000),
                version=int(first.version_from.timestamp() * 1000),
                model=str(first.price["model"]),
                price=first.price,
                continuity=first.product.continuity,
                quantity=sum((item.quantity for item in part), ZERO),
                events=sum(item.entry == "event" for item in part),
            )
        )
    of_events = _event_amounts([item for part in parts for item in part])
    return [
        sum((of_events[id(item)] for item in part), ZERO) if goes_by_event(part[0].price) else amount
        for part, amount in zip(parts, piece_amounts(pieces), strict=True)
    ]


def _event_amounts(ladder: Sequence[Usage]) -> dict[int, Decimal]:
    """What each event costs whose amount depends on those before it: prices in the order in which they came
    into force, events of each in time order, those of one instant by value."""
    if not any(goes_by_event(item.price) for item in ladder):
        return {}
    in_order = sorted(
        (item for item in ladder if item.entry == "event"),
        key=lambda item: (item.priced_from, item.at, item.quantity, row_values(item)),
    )
    found = {id(item): ZERO for item in ladder}
    for place, item in enumerate(in_order):
        if goes_by_event(item.price):
            restart = item.product.continuity == "restart"
            before = [
                other.quantity
                for other in in_order[:place]
                if (other.product.continuity == "restart") == restart
                and (not restart or other.version_from == item.version_from)
            ]
            found[id(item)] = event_charges(item.price, [*before, item.quantity])[-1]
    return found


def _within_limits(parts: Sequence[Part], grain: Grain) -> list[Part]:
    """Hold a product's lines to their least and greatest amounts: those in one unit together; each version by
    itself where tiers restart."""

    def place(part: Part) -> tuple[Any, ...]:
        first = part.first
        return (first.priced_from, grain(first), _is_idle(part.items), row_values(first))

    if not any(_limits(part.first) != (None, None) for part in parts):
        return list(parts)
    together: dict[Any, dict[Any, list[Part]]] = {}
    for part in sorted(parts, key=place):
        first = part.first
        unit = first.product.price.get("unit")
        restart = first.product.continuity == "restart"
        key = (
            unit,
            first.unit_value(str(unit)) if unit else None,
            first.version_from if restart else None,
        )
        together.setdefault(key, {}).setdefault(first.priced_from, []).append(part)
    return [part for versions in together.values() for part in _limited(list(versions.values()))]


def _limited(versions: Sequence[Sequence[Part]]) -> list[Part]:
    """Each version's greatest amount bounds what it and those before it charge. The least amount is that of the
    version in force last: its line is at least that less what the others charge. Versions in their order."""
    lines: list[list[Decimal]] = []
    charged = ZERO
    for parts in versions:
        greatest = _limits(parts[0].first)[1]
        total, amounts = charged, []
        for part in parts:
            total += part.amount
            amounts.append((total if greatest is None else min(total, greatest)) - charged)
        charged += amounts[-1]
        lines.append(amounts)
    found: list[Part] = []
    for parts, amounts in zip(versions, lines, strict=True):
        least = _limits(parts[0].first)[0]
        due = amounts
        if least is not None and _is_last_in_force(parts):
            due = [max(amount, least - (charged - amounts[-1])) for amount in amounts]
        for part, amount, before in zip(parts, due, [ZERO, *due[:-1]], strict=True):
            found.append(Part(part.items, amount - before))
    return found


def _is_last_in_force(parts: Sequence[Part]) -> bool:
    """Whether these are the last prices in force: of the period, or of the version where tiers restart."""
    restart = parts[0].first.product.continuity == "restart"
    items = [item for part in parts for item in part.items]
    return any(item.is_last_of_version if restart else item.is_last_in_force for item in items)


def _limits(item: Usage) -> tuple[Decimal | None, Decimal | None]:
    least, greatest = (item.price.get(name) for name in ("minimum_spend", "maximum_spend"))
    return (
        None if least is None else required_decimal(least),
        None if greatest is None else required_decimal(greatest),
    )
