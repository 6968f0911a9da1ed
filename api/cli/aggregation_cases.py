"""Values that stand alone, aggregated in the engine (SEMANTICS §9, `runrate aggregate`)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.cli.cases import RefusedCase, ask_engine
from api.instants import milliseconds, parse_instant
from sql import render
from sql.client import Database

AGGREGATIONS = ("sum", "count", "max", "min", "latest", "unique", "average", "weighted_sum")
CASE_KEYS = frozenset({"id", "model", "events", "values_in_time_order", "period"})
# Facts about a case that aggregating does without.
IGNORED_KEYS = frozenset({"source", "notes", "rounding", "expected_quantity"})
# What an event's property must be to count as a quantity: below 1e15, at most 9 decimals (SEMANTICS §2).
_NUMBER = re.compile(r"-?0*[0-9]{1,15}(\.[0-9]{1,9})?", re.ASCII)

CASE_SHAPE = "{id, model, events: [{at, value}] | values_in_time_order, period}"


@dataclass(frozen=True, slots=True)
class AggregatedCase:
    """`quantity` is exact, or a quotient rounded half-even to 9 decimals; None with the reason in `error`.

    `not_numbers` are the values that an aggregation of numbers does not count.
    """

    case_id: str
    quantity: str | None
    error: str | None = None
    not_numbers: tuple[str, ...] = ()

    def as_json(self) -> dict[str, str]:
        """`{id, quantity}`, or `{id, error}`."""
        if self.quantity is None:
            return {"id": self.case_id, "error": self.error or ""}
        return {"id": self.case_id, "quantity": self.quantity}


@dataclass(frozen=True, slots=True)
class _Values:
    """A period's values in time order: all as text, and those that are numbers with their instants, or their places
    where only the order is known."""

    texts: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    instants: list[int] = field(default_factory=list)

    def add(self, value: Any, at: int) -> None:
        text = "" if value is None else str(value)
        self.texts.append(text)
        if _NUMBER.fullmatch(text):
            self.numbers.append(text)
            self.instants.append(at)


def aggregate_cases(database: Database, cases: Sequence[Any]) -> Iterator[AggregatedCase]:
    """Aggregate each case, in order (SEMANTICS §4 and §9).

    A case is `{id, model, events: [{at, value}] | values_in_time_order, period}`.

    Where a case has a period, events outside it do not count; only the level of a `weighted_sum` is carried into it.
    """
    for one in ask_engine(database, render("queries/aggregate_cases.sql.j2"), cases, _row):
        if one.answer is None:
            yield AggregatedCase(one.case_id, None, one.error)
        else:
            yield AggregatedCase(one.case_id, one.answer["quantity"], None, _not_numbers(one.asked))


def _not_numbers(row: Mapping[str, Any]) -> tuple[str, ...]:
    if row["model"] in ("count", "unique"):
        return ()
    return tuple(text for text in row["texts"] if not _NUMBER.fullmatch(text))


def _row(case: Any) -> dict[str, Any]:
    if not isinstance(case, Mapping):
        raise RefusedCase(f"the case is no mapping; write {CASE_SHAPE}")
    unknown = sorted(set(case) - CASE_KEYS - IGNORED_KEYS)
    if unknown:
        raise RefusedCase(f"unknown key {unknown[0]!r}; a case is {CASE_SHAPE}")
    model = case.get("model")
    if model not in AGGREGATIONS:
        raise RefusedCase(f"`model` is {model!r}; an aggregation is one of {', '.join(AGGREGATIONS)}")
    period = _period(case.get("period"))
    if model == "weighted_sum" and period is None:
        raise RefusedCase("a weighted_sum is of a period: give `period` as [start, end]")
    values = _values(case, period, keep_earlier=model == "weighted_sum")
    start, end = period or (0, 1)
    return {
        "model": model,
        "texts": values.texts,
        "numbers": values.numbers,
        "instants": values.instants,
        "period_start": start,
        "period_end": end,
    }


def _period(bounds: Any) -> tuple[int, int] | None:
    if bounds is None:
        return None
    if not isinstance(bounds, list) or len(bounds) != 2:
        raise RefusedCase("`period` is no pair; give [start, end]")
    start, end = (_instant(bound, "period") for bound in bounds)
    if start >= end:
        raise RefusedCase("`period` does not end after its start")
    return start, end


def _values(case: Mapping[str, Any], period: tuple[int, int] | None, *, keep_earlier: bool) -> _Values:
    events, in_order = case.get("events"), case.get("values_in_time_order")
    if (events is None) == (in_order is None):
        raise RefusedCase("give `events` or `values_in_time_order`, one of them")
    if case["model"] == "weighted_sum" and events is None:
        raise RefusedCase("a weighted_sum needs to know when: give `events` with `at` and `value`")
    values = _Values()
    if events is None:
        if not isinstance(in_order, list):
            raise RefusedCase("`values_in_time_order` is no list")
        for place, value in enumerate(in_order):
            values.add(value, place)
        return values
    if not isinstance(events, list) or not all(isinstance(event, Mapping) for event in events):
        raise RefusedCase("`events` is no list of {at, value}")
    timed = [(_instant(event.get("at"), "at"), event.get("value")) for event in events]
    for at, value in sorted(timed, key=lambda event: event[0]):
        if period is None or (at < period[1] and (keep_earlier or at >= period[0])):
            values.add(value, at)
    return values


def _instant(value: Any, name: str) -> int:
    try:
        return milliseconds(parse_instant(str(value)))
    except ValueError as error:
        raise RefusedCase(f"`{name}` is {value!r}: {error}") from None
