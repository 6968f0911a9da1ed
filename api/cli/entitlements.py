"""`runrate entitlement` and `hold`: what a customer may use now, and credits reserved for work to come."""

from typing import Annotated, Any

import typer

from api.cli.output import print_json, stdout
from api.cli.session import Session, part
from api.cli.settings import Settings, command, group

CustomerArgument = Annotated[str, typer.Argument(help="The customer's id.")]
ProductArgument = Annotated[str, typer.Argument(help="The product.")]
HoldArgument = Annotated[str, typer.Argument(help="The hold's id.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    _register_entitlement(app)
    holds = group(app, "hold", "Credits reserved for work that is not done yet.")
    _register_place(holds)
    _register_confirm(holds)
    _register_release(holds)


def _register_entitlement(app: typer.Typer) -> None:
    @command(app, "entitlement", "runrate entitlement hoshizora web_search")
    def entitlement(
        settings: Settings,
        customer: CustomerArgument,
        product: ProductArgument,
        units: Annotated[
            str | None, typer.Option(help="Whether so many of the product's unit may be used.")
        ] = None,
    ) -> None:
        """Show whether a product may be used now, and the balance."""
        path = f"/v1/customers/{part(customer)}/entitlements/{part(product)}"
        with Session(settings) as session:
            found = (
                session.get(path)
                if units is None
                else session.send("POST", f"{path}/check", {"units": units})
            )
        if settings.as_json:
            print_json(found)
            return
        may = "may be used" if found["allowed"] else "may not be used"
        stdout().print(f"{product} {may}: {found['reason']}", markup=False)
        if found["unit"] is not None:
            figures = ", ".join(f"{found[name]} {name}" for name in ("remaining", "held", "available"))
            stdout().print(f"{figures} ({found['unit']}, as of {found['as_of']})", markup=False)


def _register_place(holds: typer.Typer) -> None:
    @command(holds, "place", "runrate hold place hoshizora job-1 web_search --units 0.25 --for 1h")
    def place(
        settings: Settings,
        customer: CustomerArgument,
        hold: HoldArgument,
        product: ProductArgument,
        units: Annotated[str, typer.Option(help="How many of the product's unit.")],
        lasting: Annotated[str, typer.Option("--for", help="For how long, unless it ends before.")] = "1h",
    ) -> None:
        """Reserve credits for work that is not done yet."""
        body = {"hold_id": hold, "product": product, "units": units, "expires_in": lasting}
        _send(settings, f"/v1/customers/{part(customer)}/holds", body)


def _register_confirm(holds: typer.Typer) -> None:
    @command(holds, "confirm", "runrate hold confirm hoshizora job-1 --units 0.2")
    def confirm(
        settings: Settings,
        customer: CustomerArgument,
        hold: HoldArgument,
        units: Annotated[str, typer.Option(help="What the work came to.")],
    ) -> None:
        """Say what the work of a hold came to. Its usage is an event of its own, sent before."""
        _send(settings, f"/v1/customers/{part(customer)}/holds/{part(hold)}/confirm", {"units": units})


def _register_release(holds: typer.Typer) -> None:
    @command(holds, "release", "runrate hold release hoshizora job-1")
    def release(settings: Settings, customer: CustomerArgument, hold: HoldArgument) -> None:
        """Release a hold: what it reserved is available again."""
        _send(settings, f"/v1/customers/{part(customer)}/holds/{part(hold)}/release", {})


def _send(settings: Settings, path: str, body: dict[str, Any]) -> None:
    with Session(settings) as session:
        done = session.send("POST", path, body)
    if settings.as_json:
        print_json(done)
        return
    what = f"{done['hold_id']}: {done['units']} {done['unit']} for {done['product']}"
    came = f", came to {done['confirmed_units']}" if done["confirmed_units"] is not None else ""
    until = f" until {done['expires_at']}" if done["state"] == "held" else ""
    stdout().print(f"{what} {done['state']}{until}{came}", markup=False)
