"""How documents write numbers and instants, and the page of a list."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal, Inexact, localcontext
from typing import Any, Final, Generic, TypeVar

from api.instants import instant_text

Item = TypeVar("Item")

Position = tuple[str | int, ...]

Row = Mapping[str, Any]

_EXACT: Final = Context(prec=120, traps=[Inexact])


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some entries of a list and where the next page starts; `after` is None on the last page."""

    items: tuple[Item, ...]
    after: Position | None


def exact_sum(values: Iterable[Decimal]) -> Decimal:
    """Return the sum with every digit; Python's own rounds to 28 of them."""
    with localcontext(_EXACT):
        return sum(values, Decimal(0))


def amount_text(value: Decimal, currency_exponent: int) -> str:
    """Write a rounded amount with all decimals of its currency: `8` is `8.00`.

    Raises decimal.Inexact for an amount that was not rounded: rounding is the invoice views' alone
    (SEMANTICS §2).
    """
    rounded = value.quantize(Decimal(1).scaleb(-currency_exponent), context=_EXACT)
    return f"{rounded if rounded else abs(rounded):f}"


def optional_instant_text(value: datetime | None) -> str | None:
    """Write an instant; none stays none."""
    return None if value is None else instant_text(value)


def page_of(
    rows: Sequence[Row], limit: int, document: Callable[[Row], Item], position: Callable[[Row], Position]
) -> Page[Item]:
    """Return a page of at most `limit` entries from the rows of a query that was asked for one more."""
    shown = rows[:limit]
    after = position(shown[-1]) if len(rows) > limit else None
    return Page(tuple(document(row) for row in shown), after)
