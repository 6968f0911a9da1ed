"""`runrate contracts …`: for whom usage is rated, and on which terms."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.activations import Author, Note
from api.cli.files import read_text
from api.cli.output import Columns, counted, entries_changed, print_json, stderr, stdout
from api.cli.session import Session, place_text
from api.cli.settings import Settings, command, group

YAML = "application/yaml"
MOST_SHOWN = 100

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and store nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before stored terms change.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    contracts = group(app, "contracts", "Customers and contracts.")
    _register_apply(contracts)
    _register_import(contracts)


def _register_apply(contracts: typer.Typer) -> None:
    @command(contracts, "apply", "runrate contracts apply contracts.yaml --dry-run")
    def apply(
        settings: Settings,
        file: Annotated[Path, typer.Argument(help="Customers and contracts.")],
        dry_run: DryRun = False,
        yes: Yes = False,
        author: Author = "",
        note: Note = "",
    ) -> None:
        """Store customers and contracts, and re-rate what they change.

        The same again changes nothing. Shows first what would change. In a terminal it asks before terms that
        are stored change.
        """
        body = read_text(file).encode()
        with Session(settings) as session:
            plan = session.send("POST", "/v1/contracts/plan", body, YAML, file_name=file.name)
            if dry_run and settings.as_json:
                print_json(plan)
                return
            if not settings.as_json:
                show_plan(plan)
            if dry_run:
                show_warnings(plan)
                stdout().print("dry run: nothing is stored")
                return
            confirm(plan, asks=not yes and not settings.as_json)
            done = session.send(
                "PUT",
                "/v1/contracts",
                body,
                YAML,
                file_name=file.name,
                author=author or None,
                note=note or None,
            )
        show_applied(settings, str(file), done)


def _register_import(contracts: typer.Typer) -> None:
    @command(
        contracts, "import", "runrate contracts import opportunities.csv --mapping mapping.yaml --dry-run"
    )
    def import_(
        settings: Settings,
        file: Annotated[
            Path, typer.Argument(help="The export: CSV with a header, or a JSON list of objects.")
        ],
        mapping: Annotated[Path, typer.Option(help="How its rows become contracts.")],
        dry_run: DryRun = False,
        yes: Yes = False,
        author: Author = "",
        note: Note = "",
    ) -> None:
        """Make contracts of a CRM's or CPQ's export and store them.

        The same export again changes nothing. The mapping's `uniqueness_key` names the column that tells one
        contract from another.
        """
        asked = {
            "mapping": read_text(mapping),
            "export": read_text(file),
            "mapping_name": mapping.name,
            "export_name": file.name,
            "author": author,
            "note": note,
        }
        with Session(settings) as session:
            planned = session.send("POST", "/v1/contracts/import", {**asked, "dry_run": True})
            if dry_run and settings.as_json:
                print_json(planned)
                return
            if not settings.as_json:
                show_plan(planned["plan"])
            if dry_run:
                show_warnings(planned["plan"])
                stdout().print("dry run: nothing is stored")
                return
            confirm(planned["plan"], asks=not yes and not settings.as_json)
            done = session.send("POST", "/v1/contracts/import", asked)
        if settings.as_json:
            print_json(done)
        else:
            show_applied(settings, str(file), done["applied"])


def show_plan(plan: Mapping[str, Any]) -> None:
    """Print what would change: what is new by name, what changes term by term."""
    table = Columns("changed", "term", "before", "after", words=("before", "after"))
    changed = [one for one in plan["changes"] if one["action"] != "unchanged"]
    for one in changed[:MOST_SHOWN]:
        what = f"{one['kind']} {one['id']}"
        if one["action"] == "create":
            stdout().print(f"new: {what}", markup=False)
        for change in one["changes"]:
            table.row(what, change["path"], change["before"], change["after"])
    if any(one["action"] == "change" for one in changed[:MOST_SHOWN]):
        table.show()
    if len(changed) > MOST_SHOWN:
        stdout().print(f"… and {len(changed) - MOST_SHOWN:,} more; --dry-run --json has them all")
    if plan["events"] and changed:
        stdout().print(
            f"{counted(plan['events'], 'stored event')} from {plan['events_from']} to {plan['events_to']} "
            "will be compared with the new terms",
            markup=False,
        )


def confirm(plan: Mapping[str, Any], *, asks: bool) -> None:
    """Ask before stored terms change, where somebody is there to answer."""
    changes = any(one["action"] == "change" for one in plan["changes"])
    if changes and asks and sys.stdin.isatty() and sys.stdout.isatty():
        typer.confirm("Store this?", abort=True)


def show_applied(settings: Settings, name: str, done: Mapping[str, Any]) -> None:
    """Print what applying stored."""
    if settings.as_json:
        print_json(done)
        return
    stdout().print(
        f"{name}: {counted(done['customers'], 'customer')} and {counted(done['contracts'], 'contract')} "
        f"stored, {done['unchanged']} unchanged; {counted(done['grants'], 'grant')}; "
        f"{entries_changed(done)}",
        markup=False,
    )
    show_warnings(done)


def show_warnings(answer: Mapping[str, Any]) -> None:
    """Print what is stored, or would be, and cannot be rated as it is."""
    for warning in answer["warnings"]:
        stderr().print(f"warning: {place_text(warning)}", style="yellow", markup=False)
