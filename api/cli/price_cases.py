"""Prices that stand alone, rated by the SQL that invoices use (SEMANTICS §9, `runrate rate`)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from api.cli.cases import RefusedCase, ask_engine
from ratecard_compiler import Price, RateCardErrors, compile_price
from ratecard_compiler.decimals import (
    QUANTITY_DECIMALS,
    QUANTITY_LIMIT,
    decimals_of,
    not_plain,
    plain_decimal,
)
from ratecard_compiler.rows import price_columns
from sql import render
from sql.client import Database

CASE_SHAPE = "{id, model, price, quantity | event_values}"
CASE_KEYS = frozenset({"id", "model", "price", "quantity", "event_values"})
# Facts about a case that pricing does without.
IGNORED_KEYS = frozenset({"source", "notes", "expected_amount"})


@dataclass(frozen=True, slots=True)
class PricedCase:
    """`amount` is exact and unrounded, in plain decimal notation; None with the reason in `error`."""

    case_id: str
    amount: str | None
    error: str | None = None

    def as_json(self) -> dict[str, str]:
        """`{id, amount}`, or `{id, error}`."""
        if self.amount is None:
            return {"id": self.case_id, "error": self.error or ""}
        return {"id": self.case_id, "amount": self.amount}


def price_cases(database: Database, cases: Sequence[Any]) -> Iterator[PricedCase]:
    """Price each case, in order.

    A case is `{id, model, price, quantity}` or, for prices of single events, `{…, event_values}` in time
    order (SEMANTICS §5 and §9). Amounts are in the price's unit, with minimum and maximum spend applied.
    """
    for one in ask_engine(database, render("queries/rate_cases.sql.j2"), cases, _row):
        yield PricedCase(one.case_id, None, one.error) if one.answer is None else _priced(one.answer)


def _priced(row: Mapping[str, Any]) -> PricedCase:
    if not row["in_range"]:
        return PricedCase(row["id"], None, "amount_out_of_range: the amount is not below 1e14")
    return PricedCase(row["id"], row["amount"])


def _row(case: Any) -> dict[str, Any]:
    if not isinstance(case, Mapping):
        raise RefusedCase("the case is no mapping; write {id, model, price, quantity}")
    unknown = sorted(set(case) - CASE_KEYS - IGNORED_KEYS)
    if unknown:
        raise RefusedCase(
            f"unknown key {unknown[0]!r}; a case has id, model, price, quantity or event_values"
        )
    for key in ("model", "price"):
        if key not in case:
            raise RefusedCase(f"`{key}` is missing")
    price = case["price"]
    if isinstance(price, Mapping) and price.get("model", case["model"]) != case["model"]:
        raise RefusedCase(f"`model` is {case['model']!r} and `price.model` {price['model']!r}; keep one")
    try:
        compiled = compile_price(str(case["model"]), price)
    except RateCardErrors as refused:
        raise RefusedCase(
            "; ".join(f"{e.path or 'price'}: {e.fact} ({e.code}) — {e.fix}" for e in refused.errors)
        ) from None
    except ValueError as refused:
        raise RefusedCase(str(refused)) from None
    return {**_usage(case, compiled), **price_columns(compiled)}


def _usage(case: Mapping[str, Any], price: Price) -> dict[str, Any]:
    if case.get("event_values") is not None:
        if case.get("quantity") is not None:
            raise RefusedCase("give `quantity` or `event_values`, not both")
        if not isinstance(case["event_values"], list):
            raise RefusedCase("`event_values` is no list")
        values = [_quantity(value, "event_values") for value in case["event_values"]]
    elif price.model == "percentage":
        raise RefusedCase("a percentage is of each event's value: give `event_values`, in time order")
    elif case.get("quantity") is None and price.model == "flat":
        values = []
    else:
        values = [_quantity(case.get("quantity"), "quantity")]
    return {
        "quantity": format(sum(values, Decimal(0)), "f"),
        "event_values": [format(v, "f") for v in values],
    }


def _quantity(value: Any, name: str) -> Decimal:
    text = str(value)
    number = None if value is None or isinstance(value, bool) else plain_decimal(text)
    if number is None:
        wrong = "is no number" if value is None or isinstance(value, bool) else not_plain(text)
        raise RefusedCase(f'bad_quantity: `{name}` is {_short(value)!r}, which {wrong}; write it like "12.5"')
    if decimals_of(number) > QUANTITY_DECIMALS or abs(number) >= QUANTITY_LIMIT:
        raise RefusedCase(f"bad_quantity: `{name}` is {text}; at most 9 decimals and below 1e15")
    return number


def _short(value: Any) -> Any:
    return value if len(str(value)) <= 60 else f"{str(value)[:60]}…"
