"""What another version would have meant for last month's usage."""

from datetime import datetime, timedelta
from decimal import Decimal

from api.instants import instant_text
from api.reads.diff_documents import MOST_LISTED, Effect, EffectRow
from api.reads.documents import exact_sum
from api.reads.replay import Cost, Scope, replay
from api.store import Store
from ratecard_compiler.card_diff import percent_of
from ratecard_compiler.decimals import decimal_text


def last_month(now: datetime) -> tuple[datetime, datetime]:
    """Return the last complete calendar month, UTC."""
    end = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (end - timedelta(days=1)).replace(day=1), end


def effect_of(store: Store, rate_card: str, before_id: int, after_id: int, currency: str) -> Effect:
    """Price last month's usage of a card's contracts under two published versions, exact."""
    now = store.clock()
    month = last_month(now)
    scope = Scope(rate_card, now, month=month)
    store.load_prices(max(before_id, after_id))
    first = replay(store, scope, before_id, by_customer=True)
    second = replay(store, scope, after_id, by_customer=True)
    was, now_ = _amounts(first.after), _amounts(second.after)
    rows = [
        _row(key, was.get(key, Decimal(0)), now_.get(key, Decimal(0)), second.ways.get(key[1], "removed"))
        for key in sorted(was.keys() | now_.keys())
    ]
    rows.sort(key=lambda row: -abs(Decimal(row.change)))
    before, after = exact_sum(was.values()), exact_sum(now_.values())
    return Effect(
        instant_text(month[0]),
        instant_text(month[1]),
        currency,
        decimal_text(before),
        decimal_text(after),
        decimal_text(exact_sum((after, -before))),
        _percent(before, after),
        tuple(rows[:MOST_LISTED]),
    )


def _amounts(costs: tuple[Cost, ...]) -> dict[tuple[str, str], Decimal]:
    return {(one.customer_id, one.product): one.amount for one in costs}


def _row(key: tuple[str, str], before: Decimal, after: Decimal, way: str) -> EffectRow:
    change = decimal_text(exact_sum((after, -before)))
    texts = (decimal_text(before), decimal_text(after), change)
    return EffectRow(*key, *texts, _percent(before, after), way)


def _percent(before: Decimal, after: Decimal) -> str | None:
    percent = percent_of(before, after)
    return None if percent is None else decimal_text(percent)
