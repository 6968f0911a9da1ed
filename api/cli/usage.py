"""`runrate usage` and `runrate unrated`: what was metered, over time, and what could not be priced."""

from enum import StrEnum
from typing import Annotated

import typer

from api.cli.output import Columns, pairs, print_json
from api.cli.session import Session, part
from api.cli.settings import Settings, check_instant, command


class Grain(StrEnum):
    """What usage is grouped by, in the contract's time zone."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    _register_usage(app)
    _register_unrated(app)


def _register_usage(app: typer.Typer) -> None:
    @command(app, "usage", "runrate usage northwind --by day --group-by model")
    def usage(
        settings: Settings,
        customer: Annotated[str, typer.Argument(help="The customer's id.")],
        by: Annotated[Grain, typer.Option(help="Hour, day or month.")] = Grain.DAY,
        group_by: Annotated[list[str] | None, typer.Option(help="A dimension; may be repeated.")] = None,
        product: Annotated[str | None, typer.Option(help="Of this product only.")] = None,
        start: Annotated[
            str | None, typer.Option("--from", callback=check_instant, help="From this instant on.")
        ] = None,
        end: Annotated[
            str | None, typer.Option("--to", callback=check_instant, help="Up to before this instant.")
        ] = None,
    ) -> None:
        """Show a customer's usage over time.

        By product and dimensions, with exact amounts, in the contract's time zone.
        """
        with Session(settings) as session:
            found = session.listing(
                f"/v1/customers/{part(customer)}/usage",
                by=by.value,
                group_by=group_by or None,
                product=product,
                start=start,
                end=end,
            )
        if settings.as_json:
            print_json(found)
            return
        numbers = ("quantity", "events", "amount")
        table = Columns(
            "from", "product", "dimensions", *numbers, "in", numbers=numbers, words=("dimensions",)
        )
        for row in found["items"]:
            table.row(
                row["start"],
                row["product"],
                pairs(row["dimensions"]),
                row["quantity"],
                row["events"],
                row["amount"],
                row["unit"],
            )
        table.show("no rated usage in this time; see `runrate unrated` for what could not be priced")


def _register_unrated(app: typer.Typer) -> None:
    @command(app, "unrated", "runrate unrated")
    def unrated(
        settings: Settings, customer: Annotated[str | None, typer.Option(help="Of this customer.")] = None
    ) -> None:
        """Show usage without a price, and what mends it."""
        with Session(settings) as session:
            found = session.listing("/v1/unrated", customer_id=customer)
        if settings.as_json:
            print_json(found)
            return
        table = Columns(
            "reason",
            "product",
            "entries",
            "customers",
            "since",
            "to mend it",
            numbers=("entries", "customers"),
            words=("to mend it",),
        )
        for row in found["items"]:
            table.row(
                row["reason"],
                row["product"],
                row["entries"],
                row["customers"],
                row["first_event_time"],
                row["fix"],
            )
        table.show("everything is rated")
