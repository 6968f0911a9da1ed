"""The shape of an invoice (SEMANTICS §9) and how rows of the views become it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from api.instants import instant_text
from api.reads.documents import Row, amount_text, exact_sum
from ratecard_compiler.decimals import decimal_text

State = Literal["draft", "grace", "final", "void"]
LineKind = Literal["usage", "fee", "minimum", "commit", "discount", "credit", "correction", "tax"]

CALCULATION = (
    "usage",
    "amount_discounts",
    "percent_discounts",
    "minimum",
    "fees",
    "commits",
    "credits",
    "tax",
    "total",
)
"""The order of calculation (SEMANTICS §6). Usage is quantity, then what is included, price and override, and the line's
least and greatest amount. Nothing is taxed yet."""

_NO_CHARGE = {"charge_id": None, "name": None, "service_start": None, "service_end": None}


@dataclass(frozen=True, slots=True)
class BreakdownRow:
    """One dimension combination of a line. `amount` is its share of the line's rounded amount, in the
    invoice's currency; `unit_price`, in the line's unit, is null where it depends on position (tiers,
    packages)."""

    dimensions: dict[str, str]
    show: dict[str, str]
    quantity: str
    unit_price: str | None
    amount: str


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One line, rounded once to the currency's decimals; `exact_amount` is what was rounded. Credits and discounts are
    negative.

    Usage and credits are of a `product`; other lines are of a `charge_id`, a fee or commit of the contract or the
    number of a discount in it, for a service from `service_start` to `service_end`. `quantity` is in `metered_unit`;
    `unit` is what the product is priced in: the currency or a custom unit.
    """

    line_id: str
    kind: LineKind
    product: str | None
    product_name: str | None
    rate_card_version: int | None
    grant_id: str | None
    charge_id: str | None
    name: str | None
    service_start: str | None
    service_end: str | None
    quantity: str | None
    metered_unit: str | None
    unit: str
    exact_amount: str
    amount: str
    period_start: str
    period_end: str
    breakdown: tuple[BreakdownRow, ...]


@dataclass(frozen=True, slots=True)
class CalculationStep:
    """A step of the order in which an invoice is computed, and what it adds, in the invoice's currency."""

    step: str
    amount: str


@dataclass(frozen=True, slots=True)
class InvoiceSummary:
    """An invoice without its lines; amounts in `currency`."""

    invoice_id: str
    customer_id: str
    contract_id: str
    currency: str
    period_start: str
    period_end: str
    state: State
    subtotal: str
    credits_applied: str
    total: str


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice with its lines. `subtotal` is the sum of the lines before credits, `credits_applied` what
    credits pay of it, `total` what is due; all in `currency`. `calculation` are the steps by which the lines become
    the total, in their order."""

    invoice_id: str
    customer_id: str
    contract_id: str
    currency: str
    period_start: str
    period_end: str
    state: State
    lines: tuple[InvoiceLine, ...]
    subtotal: str
    credits_applied: str
    total: str
    calculation: tuple[CalculationStep, ...]


def invoice_id_of(period: Row) -> str:
    """Return the id of a billing period's invoice: contract id, colon, local date of its start."""
    local = period["period_start"].astimezone(ZoneInfo(period["timezone"]))
    return f"{period['contract_id']}:{local:%Y-%m-%d}"


def usage_line_id(product: str, version: int) -> str:
    """Return the id, within its invoice, of the usage line of a product at a rate card version."""
    return f"usage:{product}:{version}"


def header(period: Row, now: datetime) -> dict[str, Any]:
    """Return what an invoice says about itself."""
    return {
        "invoice_id": invoice_id_of(period),
        "customer_id": period["customer_id"],
        "contract_id": period["contract_id"],
        "currency": period["currency"],
        "period_start": instant_text(period["period_start"]),
        "period_end": instant_text(period["period_end"]),
        "state": _state(period, now),
    }


def _state(period: Row, now: datetime) -> State:
    """Grace lasts the contract's time after the period's end (SEMANTICS §8); what nobody finalised is a draft again."""
    grace = timedelta(seconds=period["grace_seconds"])
    return "grace" if period["period_end"] <= now < period["period_end"] + grace else "draft"


def totals(period: Row, subtotal: Decimal, credited: Decimal) -> dict[str, Any]:
    """Return the sums of an invoice from its rounded lines."""
    exponent = period["currency_exponent"]
    return {
        "subtotal": amount_text(subtotal, exponent),
        "credits_applied": amount_text(credited, exponent),
        "total": amount_text(subtotal - credited, exponent),
    }


def usage_line(rows: Sequence[Row], period: Row) -> InvoiceLine:
    """Return a usage line from the rows of its breakdown; what is the line's is the same in all of them."""
    line, exponent = rows[0], period["currency_exponent"]
    return InvoiceLine(
        line_id=usage_line_id(line["product"], line["rate_card_version"]),
        kind="usage",
        product=line["product"],
        product_name=line["product_name"],
        rate_card_version=line["rate_card_version"],
        grant_id=None,
        **_NO_CHARGE,
        quantity=decimal_text(exact_sum(row["quantity"] for row in rows)),
        metered_unit=line["metered_unit"],
        unit=line["unit"],
        exact_amount=decimal_text(exact_sum(row["exact_amount"] for row in rows)),
        amount=amount_text(line["line_amount"], exponent),
        period_start=instant_text(period["period_start"]),
        period_end=instant_text(period["period_end"]),
        breakdown=tuple(_breakdown_row(row, exponent) for row in rows),
    )


def credit_line(row: Row, period: Row) -> InvoiceLine:
    """Return a row of `credit_lines` as a line: what a grant pays of a product, negative."""
    return InvoiceLine(
        line_id=f"credit:{row['product']}:{row['grant_id']}",
        kind="credit",
        product=row["product"],
        product_name=None,
        rate_card_version=None,
        grant_id=row["grant_id"],
        **_NO_CHARGE,
        quantity=None,
        metered_unit=None,
        unit=row["unit"],
        exact_amount=decimal_text(-row["exact_amount"]),
        amount=amount_text(-row["amount"], period["currency_exponent"]),
        period_start=instant_text(period["period_start"]),
        period_end=instant_text(period["period_end"]),
        breakdown=(),
    )


def charge_line(row: Row, period: Row) -> InvoiceLine:
    """Return a row of `period_charges` or `invoice_charges` as a line."""
    kind = row["kind"]
    # A commit has a line an instalment.
    line_id = f"{kind}:{row['charge_id']}" + (f":{row['place']}" if kind == "commit" else "")
    return InvoiceLine(
        line_id=line_id,
        kind=kind,
        product=None,
        product_name=None,
        rate_card_version=None,
        grant_id=None,
        charge_id=row["charge_id"],
        name=row["name"],
        service_start=instant_text(row["service_start"]),
        service_end=instant_text(row["service_end"]),
        quantity=None if row["quantity"] is None else decimal_text(row["quantity"]),
        metered_unit=None,
        unit=period["currency"],
        exact_amount=decimal_text(row["exact_amount"]),
        amount=amount_text(row["amount"], period["currency_exponent"]),
        period_start=instant_text(period["period_start"]),
        period_end=instant_text(period["period_end"]),
        breakdown=(),
    )


def calculation(
    usage: Decimal, charges: Sequence[Row], credited: Decimal, period: Row
) -> tuple[CalculationStep, ...]:
    """Return the order in which an invoice is computed (SEMANTICS §6), each step with what it adds."""
    steps = dict.fromkeys(CALCULATION, Decimal(0))
    steps["usage"] = usage
    for row in charges:
        steps[_step(row)] += row["amount"]
    steps["credits"] = -credited
    steps["total"] = sum(steps.values(), Decimal(0))
    return tuple(
        CalculationStep(step, amount_text(sum_, period["currency_exponent"])) for step, sum_ in steps.items()
    )


def _step(row: Row) -> str:
    if row["kind"] == "discount":
        return "amount_discounts" if row["percent"] is None else "percent_discounts"
    return {"minimum": "minimum", "fee": "fees", "commit": "commits"}[row["kind"]]


def _breakdown_row(row: Row, exponent: int) -> BreakdownRow:
    return BreakdownRow(
        dimensions=dict(row["dimensions"]),
        show=dict(row["show"]),
        quantity=decimal_text(row["quantity"]),
        unit_price=None if row["unit_price"] is None else decimal_text(row["unit_price"]),
        amount=amount_text(row["amount"], exponent),
    )
