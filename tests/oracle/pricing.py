"""What a quantity costs (SEMANTICS §5), and what each part of a period's units costs when the price changes
inside it.

Every amount is exact and unrounded, in the unit of the price (the card's currency or a custom unit).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any

from tests.oracle.exact import NotCovered, exactly, required_decimal, rounded

ZERO = Decimal(0)
HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Tier:
    """Units above `lower` up to and with `upper` (None: no end)."""

    lower: Decimal
    upper: Decimal | None
    unit_amount: Decimal
    flat_amount: Decimal


@exactly
def price_amount(model: str, price: Mapping[str, Any], usage: Any) -> Decimal:
    """The unrounded amount of one period: `usage` is a quantity, or for `percentage` the events' values in
    time order. `price` uses the words of SEMANTICS §5. ValueError: not a decimal; NotCovered: an unknown
    model."""
    if model == "percentage":
        amount = sum(event_charges(price, [required_decimal(value) for value in usage]), ZERO)
    else:
        amount = amount_of(model, price, priced_quantity(price, required_decimal(usage)))
    if price.get("maximum_spend") is not None:
        amount = min(amount, required_decimal(price["maximum_spend"]))
    if price.get("minimum_spend") is not None:
        amount = max(amount, required_decimal(price["minimum_spend"]))
    return amount


def amount_of(model: str, price: Mapping[str, Any], quantity: Decimal) -> Decimal:
    """The amount of `quantity` units from position zero."""
    if model == "per_unit":
        return quantity * required_decimal(price["unit_amount"])
    if model == "flat":
        return required_decimal(price["flat_amount"])
    if model == "package":
        return _package(price, quantity)
    if model not in ("graduated", "graduated_percentage", "volume"):
        raise NotCovered(f"price model {model!r}")
    tiers = tiers_of(model, price)
    if quantity <= 0:
        charged = quantity == 0 and price.get("zero_usage_first_tier_flat") == "charged"
        return tiers[0].flat_amount if charged else ZERO
    if model == "volume":
        tier = tier_of(tiers, quantity)
        return quantity * tier.unit_amount + tier.flat_amount
    return sum((_part(tier, quantity) for tier in tiers if quantity > tier.lower), ZERO)


def tiers_of(model: str, price: Mapping[str, Any]) -> list[Tier]:
    """The tiers with their lower bounds; a percentage is a price of rate / 100 for one unit of value."""
    tiers: list[Tier] = []
    lower = ZERO
    for tier in price["tiers"]:
        upper = None if tier.get("up_to") is None else required_decimal(tier["up_to"])
        if model == "graduated_percentage":
            unit_amount = required_decimal(tier["rate_percent"]) / HUNDRED
        else:
            unit_amount = required_decimal(tier.get("unit_amount") or "0")
        tiers.append(Tier(lower, upper, unit_amount, required_decimal(tier.get("flat_amount") or "0")))
        lower = upper if upper is not None else lower
    return tiers


def tier_of(tiers: Sequence[Tier], quantity: Decimal) -> Tier:
    """The tier that `quantity` falls into; `up_to` is inclusive."""
    return next(tier for tier in tiers if tier.upper is None or quantity <= tier.upper)


def _part(tier: Tier, quantity: Decimal) -> Decimal:
    upper = quantity if tier.upper is None else min(quantity, tier.upper)
    return (upper - tier.lower) * tier.unit_amount + tier.flat_amount


def _package(price: Mapping[str, Any], quantity: Decimal) -> Decimal:
    above = quantity - required_decimal(price.get("free_units") or "0")
    if quantity <= 0 or above <= 0:
        return ZERO
    packages = ceil(Fraction(above) / Fraction(required_decimal(price["package_size"])))
    return packages * required_decimal(price["package_amount"])


def priced_quantity(price: Mapping[str, Any], quantity: Decimal) -> Decimal:
    """The units that are priced of a period's first `quantity` units: less what is included, then converted."""
    included = required_decimal(price.get("included") or "0")
    if included:
        quantity = max(ZERO, quantity - included)
    conversion = price.get("unit_conversion")
    if not conversion:
        return quantity
    factor = Fraction(required_decimal(conversion["factor"]))
    exact = (
        Fraction(quantity) / factor if conversion["operation"] == "divide" else Fraction(quantity) * factor
    )
    mode = conversion.get("rounding") or "none"
    if mode == "none":
        return rounded(exact, 9, "half_even")
    return rounded(exact, int(conversion.get("precision") or 0), mode)


def event_charges(price: Mapping[str, Any], values: Sequence[Decimal]) -> list[Decimal]:
    """What each of a period's events costs in percent of its value, in time order."""
    free_events = None if price.get("free_events") is None else int(price["free_events"])
    free_value = (
        None if price.get("free_total_value") is None else required_decimal(price["free_total_value"])
    )
    included = required_decimal(price.get("included") or "0")
    charges: list[Decimal] = []
    running = metered = ZERO
    for count, value in enumerate(values, 1):
        was_running, was_metered = running, metered
        metered += value
        running = priced_quantity(price, metered)
        charged = running - was_running
        is_free = bool(included) and max(was_metered, metered) <= included
        if (free_events is not None or free_value is not None) and (
            free_events is None or count <= free_events
        ):
            # Within the free events only what lies above the free value is charged; a refund takes it back.
            if free_value is None:
                charged, is_free = ZERO, True
            else:
                charged = max(running - free_value, ZERO) - max(was_running - free_value, ZERO)
                is_free = is_free or max(was_running, running) <= free_value
        charges.append(ZERO if is_free else _event_charge(price, charged))
    return charges


def _event_charge(price: Mapping[str, Any], charged: Decimal) -> Decimal:
    amount = charged * required_decimal(price["rate_percent"]) / HUNDRED
    amount += required_decimal(price.get("fixed_amount_per_event") or "0")
    if charged < 0:
        # What a refund gives back has no bounds.
        return amount
    if price.get("max_amount_per_event") is not None:
        amount = min(amount, required_decimal(price["max_amount_per_event"]))
    if price.get("min_amount_per_event") is not None:
        amount = max(amount, required_decimal(price["min_amount_per_event"]))
    return amount


@dataclass(frozen=True)
class Piece:
    """Some of the units that count tiers together: those of one breakdown row at the prices of one rate
    card version (`slice` is their place, `version` that of the version), or those of one step of it. Pieces are given
    in the order of their places."""

    slice: int
    model: str
    price: Mapping[str, Any]
    continuity: str
    quantity: Decimal
    events: int = 0
    version: int | None = None


def piece_amounts(pieces: Sequence[Piece]) -> list[Decimal]:
    """The amount of each piece. With `carry` a piece begins at the position where the one before ended; with
    `restart` the first piece of a slice begins at zero."""
    return [_piece_amount(pieces, index) for index in range(len(pieces))]


def _piece_amount(pieces: Sequence[Piece], index: int) -> Decimal:
    piece = pieces[index]
    together = [
        (place, other)
        for place, other in enumerate(pieces)
        if other.continuity == piece.continuity
        and (piece.continuity == "carry" or _version(other) == _version(piece))
    ]
    if not piece.model:
        return ZERO
    total = priced_quantity(piece.price, sum((other.quantity for _, other in together), ZERO))
    # What is due once a period stands on the first piece of the first version that has it.
    is_first = index == next(
        (place for place, other in together if _due_once(other) == _due_once(piece)), None
    )
    if piece.model == "flat":
        return amount_of(piece.model, piece.price, ZERO) if is_first else ZERO
    metered = sum((other.quantity for place, other in together if place < index), ZERO)
    before = priced_quantity(piece.price, metered)
    after = priced_quantity(piece.price, metered + piece.quantity)
    if piece.model == "per_unit":
        return amount_of(piece.model, piece.price, after - before)
    if piece.model == "percentage":
        fixed = required_decimal(piece.price.get("fixed_amount_per_event") or "0")
        return (after - before) * required_decimal(
            piece.price["rate_percent"]
        ) / HUNDRED + piece.events * fixed
    zero_usage = amount_of(piece.model, piece.price, ZERO) if is_first and total == 0 else ZERO
    flats = _tier_flats(piece, index, together, before, after, total)
    if piece.model == "volume":
        return _volume_units(piece, before, after, total) + flats + zero_usage
    if piece.model == "package":
        return _climbed(piece, after) - _climbed(piece, before)
    return _graduated_units(piece, after) - _graduated_units(piece, before) + flats + zero_usage


TIERED = ("graduated", "graduated_percentage", "volume")


def _tier_flats(
    piece: Piece,
    index: int,
    together: Sequence[tuple[int, Piece]],
    before: Decimal,
    after: Decimal,
    total: Decimal,
) -> Decimal:
    """The flat amounts that a piece charges. That of a tier is charged once a period, by the first version whose
    units end in its tier of that number; within the version by the piece that brings the units into the tier, and
    given back by one that takes them out again. A volume price has only the tier of the period's total."""
    if piece.model not in TIERED:
        return ZERO
    begins = not any(other.slice == piece.slice for place, other in together if place < index)
    earlier = sorted({other.slice for _, other in together if other.slice < piece.slice})
    found = ZERO
    for number, tier in enumerate(tiers_of(piece.model, piece.price)):
        if piece.model == "volume" and not _holds(tier, total):
            continue
        if not any(_ends_in_tier(together, version, number) for version in earlier):
            found += ((after > tier.lower) - (before > tier.lower and not begins)) * tier.flat_amount
    return found


def _ends_in_tier(together: Sequence[tuple[int, Piece]], version: int, number: int) -> bool:
    """Whether the units of a version end in, or beyond, its tier of that number."""
    last = next(other for _, other in reversed(together) if other.slice == version)
    if last.model not in TIERED:
        return False
    tiers = tiers_of(last.model, last.price)
    if number >= len(tiers):
        return False
    metered = sum((other.quantity for _, other in together if other.slice <= version), ZERO)
    total = sum((other.quantity for _, other in together), ZERO)
    if last.model == "volume" and not _holds(tiers[number], priced_quantity(last.price, total)):
        return False
    return priced_quantity(last.price, metered) > tiers[number].lower


def _holds(tier: Tier, quantity: Decimal) -> bool:
    return tier.lower < quantity and (tier.upper is None or quantity <= tier.upper)


def _version(piece: Piece) -> int:
    """The version's place; the prices' where they are the version's."""
    return piece.slice if piece.version is None else piece.version


def _due_once(piece: Piece) -> str:
    """Which amount a piece's price has that is due once a period, whatever the usage or without any."""
    if piece.model == "flat":
        return "flat"
    if piece.model not in TIERED:
        return ""
    return "zero usage" if amount_of(piece.model, piece.price, ZERO) else ""


def _climbed(piece: Piece, quantity: Decimal) -> Decimal:
    """What the units up to a position cost; nothing at zero and below."""
    return amount_of(piece.model, piece.price, quantity) if quantity > 0 else ZERO


def _graduated_units(piece: Piece, quantity: Decimal) -> Decimal:
    """What the units up to a position cost without flat amounts; nothing at zero and below."""
    return sum(
        (
            (quantity if tier.upper is None else min(quantity, tier.upper)) * tier.unit_amount
            - tier.lower * tier.unit_amount
            for tier in tiers_of(piece.model, piece.price)
            if quantity > tier.lower
        ),
        ZERO,
    )


def _volume_units(piece: Piece, before: Decimal, after: Decimal, total: Decimal) -> Decimal:
    """The period's total decides the tier."""
    if total <= 0:
        return ZERO
    return (after - before) * tier_of(tiers_of("volume", piece.price), total).unit_amount
