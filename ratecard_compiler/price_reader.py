"""One price, in the words of SEMANTICS §5: which fields each model has, and what each field may hold."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from ratecard_compiler.decimals import (
    QUANTITY_DECIMALS,
    QUANTITY_LIMIT,
)
from ratecard_compiler.document import (
    PriceDeclaration,
    TierDeclaration,
    UnitConversionDeclaration,
    Written,
)
from ratecard_compiler.errors import Place
from ratecard_compiler.fields import Fields, Range, as_fields, as_sequence

TIERED = {"graduated": "unit_amount", "volume": "unit_amount", "graduated_percentage": "rate_percent"}
"""The models that have tiers, and what a tier's price is called."""

AMOUNTS: Mapping[str, tuple[str, ...]] = {
    "per_unit": ("unit_amount",),
    "graduated": (),
    "volume": (),
    "package": ("package_amount",),
    "percentage": (
        "rate_percent",
        "fixed_amount_per_event",
        "free_total_value",
        "min_amount_per_event",
        "max_amount_per_event",
    ),
    "graduated_percentage": (),
    "flat": ("flat_amount",),
}
"""Every price model, and its numbers that may be formulas."""

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "per_unit": ("unit_amount",),
    "graduated": ("tiers",),
    "volume": ("tiers",),
    "package": ("package_size", "package_amount"),
    "percentage": ("rate_percent",),
    "graduated_percentage": ("tiers",),
    "flat": ("flat_amount",),
}
QUANTITIES: Mapping[str, tuple[str, ...]] = {
    "package": ("package_size", "free_units"),
    "percentage": ("free_events",),
}
COMMON_AMOUNTS = ("minimum_spend", "maximum_spend")
COMMON_QUANTITIES = ("included",)

CONVERSION_OPERATIONS = ("multiply", "divide")
CONVERSION_ROUNDINGS = ("none", "ceil", "floor", "half_up", "half_even")
TIER_CONTINUITIES = ("carry", "restart")
TIERS_OVER = ("combination", "product")

_NOT_NEGATIVE = Range(QUANTITY_LIMIT, QUANTITY_DECIMALS, minimum=Decimal(0))
_POSITIVE = Range(QUANTITY_LIMIT, QUANTITY_DECIMALS, positive=True)
_COUNT = Range(QUANTITY_LIMIT, 0, minimum=Decimal(0))
_FACTOR = Range(QUANTITY_LIMIT, QUANTITY_DECIMALS, positive=True)
_PRECISION = Range(Decimal(QUANTITY_DECIMALS + 1), 0, minimum=Decimal(0))
_RANGES = {
    "package_size": _POSITIVE,
    "free_units": _NOT_NEGATIVE,
    "free_events": _COUNT,
    "included": _NOT_NEGATIVE,
}


def read_price(fields: Fields, model: str, allowed_besides: tuple[str, ...] = ()) -> PriceDeclaration:
    """Return the price as written; what is wrong is in the errors of `fields`.

    `model` is one of `AMOUNTS`. Numbers are `Written` formulas (a plain decimal is the simplest one).
    """
    amounts = AMOUNTS[model] + COMMON_AMOUNTS
    quantities = QUANTITIES.get(model, ()) + COMMON_QUANTITIES
    tiered = model in TIERED
    known = {"model", "unit", "unit_conversion", "tier_continuity", "tiers_over", *amounts, *quantities}
    fields.known(
        known | set(allowed_besides) | ({"tiers", "zero_usage_first_tier_flat"} if tiered else set())
    )
    for key in REQUIRED[model]:
        if fields.get(key) is None:
            fields.missing(key, f"a price of model `{model}` needs it")
    return PriceDeclaration(
        model=model,
        amounts=_amounts(fields, amounts),
        quantities=_quantities(fields, quantities),
        tiers=read_tiers(fields, TIERED[model]) if tiered else (),
        unit_conversion=_unit_conversion(fields),
        zero_usage_first_tier_flat=tiered and _zero_usage(fields),
        unit=fields.text("unit"),
        unit_place=fields.place_of("unit"),
        tier_continuity=_optional_choice(fields, "tier_continuity", TIER_CONTINUITIES),
        tiers_over=_optional_choice(fields, "tiers_over", TIERS_OVER),
        place=fields.node.place,
        path=fields.path,
    )


def _amounts(fields: Fields, keys: tuple[str, ...]) -> dict[str, Written]:
    found = {key: fields.expression(key) for key in keys}
    return {key: written for key, written in found.items() if written is not None}


def _quantities(fields: Fields, keys: tuple[str, ...]) -> dict[str, Decimal]:
    found = {key: fields.decimal(key, _RANGES[key]) for key in keys}
    return {key: value for key, value in found.items() if value is not None}


def _optional_choice(fields: Fields, key: str, choices: tuple[str, ...]) -> str | None:
    return fields.choice(key, choices, choices[0]) if fields.get(key) is not None else None


def _zero_usage(fields: Fields) -> bool:
    key = "zero_usage_first_tier_flat"
    return fields.choice(key, ("charged", "not_charged"), "not_charged") == "charged"


def _unit_conversion(fields: Fields) -> UnitConversionDeclaration | None:
    conversion = fields.mapping("unit_conversion")
    if conversion is None:
        return None
    conversion.known(("operation", "factor", "rounding", "precision"))
    for key in ("operation", "factor"):
        if conversion.get(key) is None:
            conversion.missing(key, "a conversion needs it")
    factor = conversion.decimal("factor", _FACTOR)
    precision = conversion.decimal("precision", _PRECISION)
    return UnitConversionDeclaration(
        operation=conversion.choice("operation", CONVERSION_OPERATIONS, CONVERSION_OPERATIONS[0]),
        factor=factor if factor is not None else Decimal(1),
        rounding=conversion.choice("rounding", CONVERSION_ROUNDINGS, CONVERSION_ROUNDINGS[0]),
        precision=int(precision) if precision is not None else 0,
    )


def read_tiers(fields: Fields, price_field: str) -> tuple[TierDeclaration, ...]:
    """Return the `tiers` of a mapping, whose prices are called `price_field`; what is wrong is in its errors."""
    node = fields.get("tiers")
    listed = None if node is None else as_sequence(node, fields.path_of("tiers"), fields.errors)
    if listed is None:
        return ()
    if not listed.items:
        fields.errors.add(
            "invalid_tiers", listed.place, fields.path_of("tiers"), "there is no tier", "write one"
        )
    tiers: list[TierDeclaration] = []
    for at, item in enumerate(listed.items, 1):
        tier = as_fields(item, f"{fields.path_of('tiers')}[{at}]", fields.errors)
        if tier is not None:
            tiers.append(_tier(tier, price_field))
    if len(tiers) == len(listed.items):
        _check_order(fields, tiers)
    return tuple(tiers)


def _tier(tier: Fields, price_field: str) -> TierDeclaration:
    keys = (price_field, "flat_amount")
    tier.known(("up_to", *keys))
    if all(tier.get(key) is None for key in keys):
        tier.missing(price_field, f"write `{price_field}`, `flat_amount` or both")
    up_to = tier.decimal("up_to", _POSITIVE)
    unread = up_to is None and tier.get("up_to") is not None
    return TierDeclaration(
        # What could not be read is reported already; any positive number keeps the order check quiet.
        up_to=_UNREAD if unread else up_to,
        amounts=_amounts(tier, keys),
        place=Place(*tier.place_of("up_to")),
        path=tier.path_of("up_to"),
    )


_UNREAD = Decimal("NaN")


def _check_order(fields: Fields, tiers: list[TierDeclaration]) -> None:
    """Tiers rise, and only the last is open: then they neither overlap nor leave a gap (SEMANTICS §5)."""

    def wrong(tier: TierDeclaration, fact: str, fix: str) -> None:
        fields.errors.add("invalid_tiers", tier.place, tier.path, fact, fix)

    below = Decimal(0)
    for tier in tiers[:-1]:
        if tier.up_to is None:
            wrong(tier, "only the last tier may be open", "give the tier an `up_to`, or move it to the end")
        elif not tier.up_to.is_nan():
            if tier.up_to <= below:
                fact = f"{tier.up_to} is not above {below}, where the tier before it ends"
                wrong(tier, fact, "list the tiers from low to high")
            below = max(below, tier.up_to)
    if tiers and tiers[-1].up_to is not None:
        wrong(tiers[-1], "the last tier ends, so usage above it has no price", "write `up_to: null`")
