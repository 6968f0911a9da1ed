"""Rated usage and grants become draft invoices and balances (SEMANTICS §2, §5, §7 and §8)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.oracle.cards import DimensionValues, unit_price
from tests.oracle.contracts import Contract
from tests.oracle.credits import Draw, Drawdown, Grant, Step, cut_points, draw_down, step_start
from tests.oracle.exact import currency_decimals, largest_remainder, money, plain, rounded
from tests.oracle.instants import shown
from tests.oracle.overrides import price_key
from tests.oracle.rating import Usage
from tests.oracle.settlement import settled

ZERO = Decimal(0)
GRACE = timedelta(days=1)

# A row of a breakdown: its dimension values, its display values, and its price.
RowKey = tuple[DimensionValues, DimensionValues, tuple[Any, ...]]


@dataclass
class Line:
    """One product at one card version in one period, before rounding; amounts in the product's unit."""

    product: str
    version: int
    unit: str
    unit_value: Decimal
    quantity: Decimal = ZERO
    exact: Decimal = ZERO
    rows: dict[RowKey, "Row"] = field(default_factory=dict)

    def amount(self, decimals: int, rounding: str) -> Decimal:
        """The line in currency, rounded once."""
        return rounded(self.exact * self.unit_value, decimals, rounding)


@dataclass
class Row:
    """One row of a line's breakdown: what its units cost at their place, exact. `priced_from` is when its price
    first came into force."""

    unit_price: Decimal | None
    priced_from: datetime
    quantity: Decimal = ZERO
    exact: Decimal = ZERO


def by_period(usage: Iterable[Usage]) -> dict[tuple[str, datetime], list[Usage]]:
    """Usage by contract id and period start, in that order."""
    found: dict[tuple[str, datetime], list[Usage]] = {}
    for item in usage:
        found.setdefault((item.contract.contract_id, item.period[0]), []).append(item)
    return dict(sorted(found.items()))


def lines_of(usage: Sequence[Usage]) -> list[Line]:
    """The usage lines of one period, by product and version. Versions, and the prices that overrides make of
    each, take their places in the order in which they came into force, the rows of each one after the other."""
    lines: dict[tuple[str, int], Line] = {}
    for part in settled(usage, lambda item: ()):
        first = part.first
        key = (first.product.product_id, first.card.version)
        unit = str(first.product.price.get("unit") or first.card.currency)
        value = Decimal(1) if unit == first.card.currency else first.card.unit_value(unit)
        line = lines.setdefault(key, Line(*key, unit, value))
        line.quantity += part.quantity
        line.exact += part.amount
        row_key = (first.dimensions, first.show, price_key(first.price))
        row = line.rows.setdefault(row_key, Row(unit_price(first.price), first.priced_from))
        row.quantity += part.quantity
        row.exact += part.amount
        row.priced_from = min(row.priced_from, first.priced_from)
    return [lines[key] for key in sorted(lines)]


def steps_of(usage: Sequence[Usage], grants: Sequence[Grant], until: datetime | None = None) -> list[Step]:
    """A customer's usage of one period as drawdown steps. A step's amount is what its units cost at their
    place in the period, so the steps of a line add up to the line."""
    cuts = [*cut_points(grants), *([until] if until else [])]
    amounts: dict[tuple[datetime, str, int, str, frozenset[str]], Decimal] = {}
    for part in settled(usage, lambda item: (step_start(item.at, cuts),)):
        first = part.first
        unit = str(first.product.price.get("unit") or first.card.currency)
        key = (
            step_start(first.at, cuts),
            first.product.product_id,
            first.card.version,
            unit,
            first.product.tags,
        )
        amounts[key] = amounts.get(key, ZERO) + part.amount
    first = usage[0]
    owner = (first.period[0], first.contract.contract_id)
    return [
        Step(start, product, unit, amount, tags, owner, version)
        for (start, product, version, unit, tags), amount in amounts.items()
    ]


def balances_of(
    periods: Iterable[Sequence[Usage]], grants: Sequence[Grant], now: datetime
) -> list[dict[str, str]]:
    """What became of a customer's grants at `now`, by id: usage before it counts."""
    before = [[item for item in usage if item.at < now] for usage in periods]
    steps = [step for usage in before if usage for step in steps_of(usage, grants, now)]
    drawdown = draw_down(grants, steps, {grant.grant_id: grant.amount for grant in grants}, now)
    return [balance(grant, grants, drawdown, now) for grant in sorted(grants, key=lambda one: one.grant_id)]


def draw_down_customer(periods: Iterable[Sequence[Usage]], grants: Sequence[Grant]) -> Drawdown:
    """All of one customer's usage against all of its grants."""
    if not grants:
        return Drawdown()
    steps = [step for usage in periods for step in steps_of(usage, grants)]
    for usage in periods:
        billed = sum((line.exact for line in lines_of(usage)), ZERO)
        stepped = sum((step.amount for step in steps_of(usage, grants)), ZERO)
        if billed != stepped:
            raise ValueError(f"steps come to {stepped}, lines to {billed}")
    return draw_down(grants, steps, {grant.grant_id: grant.amount for grant in grants})


def invoice(usage: Sequence[Usage], draws: Sequence[Draw], now: datetime) -> dict[str, Any]:
    """The draft of one billing period, as `runrate scenario --json` prints it; amounts in the card's
    currency."""
    contract, card, (start, end) = usage[0].contract, usage[0].card, usage[0].period
    decimals, rounding = currency_decimals(card.currency), card.rounding
    lines = lines_of(usage)
    bounds = {"period_start": shown(start), "period_end": shown(end)}
    usage_lines = [_usage_line(line, card.currency, decimals, rounding) | bounds for line in lines]
    credit_lines = [line | bounds for line in _credit_lines(lines, draws, contract, decimals, rounding)]
    subtotal = sum((line.amount(decimals, rounding) for line in lines), ZERO)
    credited = -sum((Decimal(line["amount"]) for line in credit_lines), ZERO)
    return {
        "invoice_id": contract.invoice_id(start),
        "customer_id": contract.customer_id,
        "contract_id": contract.contract_id,
        "currency": card.currency,
        **bounds,
        "state": "grace" if end <= now < end + GRACE else "draft",
        "lines": usage_lines + credit_lines,
        "subtotal": money(subtotal, decimals),
        "credits_applied": money(credited, decimals),
        "total": money(subtotal - credited, decimals),
    }


def _usage_line(line: Line, currency: str, decimals: int, rounding: str) -> dict[str, Any]:
    amount = line.amount(decimals, rounding)
    rows = sorted(line.rows.items(), key=lambda entry: (*entry[0][:2], entry[1].priced_from))
    shares = largest_remainder(amount, [row.exact * line.unit_value for _, row in rows], decimals)
    return {
        "kind": "usage",
        "product": line.product,
        "rate_card_version": line.version,
        **({} if line.unit == currency else {"unit": line.unit}),
        "quantity": plain(line.quantity),
        "amount": money(amount, decimals),
        "breakdown": [
            {
                "dimensions": dict(dimensions),
                "show": dict(display),
                "quantity": plain(row.quantity),
                "unit_price": None if row.unit_price is None else plain(row.unit_price),
                "amount": money(share, decimals),
            }
            for ((dimensions, display, _), row), share in zip(rows, shares, strict=True)
        ],
    }


def _credit_lines(
    lines: Sequence[Line], draws: Sequence[Draw], contract: Contract, decimals: int, rounding: str
) -> list[dict[str, Any]]:
    """One line per product and grant that paid, products by id, grants in drawdown order."""
    paid: dict[str, dict[Grant, Decimal]] = {}
    for line in lines:
        drawn: dict[Grant, Decimal] = {}
        for draw in draws:
            if (draw.step.product, draw.step.version) == (line.product, line.version):
                drawn[draw.grant] = drawn.get(draw.grant, ZERO) + draw.amount
        grants = sorted((grant for grant in drawn if drawn[grant]), key=Grant.order)
        covered = [drawn[grant] * line.unit_value for grant in grants]
        billed = line.amount(decimals, rounding)
        # Usage that is covered wholly leaves nothing to pay, and no credit is more than what it pays for.
        if sum(drawn.values(), ZERO) != line.exact:
            billed = min(billed, rounded(sum(covered, ZERO), decimals, rounding))
        of_product = paid.setdefault(line.product, {})
        shares = largest_remainder(billed, covered, decimals) if grants else []
        for grant, share in zip(grants, shares, strict=True):
            of_product[grant] = of_product.get(grant, ZERO) + share
    return [
        _credit_line(product, grant, paid[product][grant], decimals)
        for product in sorted(paid)
        for grant in sorted(paid[product], key=Grant.order)
    ]


def _credit_line(product: str, grant: Grant, amount: Decimal, decimals: int) -> dict[str, Any]:
    return {
        "kind": "credit",
        "product": product,
        "rate_card_version": None,
        "grant_id": grant.grant_id,
        "quantity": None,
        "amount": money(-amount, decimals),
        "breakdown": [],
    }


def balance(grant: Grant, grants: Sequence[Grant], drawdown: Drawdown, now: datetime) -> dict[str, str]:
    """What became of one grant, in its unit; before it starts nothing is granted, after its end the rest expired, was
    void, or was rolled over."""
    granted = drawdown.granted.get(grant.grant_id, ZERO) if grant.parent else grant.amount
    if grant.effective_at > now:
        granted = ZERO
    drawn = sum((draw.amount for draw in drawdown.draws if draw.grant == grant), ZERO)
    rollovers = [one.grant_id for one in grants if one.parent == grant.grant_id]
    rolled_over = sum((drawdown.granted.get(name, ZERO) for name in rollovers), ZERO)
    ended = granted and grant.ends_at is not None and grant.ends_at <= now
    rest = granted - drawn - rolled_over if ended else ZERO
    expired, voided = (ZERO, rest) if grant.voided else (rest, ZERO)
    shown = {
        "grant_id": grant.grant_id,
        "unit": grant.unit,
        "granted": plain(granted),
        "drawn": plain(drawn),
        "expired": plain(expired),
        "remaining": plain(granted - drawn - expired - voided - rolled_over),
    }
    others = {"voided": plain(voided), "rolled_over": plain(rolled_over)}
    return shown | {name: amount for name, amount in others.items() if amount != "0"}
