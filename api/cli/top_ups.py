"""`runrate top-ups` and `top-up`: credits that were added by themselves, and payments that they wait for."""

from typing import Annotated, Any

import typer

from api.cli.output import Columns, print_json, stdout
from api.cli.session import Session, part
from api.cli.settings import Settings, command, group

CustomerArgument = Annotated[str, typer.Argument(help="The customer's id.")]
TopUpArgument = Annotated[str, typer.Argument(help="The top-up's id.")]
AuthorOption = Annotated[str, typer.Option(help="Who does it.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    _register_list(app)
    top_up_group = group(app, "top-up", "One top-up: confirm its payment, or say that it failed.")
    _register_confirm(top_up_group)
    _register_fail(top_up_group)


def _register_list(app: typer.Typer) -> None:
    @command(app, "top-ups", "runrate top-ups hoshizora")
    def top_ups(settings: Settings, customer: CustomerArgument) -> None:
        """Show a customer's automatic top-ups and their payments."""
        with Session(settings) as session:
            found = session.listing(f"/v1/customers/{part(customer)}/top-ups")
        if settings.as_json:
            print_json(found)
            return
        table = Columns(
            "top-up", "state", "balance", "added", "unit", "paid", "at", numbers=("balance", "added")
        )
        for one in found["items"]:
            table.row(
                one["top_up_id"],
                one["state"],
                one["balance"],
                one["amount"],
                one["unit"],
                one["paid"],
                one["decided_at"],
            )
        table.show("the customer was never topped up")


def _register_confirm(top_up_group: typer.Typer) -> None:
    @command(top_up_group, "confirm", "runrate top-up confirm hoshizora top-up-hoshizora-2026-1")
    def confirm(
        settings: Settings,
        customer: CustomerArgument,
        top_up: TopUpArgument,
        note: Annotated[str, typer.Option(help="The payment's reference; it is kept.")] = "",
        author: AuthorOption = "",
    ) -> None:
        """Confirm the payment of a top-up: its credits are granted now."""
        _settle(settings, customer, top_up, "confirm", {"note": note, "author": author})


def _register_fail(top_up_group: typer.Typer) -> None:
    @command(top_up_group, "fail", "runrate top-up fail hoshizora top-up-hoshizora-2026-1 --reason declined")
    def fail(
        settings: Settings,
        customer: CustomerArgument,
        top_up: TopUpArgument,
        reason: Annotated[str, typer.Option(help="Why; it is kept.")],
        author: AuthorOption = "",
    ) -> None:
        """Say that a top-up was not paid: its credits are not granted."""
        _settle(settings, customer, top_up, "fail", {"reason": reason, "author": author})


def _settle(settings: Settings, customer: str, top_up: str, what: str, body: dict[str, Any]) -> None:
    with Session(settings) as session:
        done = session.send("POST", f"/v1/customers/{part(customer)}/top-ups/{part(top_up)}/{what}", body)
    if settings.as_json:
        print_json(done)
        return
    since = f" since {done['granted_at']}" if done["granted_at"] else ""
    was = "is" if done["changed"] else "was already"
    stdout().print(f"{done['top_up_id']} {was} {done['state']}{since}", markup=False)
