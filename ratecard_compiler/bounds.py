"""How much a price can come to: what keeps amounts exact within their bounds (SEMANTICS §2)."""

from collections.abc import Sequence
from decimal import ROUND_UP, Decimal

from ratecard_compiler.decimals import FORMULA_CONTEXT, PRICE_LIMIT
from ratecard_compiler.ir import Price, Tier


def unit_amount(price: Price) -> Decimal:
    """Return what one unit costs; of a percentage, a hundredth of the rate for one unit of value."""
    return price.unit_amount if price.rate_percent is None else price.rate_percent.scaleb(-2, FORMULA_CONTEXT)


def tier_unit_amount(price: Price, tier: Tier) -> Decimal:
    """Return what one unit costs in a tier; of a percentage, a hundredth of the rate for one unit of value."""
    if price.model == "graduated_percentage":
        return tier.rate_percent.scaleb(-2, FORMULA_CONTEXT)
    return tier.unit_amount


def greatest_unit_price(price: Price) -> Decimal:
    """Return the most that one metered unit can cost, whatever came before it, rounded up to 15 decimals.

    An event whose quantity times this is out of range is not rated. At 1e14 and above a price is refused: then one
    whole unit is out of range already.
    """
    candidates = [abs(unit_amount(price)), *(abs(tier_unit_amount(price, tier)) for tier in price.tiers)]
    if price.package_size and price.package_amount:
        candidates.append(FORMULA_CONTEXT.divide(abs(price.package_amount), price.package_size))
    factor = Decimal(1)
    if price.unit_conversion is not None:
        factor = abs(price.unit_conversion.factor)
        if price.unit_conversion.operation == "divide":
            factor = FORMULA_CONTEXT.divide(Decimal(1), factor)
    greatest = FORMULA_CONTEXT.multiply(max(candidates), factor)
    if greatest >= PRICE_LIMIT:
        return greatest
    return greatest.quantize(Decimal("1e-15"), ROUND_UP, FORMULA_CONTEXT)


def shared_place_is_fair(prices: Sequence[Price]) -> bool:
    """Whether combinations that share one place (`tiers_over: product`) cost the same in whatever order they come.

    They do where all have one price; where each unit has its own price whatever came before; and where all of the
    period's units are priced at the tier of their total, without amounts that fall on a single unit.
    """
    first = prices[0]
    if all(price == first for price in prices):
        return True
    plain = all(not price.included and price.unit_conversion is None for price in prices)
    flat = any(tier.flat_amount for price in prices for tier in price.tiers)
    return plain and (first.model == "per_unit" or (first.model == "volume" and not flat))
