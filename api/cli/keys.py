"""`runrate key …`: who may call the HTTP API."""

from typing import Annotated

import typer

from api.cli.output import Columns, facts, print_json, stdout
from api.cli.session import Session, part
from api.cli.settings import Settings, command, group


def register(app: typer.Typer) -> None:
    """Add the commands."""
    keys = group(app, "key", "API keys: list, create, revoke.")
    _register_list(keys)
    _register_create(keys)
    _register_revoke(keys)


def _register_list(keys: typer.Typer) -> None:
    @command(keys, "list", "runrate key list")
    def list_(settings: Settings) -> None:
        """List the API keys, revoked ones too."""
        with Session(settings) as session:
            found = session.listing("/v1/keys")
        if settings.as_json:
            print_json(found)
            return
        table = Columns("key", "name", "state", "since", words=("name",))
        for one in found["items"]:
            table.row(one["key_id"], one["name"], one["state"], one["since"])
        table.show("there is no key; `runrate serve` makes the first")


def _register_create(keys: typer.Typer) -> None:
    @command(keys, "create", "runrate key create gateway")
    def create(settings: Settings, name: Annotated[str, typer.Argument(help="What the key is for.")]) -> None:
        """Make an API key and print it, the only time that it can be seen."""
        with Session(settings) as session:
            made = session.send("POST", "/v1/keys", {"name": name})
        if settings.as_json:
            print_json(made)
        else:
            facts([("key", made["key_id"]), ("API key", f"{made['key']} (shown only now)")])


def _register_revoke(keys: typer.Typer) -> None:
    @command(keys, "revoke", "runrate key revoke 3f9a0c1d2e4b")
    def revoke(
        settings: Settings, key: Annotated[str, typer.Argument(help="The key's id, as `key list` shows it.")]
    ) -> None:
        """Take an API key back: a running server refuses it at once.

        The last good key cannot be revoked; create another one first.
        """
        with Session(settings) as session:
            revoked = session.send("DELETE", f"/v1/keys/{part(key)}")
        if settings.as_json:
            print_json(revoked)
        else:
            stdout().print(f"{revoked['key_id']} ({revoked['name']}) is revoked", markup=False)
