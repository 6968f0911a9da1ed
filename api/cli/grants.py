"""`runrate balance`, `credits` and `grant`: what is left of prepaid credits, why, and voiding a grant."""

from typing import Annotated, Any

import typer

from api.cli.output import Columns, print_json, stdout
from api.cli.session import Session, part
from api.cli.settings import Settings, check_instant, command, group

AtOption = Annotated[
    str | None, typer.Option("--at", callback=check_instant, help="At this instant instead of now.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    _register_balance(app)
    _register_credits(app)
    grants = group(app, "grant", "Credit grants: void one.")
    _register_void(grants)


def _register_balance(app: typer.Typer) -> None:
    @command(app, "balance", "runrate balance hoshizora")
    def balance(
        settings: Settings,
        customer: Annotated[str, typer.Argument(help="The customer's id.")],
        at: AtOption = None,
    ) -> None:
        """Show what is left of a customer's credit grants.

        At an instant, usage before it counts, whenever it was stored.
        """
        with Session(settings) as session:
            found = session.listing(f"/v1/customers/{part(customer)}/balances", as_of=at)
        print_json(found) if settings.as_json else show_balances(found["items"])


def show_balances(found: list[dict[str, Any]]) -> None:
    """Print balances, one grant a row."""
    amounts = ("granted", "drawn", "expired", "voided", "rolled_over", "remaining")
    names = tuple(name.replace("_", " ") for name in amounts)
    table = Columns("grant", "unit", *names, "expires", numbers=names)
    for one in found:
        table.row(
            one["grant_id"], one["unit"], *(one[name] for name in amounts), one["expires_at"] or "never"
        )
    table.show("the customer has no credit grants")


def _register_credits(app: typer.Typer) -> None:
    @command(app, "credits", "runrate credits hoshizora")
    def credits_(
        settings: Settings,
        customer: Annotated[str, typer.Argument(help="The customer's id.")],
        at: AtOption = None,
    ) -> None:
        """Show every entry of a customer's credits, with its cause.

        Granted, drawn, given back, expired, voided, rolled over: the sum of a grant's entries is its balance. A draw is
        dated by its step: an hour, or since a grant started or ended in it.
        """
        with Session(settings) as session:
            found = session.listing(f"/v1/customers/{part(customer)}/credit-ledger", as_of=at)
        if settings.as_json:
            print_json(found)
            return
        table = Columns("at", "type", "grant", "units", "in", "cause", numbers=("units",), words=("cause",))
        for one in found["items"]:
            table.row(one["at"], one["type"], one["grant_id"], one["units"], one["unit"], _cause(one))
        table.show("the customer has no credit grants")


def _cause(entry: dict[str, Any]) -> str:
    if entry["product"] is not None:
        return f"{entry['product']}, version {entry['rate_card_version']}"
    return str(entry["reason"] or entry["related_grant_id"] or entry["contract_id"])


def _register_void(grants: typer.Typer) -> None:
    @command(grants, "void", "runrate grant void hoshizora hoshizora-credits --reason cancelled")
    def void(
        settings: Settings,
        customer: Annotated[str, typer.Argument(help="The customer's id.")],
        grant: Annotated[
            str, typer.Argument(help="The grant's id, or a recurring grant's: then all its recurrences.")
        ],
        reason: Annotated[str, typer.Option(help="Why; it is kept.")],
        at: Annotated[
            str | None,
            typer.Option("--from", callback=check_instant, help="From this instant on (default: now)."),
        ] = None,
        author: Annotated[str, typer.Option(help="Who does it.")] = "",
    ) -> None:
        """Void a credit grant from an instant on. What it paid before stays paid."""
        body = {"reason": reason, "author": author} | ({"voided_at": at} if at else {})
        path = f"/v1/customers/{part(customer)}/grants/{part(grant)}/void"
        with Session(settings) as session:
            done = session.send("POST", path, body)
        if settings.as_json:
            print_json(done)
            return
        since = "is" if done["changed"] else "was already"
        for one in done["grant_ids"]:
            stdout().print(f"{one} {since} void from {done['voided_at']} on", markup=False)
