"""`runrate ratecard validate`: what a card would become if it were published."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.files import read_text
from api.cli.output import Columns, counted, pairs, print_json, stderr, stdout
from api.cli.session import Session
from api.cli.settings import Settings, command

YAML = "application/yaml"
MOST_SHOWN = 50


def register(cards: typer.Typer) -> None:
    """Add the command."""

    @command(cards, "validate", "runrate ratecard validate ratecard.yaml")
    def validate(
        settings: Settings, file: Annotated[Path, typer.Argument(help="The rate card, YAML or JSON.")]
    ) -> None:
        """Say what a rate card would become in the store, without storing anything.

        All that is wrong with it; else its version, and the prices that it changes against the latest version.
        `check` does without a store.
        """
        text = read_text(file)
        with Session(settings) as session:
            found = session.send("POST", "/v1/rate-cards/validate", text.encode(), YAML, file_name=file.name)
        if settings.as_json:
            print_json(found)
            return
        stdout().print(_told(file, found), markup=False)
        show_warnings(str(file), found["warnings"])
        if found["latest"] is not None and found["created"]:
            show_comparison(found["latest"])


def show_warnings(name: str, warnings: list[dict[str, Any]]) -> None:
    """Print what a card that compiles is warned of; `name` is what it is called."""
    for one in warnings:
        where = f"{name}:{one['line']}:{one['column']} {one['code']}"
        text = f"warning: {where} {one['path']}: {one['fact']} — {one['fix']}"
        stderr().print(text, style="yellow", markup=False)


def show_comparison(latest: dict[str, Any]) -> None:
    """Print what changes against a published version."""
    table = Columns("product", "dimensions", "price", "before", "after", "in", numbers=("before", "after"))
    for one in latest["changes"][:MOST_SHOWN]:
        table.row(
            one["product"], pairs(one["dimensions"]), one["field"], one["before"], one["after"], one["unit"]
        )
    if latest["changes"]:
        table.show()
    if len(latest["changes"]) > MOST_SHOWN:
        stdout().print(f"… and more; --json lists {counted(len(latest['changes']), 'number')}", markup=False)
    stdout().print(
        f"against version {latest['rate_card_version']}: {counted(latest['prices_added'], 'price')} added, "
        f"{latest['prices_removed']:,} removed, {latest['prices_changed']:,} changed",
        markup=False,
    )


def _told(file: Path, found: dict[str, Any]) -> str:
    card = f"{file}: rate card {found['rate_card']}"
    if not found["created"]:
        return f"{card} says what version {found['rate_card_version']} says; publishing it changes nothing"
    return (
        f"{card} would be version {found['rate_card_version']}: {counted(found['products'], 'product')}, "
        f"{counted(found['prices'], 'price')} in {found['currency']}"
    )
