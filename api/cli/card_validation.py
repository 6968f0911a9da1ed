"""`runrate ratecard validate`: what a card would become if it were published."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.card_texts import store_is_there
from api.cli.files import read_text
from api.cli.output import Columns, counted, pairs, print_json, stderr, stdout
from api.cli.session import Session
from api.cli.settings import Settings, command
from api.reads.card_warnings import card_warnings
from ratecard_compiler import CompiledCard, compile_card

YAML = "application/yaml"
MOST_SHOWN = 50


def register(cards: typer.Typer) -> None:
    """Add the command."""

    @command(cards, "validate", "runrate ratecard validate ratecard.yaml")
    def validate(
        settings: Settings, file: Annotated[Path, typer.Argument(help="The rate card, YAML or JSON.")]
    ) -> None:
        """Say what publishing a rate card would make and change.

        All that is wrong with it; else its version, and the prices that it changes against the latest version.
        Where no store is, as `check`.
        """
        text = read_text(file)
        # A request without a body names no file.
        if not text or not store_is_there(settings):
            _told_without_a_store(settings, file, compile_card(text, str(file)))
            return
        with Session(settings) as session:
            found = session.send("POST", "/v1/rate-cards/validate", text.encode(), YAML, file_name=file.name)
        if settings.as_json:
            print_json(found)
            return
        stdout().print(_told(file, found), markup=False)
        show_warnings(str(file), found["warnings"])
        if found["latest"] is not None and found["created"]:
            show_comparison(found["latest"])


def _told_without_a_store(settings: Settings, file: Path, card: CompiledCard) -> None:
    warnings = [asdict(one) for one in card_warnings(card)]
    if settings.as_json:
        unknown = dict.fromkeys(("rate_card_version", "created", "latest"))
        print_json({**card_facts(card), **unknown, "warnings": warnings})
        return
    stdout().print(
        f"{good_card(file, card)}; there is no store here that it could be compared with", markup=False
    )
    show_warnings(str(file), warnings)


def card_facts(card: CompiledCard) -> dict[str, Any]:
    """What is said of a card that compiles."""
    return {
        "rate_card": card.rate_card,
        "currency": card.currency,
        "products": len(card.products),
        "prices": len(card.prices),
        "content_hash": card.content_hash,
    }


def good_card(file: Path, card: CompiledCard) -> str:
    """The same in words."""
    return (
        f"{file}: rate card {card.rate_card} is good: {counted(len(card.products), 'product')}, "
        f"{counted(len(card.prices), 'price')} in {card.currency}"
    )


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
