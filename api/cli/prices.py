"""`runrate prices`: what a customer's usage costs at an instant, and what decided so."""

from typing import Annotated, Any

import typer

from api.cli.output import facts, print_json
from api.cli.rate_cards import show_prices
from api.cli.session import Session, part
from api.cli.settings import Settings, check_instant, command
from api.cohorts import cohort_words


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "prices", "runrate prices northwind --at 2026-03-01T00:00:00Z")
    def prices(
        settings: Settings,
        customer: Annotated[str, typer.Argument(help="The customer's id.")],
        at: Annotated[
            str | None, typer.Option(callback=check_instant, help="At this instant; default: now.")
        ] = None,
        product: Annotated[str | None, typer.Option(help="Of this product only.")] = None,
    ) -> None:
        """Show the prices in force for a customer.

        With the contract, the rate card's version, and the activation that put it in force for the customer.
        """
        with Session(settings) as session:
            found = session.listing(f"/v1/customers/{part(customer)}/prices", at=at, product=product)
        if settings.as_json:
            print_json(found)
            return
        terms = found["terms"]
        facts(
            [
                ("customer", terms["customer_id"]),
                ("at", terms["at"]),
                ("contract", terms["contract_id"]),
                ("period", f"{terms['period_start']} to {terms['period_end']} ({terms['timezone']})"),
                ("rate card", _version(terms)),
            ]
        )
        show_prices(found["items"])


def _version(terms: dict[str, Any]) -> str:
    """The version, and why it is that one."""
    if terms["rate_card_version"] is None:
        return f"{terms['rate_card']}: no version is active then; see `runrate ratecard activate`"
    return (
        f"{terms['rate_card']} version {terms['rate_card_version']}, by activation {terms['activation_id']} "
        f"for {cohort_words(terms['cohort'])} from {terms['active_from']}"
    )
