"""`runrate ratecard audit`: what a card is made of, and how it fits the usage that is there."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from api.cli.card_texts import Card, CardText, Version, card_text, store_is_there
from api.cli.output import Columns, counted, facts, print_json, stdout
from api.cli.session import Session
from api.cli.settings import Settings, check_instant, command
from api.reads.audit_documents import audit_answer
from ratecard_compiler.audit import audit_card
from ratecard_compiler.written_numbers import compile_with_numbers

YAML = "application/yaml"
MOST_SHOWN = 50


def register(cards: typer.Typer) -> None:
    """Add the command."""

    @command(cards, "audit", "runrate ratecard audit ratecard.yaml")
    def audit(
        settings: Settings,
        card: Card,
        version: Version = None,
        start: Annotated[
            str | None,
            typer.Option(
                "--from", callback=check_instant, help="Of usage from this instant on; default: all."
            ),
        ] = None,
    ) -> None:
        """Say what a card replaces, and what it does not need.

        How many flat prices it replaces, what no price needs, and what it says twice. Where a store is there,
        also which prices no event had, and which combinations were seen without a price.
        """
        found = _audited(settings, card_text(settings, card, version), start)
        if settings.as_json:
            print_json(found)
        else:
            _show(found)


def _audited(settings: Settings, card: CardText, start: str | None) -> dict[str, Any]:
    if not store_is_there(settings):
        compiled, places = compile_with_numbers(card.text, card.name)
        return asdict(audit_answer(compiled.rate_card, audit_card(compiled, places), None))
    parameters = {"file_name": card.name[-200:], "from": start}
    with Session(settings) as session:
        found: dict[str, Any] = session.send(
            "POST", "/v1/rate-cards/audit", card.text.encode(), YAML, **parameters
        )
    return found


def _show(found: dict[str, Any]) -> None:
    facts(
        [
            ("rate card", found["rate_card"]),
            (
                "replaces",
                f"{counted(found['skus'], 'flat price')}, written as {counted(found['numbers'], 'number')}",
            ),
        ]
    )
    products = Columns(
        "product", "dimensions", "flat prices", numbers=("flat prices",), words=("dimensions",)
    )
    for one in found["products"]:
        product = " × ".join(f"{count} {name}" for name, count in one["values"].items())
        products.row(one["product"], product, one["skus"])
    products.show()
    _table(
        found["unneeded"], ("what no price needs", "node"), ("line", "line"), empty="every number is needed"
    )
    _table(
        found["said_twice"],
        ("said twice", "node"),
        ("number", "value"),
        ("as", "same_as"),
        ("line", "line"),
        empty="nothing is said twice",
    )
    if found["usage"] is None:
        stdout().print("(no store is here: nothing is known about usage)")
    else:
        _show_usage(found["usage"])


def _show_usage(usage: dict[str, Any]) -> None:
    stdout().print(f"\nusage from {usage['since']} on: {counted(usage['events'], 'rated event')}")
    _table(
        [{**one, "shown": _values(one["dimensions"])} for one in usage["unused"]],
        ("price never used", "product"),
        ("dimensions", "shown"),
        empty="every price was used",
    )
    _table(
        [{**one, "shown": _values(one["dimensions"])} for one in usage["unpriced"]],
        ("seen without a price", "product"),
        ("dimensions", "shown"),
        ("events", "events"),
        ("quantity", "quantity"),
        ("customers", "customers"),
        ("since", "first_event_time"),
        empty="everything that was seen has a price",
    )


def _values(dimensions: dict[str, str]) -> str:
    """Unlike on an invoice, a dimension that has no value is told: it is why there is no price."""
    return " ".join(f"{name}={value}" if value else f"(no {name})" for name, value in dimensions.items())


def _table(rows: list[dict[str, Any]], *columns: tuple[str, str], empty: str) -> None:
    """A table of some fields of each row; the first rows of many."""
    numbers = ("line", "number", "events", "quantity", "customers")
    table = Columns(*(title for title, _ in columns), numbers=numbers, words=("dimensions",))
    for row in rows[:MOST_SHOWN]:
        table.row(*(row[name] for _, name in columns))
    table.show(empty)
    if len(rows) > MOST_SHOWN:
        stdout().print(f"… and {len(rows) - MOST_SHOWN:,} more; --json lists them")
