"""The command line: one Typer application, one module a group of commands."""

import sys

import typer

from api.cli import (
    audit_trail,
    contracts,
    entitlements,
    explain,
    grants,
    ingest,
    invoices,
    keys,
    prices,
    rate_cards,
    revenue,
    stores,
    tools,
    top_ups,
    usage,
)
from api.cli.settings import Given, JsonOption, StoreOption, UrlOption, fail_plainly

app = typer.Typer(
    name="runrate",
    help="Usage-based billing: rate cards, usage events and live invoices.",
    epilog="Example: runrate demo --once",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def options(
    context: typer.Context,
    store: StoreOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Usage-based billing: rate cards, usage events and live invoices.

    Commands work on the store in ./.runrate, or on the one that --store or RUNRATE_STORE names. When a server
    runs for it they talk to the server, else they open it.
    """
    context.obj = Given(store, url, as_json)


# In the order in which --help lists them.
MODULES = (
    stores,
    rate_cards,
    contracts,
    ingest,
    invoices,
    grants,
    top_ups,
    entitlements,
    revenue,
    explain,
    usage,
    prices,
    audit_trail,
    keys,
    tools,
)
for module in MODULES:
    module.register(app)


def main() -> None:
    """Run the command line."""
    try:
        app()
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(130)
    except Exception as error:
        fail_plainly(error)
        sys.exit(1)
