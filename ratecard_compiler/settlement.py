"""What a product's amounts follow from: a unit price, the units' places in the period, or single events."""

from ratecard_compiler.ir import Price

ADDITIVE_AGGREGATIONS = frozenset({"sum", "count"})
"""Those whose parts of a period add up to the whole. The others are computed over the period (SEMANTICS §4)."""


OF_EVENTS = frozenset(
    {
        "fixed_amount_per_event",
        "free_events",
        "free_total_value",
        "min_amount_per_event",
        "max_amount_per_event",
    }
)
"""Fields of a percentage that speak of single events."""


def follows_from_unit_price(price: Price, aggregation: str) -> bool:
    """Whether the amount is quantity × unit price, whatever came before."""
    per_unit = price.model == "per_unit" or (
        price.model == "percentage" and not price.fixed_amount_per_event and not _limits_events(price)
    )
    plain = price.unit_conversion is None and not price.included
    return per_unit and plain and aggregation in ADDITIVE_AGGREGATIONS


def follows_from_events(price: Price, aggregation: str) -> bool:
    """Whether quantity or amount need the single events in time order, so that hourly sums do not do.

    An amount for each event needs only their number, unless some are free.
    """
    some_free = bool(price.fixed_amount_per_event and price.included)
    return aggregation not in ADDITIVE_AGGREGATIONS or some_free or _limits_events(price)


def _limits_events(price: Price) -> bool:
    return any(
        limit is not None
        for limit in (
            price.free_events,
            price.free_total_value,
            price.min_amount_per_event,
            price.max_amount_per_event,
        )
    )


def charged_without_usage(price: Price) -> bool:
    """Whether a period without usage pays: a flat amount, what no usage costs, or a least amount (SEMANTICS §5)."""
    return price.model == "flat" or price.zero_usage_first_tier_flat or bool(price.minimum_spend)
