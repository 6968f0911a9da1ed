"""What a meter makes of a period's values (SEMANTICS §4)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.oracle.exact import QUANTITY_DECIMALS, NotCovered, decimal_or_none, exactly, rounded
from tests.oracle.instants import instant, milliseconds

ZERO = Decimal(0)


@exactly
def aggregate(case: Mapping[str, Any]) -> Decimal:
    """The quantity of one case: `model`, and `events: [{at, value}]` or `values_in_time_order`, and `period`.

    Events outside the period do not count; only the level of a `weighted_sum` is carried into it.
    A value that is no number does not count (`count` and `unique` count any value). A quotient is rounded
    half-even to 9 decimals, once. Nothing measured is 0. NotCovered: an unknown aggregation.
    """
    model = case["model"]
    if model == "weighted_sum":
        return _weighted_sum(case["events"], case["period"])
    if "events" in case:
        in_order = sorted(_inside(case["events"], case.get("period")), key=_time_and_value)
        values = [event["value"] for event in in_order]
    else:
        values = list(case["values_in_time_order"])
    if model == "count":
        return Decimal(len(values))
    if model == "unique":
        return Decimal(len(set(values)))
    numbers = _numbers(values)
    if model == "sum":
        return sum(numbers, ZERO)
    if model not in ("max", "min", "latest", "average"):
        raise NotCovered(f"aggregation {model!r}")
    if not numbers:
        return ZERO
    if model == "average":
        return rounded(Fraction(sum(numbers, ZERO)) / len(numbers), QUANTITY_DECIMALS, "half_even")
    return numbers[-1] if model == "latest" else max(numbers) if model == "max" else min(numbers)


def _time_and_value(event: Mapping[str, str]) -> tuple[datetime, Decimal]:
    """At one instant the greatest value is the latest; what is no number does not count."""
    return instant(event["at"]), decimal_or_none(event["value"]) or ZERO


def _inside(events: Sequence[Mapping[str, str]], period: Sequence[str] | None) -> list[Mapping[str, str]]:
    """The events in the period, half-open; all where there is none."""
    if period is None:
        return list(events)
    start, end = (instant(bound) for bound in period)
    return [event for event in events if start <= instant(event["at"]) < end]


def _numbers(values: Sequence[str]) -> list[Decimal]:
    return [number for number in map(decimal_or_none, values) if number is not None]


def _weighted_sum(events: Sequence[Mapping[str, str]], period: Sequence[str]) -> Decimal:
    """Each value changes the level; a level counts for the part of the period for which it was held."""
    start, end = (milliseconds(instant(bound)) for bound in period)
    held = Fraction(0)
    for event in events:
        at = milliseconds(instant(event["at"]))
        value = decimal_or_none(event["value"])
        if at < end and value is not None:
            held += Fraction(value) * (end - max(at, start))
    return rounded(held / (end - start), QUANTITY_DECIMALS, "half_even")
