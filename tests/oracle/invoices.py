"""Rated usage and grants become draft invoices and balances (SEMANTICS §2, §5, §7 and §8)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.oracle.cards import DimensionValues, unit_price
from tests.oracle.charges import Charge, Charges, Money, ScopedLine, charges_of
from tests.oracle.contracts import Contract
from tests.oracle.credits import Draw, Drawdown, Grant, Step, cut_points, draw_down, step_start
from tests.oracle.exact import largest_remainder, money, plain, rounded
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
    tags: frozenset[str]
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
        value = Decimal(1) if unit == first.card.currency else first.unit_value(unit)
        line = lines.setdefault(key, Line(*key, unit, value, first.product.tags))
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


def balances_of(drafts: Iterable["Draft"], grants: Sequence[Grant], now: datetime) -> list[dict[str, str]]:
    """What became of a customer's grants at `now`, by id: usage before it counts, each step of a line less as much as
    the whole line's discounts make it less."""
    steps: list[Step] = []
    for draft in drafts:
        before = [item for item in draft.usage if item.at < now]
        if before:
            steps += draft.net_steps(steps_of(before, grants, now))
    drawdown = draw_down(grants, steps, {grant.grant_id: grant.amount for grant in grants}, now)
    return [balance(grant, grants, drawdown, now) for grant in sorted(grants, key=lambda one: one.grant_id)]


def draw_down_customer(drafts: Iterable["Draft"], grants: Sequence[Grant]) -> Drawdown:
    """All of one customer's usage, less discounts, against all of its grants."""
    if not grants:
        return Drawdown()
    steps: list[Step] = []
    for draft in drafts:
        gross = steps_of(draft.usage, grants) if draft.usage else []
        billed = sum((line.exact for line in draft.lines), ZERO)
        stepped = sum((step.amount for step in gross), ZERO)
        if billed != stepped:
            raise ValueError(f"steps come to {stepped}, lines to {billed}")
        steps += draft.net_steps(gross)
    return draw_down(grants, steps, {grant.grant_id: grant.amount for grant in grants})


@dataclass
class Draft:
    """A billing period with its usage lines and its charges, before credits and true-ups."""

    contract: Contract
    period: tuple[datetime, datetime]
    currency: str
    rounding: str
    usage: Sequence[Usage]
    now: datetime
    lines: list[Line] = field(init=False)
    charges: Charges = field(init=False)
    credited: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.money = Money.of(self.currency, self.rounding)
        self.lines = lines_of(self.usage)
        scoped = [
            ScopedLine(line.product, line.tags, line.amount(self.money.decimals, self.rounding))
            for line in self.lines
        ]
        self.charges = charges_of(self.contract, self.period, scoped, self.money, self.now)

    def gross(self, line: Line) -> Decimal:
        """The line as it is printed."""
        return line.amount(self.money.decimals, self.rounding)

    def net(self, line: Line, exact: Decimal) -> Decimal:
        """Of an exact part of a line, in its unit, what is left of it by the line's discounts: cut to 24 decimals."""
        gross, net = self.gross(line), self.charges.net[self.lines.index(line)]
        if gross == net:
            return exact
        left = Fraction(exact) * Fraction(net) / Fraction(gross)
        return rounded(left, 24, "floor" if left >= 0 else "ceil")

    def net_steps(self, steps: Iterable[Step]) -> list[Step]:
        """Each step's part of the net: what came up to it less what came before it."""
        by_line = {(line.product, line.version): line for line in self.lines}
        reached: dict[tuple[str, int], Decimal] = {}
        found: list[Step] = []
        for step in sorted(steps, key=lambda step: step.start):
            key = (step.product, step.version)
            before = reached.get(key, ZERO)
            reached[key] = before + step.amount
            net = self.net(by_line[key], reached[key]) - self.net(by_line[key], before)
            found.append(replace(step, amount=net))
        return found

    @property
    def spent(self) -> Decimal:
        """What counts towards a postpaid commit."""
        usage = sum((self.gross(line) for line in self.lines), ZERO)
        credited = sum((Decimal(line["amount"]) for line in self.credited), ZERO)
        return usage + self.charges.total("discount", "minimum") + credited

    def apply(self, draws: Sequence[Draw]) -> None:
        """Add the lines of what credits pay."""
        self.credited = _credit_lines(self, draws)

    def document(self) -> dict[str, Any]:
        """The draft as `runrate scenario --json` prints it; amounts in the card's currency."""
        decimals, (start, end) = self.money.decimals, self.period
        bounds = {"period_start": shown(start), "period_end": shown(end)}
        usage_lines = [_usage_line(line, self.currency, decimals, self.rounding) for line in self.lines]
        charge_lines = [_charge_line(charge, decimals) for charge in self.charges.lines]
        subtotal = sum((self.gross(line) for line in self.lines), ZERO) + self.charges.total()
        credited = -sum((Decimal(line["amount"]) for line in self.credited), ZERO)
        return {
            "invoice_id": self.contract.invoice_id(start),
            "customer_id": self.contract.customer_id,
            "contract_id": self.contract.contract_id,
            "currency": self.currency,
            **bounds,
            "state": "grace" if end <= self.now < end + GRACE else "draft",
            "lines": [line | bounds for line in (*usage_lines, *charge_lines, *self.credited)],
            "subtotal": money(subtotal, decimals),
            "credits_applied": money(credited, decimals),
            "total": money(subtotal - credited, decimals),
        }


def _charge_line(charge: Charge, decimals: int) -> dict[str, Any]:
    return {
        "kind": charge.kind,
        "product": None,
        "rate_card_version": None,
        "charge_id": charge.charge_id,
        "name": charge.name,
        "quantity": None if charge.quantity is None else plain(charge.quantity),
        "amount": money(charge.amount, decimals),
        "breakdown": [],
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


def _credit_lines(draft: Draft, draws: Sequence[Draw]) -> list[dict[str, Any]]:
    """One line per product and grant that paid, products by id, grants in drawdown order."""
    paid: dict[str, dict[Grant, Decimal]] = {}
    decimals, rounding = draft.money.decimals, draft.rounding
    for line, net in zip(draft.lines, draft.charges.net, strict=True):
        drawn: dict[Grant, Decimal] = {}
        for draw in draws:
            if (draw.step.product, draw.step.version) == (line.product, line.version):
                drawn[draw.grant] = drawn.get(draw.grant, ZERO) + draw.amount
        grants = sorted((grant for grant in drawn if drawn[grant]), key=Grant.order)
        covered = [drawn[grant] * line.unit_value for grant in grants]
        billed = net
        # Usage that is covered wholly leaves nothing to pay, and no credit is more than what it pays for.
        if sum(drawn.values(), ZERO) != draft.net(line, line.exact):
            billed = min(net, rounded(sum(covered, ZERO), decimals, rounding))
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
