"""`runrate invoice`: what is due."""

import re
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from api.cli.output import Columns, facts, pairs, print_json, stdout
from api.cli.session import Session, part
from api.cli.settings import Settings, command

MOST_INVOICES = 50
_STEPS = {
    "usage": "usage (what is included, prices, limits of lines)",
    "amount_discounts": "discounts by amount",
    "percent_discounts": "discounts by percent",
    "minimum": "to the minimum",
}
_PERIOD = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?", re.ASCII)


def check_period(text: str | None) -> str | None:
    """Let a month or a day pass. Raises typer.BadParameter, which is wrong usage, for anything else."""
    if text is not None and _PERIOD.fullmatch(text) is None:
        raise typer.BadParameter("write a month like 2026-01, or a period's first day like 2026-01-15")
    return text


def register(app: typer.Typer) -> None:
    """Add the commands."""
    _register_invoice(app)


def _register_invoice(app: typer.Typer) -> None:
    @command(app, "invoice", "runrate invoice --customer northwind")
    def invoice(
        settings: Settings,
        invoice_id: Annotated[
            str | None, typer.Argument(help="Contract id, colon, first day: northwind-2025:2026-01-01.")
        ] = None,
        customer: Annotated[str | None, typer.Option(help="Of this customer.")] = None,
        contract: Annotated[str | None, typer.Option(help="Of this contract.")] = None,
        period: Annotated[
            str | None,
            typer.Option(
                help="First day of the billing period, or the month: 2026-01.", callback=check_period
            ),
        ] = None,
    ) -> None:
        """Show an invoice as it is now, or list them.

        With an invoice id, or when only one invoice fits, all its lines are shown; else a list, latest first.
        With --json a list stays a list: {"items": [...]}.
        """
        with Session(settings) as session:
            if invoice_id is not None:
                found = session.get(f"/v1/invoices/{part(invoice_id)}")
                print_json(found) if settings.as_json else show_invoice(found)
                return
            found = session.listing("/v1/invoices", customer_id=customer, contract_id=contract)
            listed = [one for one in found["items"] if period is None or _begins(one, period)]
            if settings.as_json:
                print_json({**found, "items": listed})
            elif len(listed) == 1:
                show_invoice(session.get(f"/v1/invoices/{part(listed[0]['invoice_id'])}"))
            else:
                show_invoices(listed)


def _begins(invoice: dict[str, Any], period: str) -> bool:
    """Tell whether the invoice's period begins on the day, or in the month."""
    day: str = invoice["invoice_id"].rpartition(":")[2]
    return day.startswith(period)


def show_invoices(listed: list[dict[str, Any]]) -> None:
    """Print invoices, one a row."""
    numbers = ("subtotal", "credits", "total")
    table = Columns("invoice", "customer", "state", *numbers, "", numbers=numbers)
    for one in listed[:MOST_INVOICES]:
        table.row(
            one["invoice_id"],
            one["customer_id"],
            one["state"],
            one["subtotal"],
            one["credits_applied"],
            one["total"],
            one["currency"],
        )
    table.show("no billing period has begun; see `runrate contracts apply`")
    if len(listed) > MOST_INVOICES:
        stdout().print(f"… and {len(listed) - MOST_INVOICES} more; narrow it with --customer or --period")


def totals_table(listed: list[dict[str, Any]], width: int) -> RenderableType:
    """Invoices as a narrow table, to be drawn again and again."""
    numbers = ("subtotal", "credits", "total")
    table = Columns("invoice", *numbers, numbers=numbers)
    for one in listed[:MOST_INVOICES]:
        table.row(one["invoice_id"], one["subtotal"], one["credits_applied"], one["total"])
    return table.fitted(width)


def show_invoice(invoice: dict[str, Any]) -> None:
    """Print an invoice with its lines and their breakdown."""
    facts(
        [
            ("invoice", f"{invoice['invoice_id']} ({invoice['state']})"),
            ("customer", invoice["customer_id"]),
            ("period", f"{invoice['period_start']} to {invoice['period_end']}"),
        ]
    )
    table = Columns(
        "", "quantity", "unit", "unit price", "amount",
        numbers=("quantity", "unit price", "amount"),
        words=("",),
    )  # fmt: skip
    for line in invoice["lines"]:
        table.row(_name(line), line["quantity"], line["metered_unit"], None, line["amount"], style="bold")
        if len(line["breakdown"]) > 1 or any(row["dimensions"] or row["show"] for row in line["breakdown"]):
            for row in line["breakdown"]:
                shown = pairs({**row["dimensions"], **row["show"]})
                table.row(f"  {shown}", row["quantity"], None, row["unit_price"], row["amount"])
    table.rule()
    if any(line["charge_id"] is not None for line in invoice["lines"]):
        _calculation(table, invoice)
    elif invoice["credits_applied"].strip("-0."):
        table.row("subtotal", None, None, None, invoice["subtotal"])
        table.row("credits", None, None, None, f"-{invoice['credits_applied']}")
    table.row(f"total {invoice['currency']}", None, None, None, invoice["total"], style="bold")
    table.show()


def _calculation(table: Columns, invoice: dict[str, Any]) -> None:
    """Add the steps by which the lines become the total, in the order of calculation."""
    for one in invoice["calculation"]:
        if one["step"] == "credits":
            table.row("subtotal", None, None, None, invoice["subtotal"])
        if one["step"] != "total":
            table.row(_STEPS.get(one["step"], one["step"]), None, None, None, one["amount"])


def _name(line: dict[str, Any]) -> str:
    if line["kind"] == "credit":
        return f"Credit {line['grant_id']} for {line['product']}"
    if line["charge_id"] is not None:
        return str(line["name"])
    return f"{line['product_name'] or line['product']} (version {line['rate_card_version']})"
