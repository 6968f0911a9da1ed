"""`runrate ratecard diff`: what differs between two cards, why, and what it would have meant last month."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.card_texts import card_text, store_is_there
from api.cli.failures import CommandFailed
from api.cli.output import Columns, pairs, print_json, stdout
from api.cli.session import Session
from api.cli.settings import Settings, command
from api.pages import page
from api.reads.diff_documents import diff_answer
from ratecard_compiler import compile_card

MOST_SHOWN = 50

_CARD = "a file, or a published card such as aurora-ai:1 (without a number: its latest version)."


def register(cards: typer.Typer) -> None:
    """Add the command."""

    @command(cards, "diff", "runrate ratecard diff aurora-ai:1 aurora-ai:2")
    def diff(
        settings: Settings,
        before: Annotated[str, typer.Argument(help=f"What was: {_CARD}")],
        after: Annotated[str, typer.Argument(help=f"What is to be: {_CARD}")],
        html: Annotated[Path | None, typer.Option("--html", help="Write a page to this file.")] = None,
    ) -> None:
        """List prices that differ between two cards, and why.

        Where both are published in a store, also what it would have meant for last month, by customer and product.
        """
        found = _compared(settings, before, after)
        if html is not None:
            _write(html, page("rate_card_diff.html.j2", diff=found))
        if settings.as_json:
            print_json(found)
        else:
            _show(found)


def _compared(settings: Settings, *cards: str) -> dict[str, Any]:
    sides = []
    for card in cards:
        name, colon, number = card.rpartition(":")
        published = bool(colon) and number.isdecimal() and not Path(card).is_file()
        sides.append(card_text(settings, name, int(number)) if published else card_text(settings, card, None))
    if not store_is_there(settings):
        before, after = (compile_card(side.text, side.name) for side in sides)
        return asdict(diff_answer((sides[0].name, sides[1].name), before, after, None))
    body = {
        place: {"document": side.text, "file_name": side.name[-200:]}
        for place, side in zip(("before", "after"), sides, strict=True)
    }
    with Session(settings) as session:
        found: dict[str, Any] = session.send("POST", "/v1/rate-cards/diff", body)
    return found


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandFailed(f"{file} cannot be written: {error.strerror}") from None


def _show(found: dict[str, Any]) -> None:
    stdout().print(f"{found['before']} → {found['after']}", markup=False)
    nodes = Columns("node", "before", "after", words=("before", "after"))
    for one in found["nodes"][:MOST_SHOWN]:
        nodes.row(one["node"], one["before"], one["after"])
    nodes.show("the cards say the same")
    prices = Columns(
        "", "product", "dimensions", "price", "before", "after", "%", "in", "because of",
        numbers=("before", "after", "%"), words=("dimensions", "because of"),
    )  # fmt: skip
    for one in found["prices"][:MOST_SHOWN]:
        prices.row(
            one["kind"],
            one["product"],
            f"{pairs(one['dimensions'])}{_covered(one)}",
            one["field"],
            one["before"],
            one["after"],
            one["percent"],
            one["unit"],
            " ".join(one["causes"]),
        )
    prices.show("no price changes")
    more = found["price_changes"] - MOST_SHOWN
    if more > 0:
        stdout().print(f"… and {more:,} more; --json and --html list them", markup=False)
    _show_effect(found["effect"])


def _covered(one: dict[str, Any]) -> str:
    """Which "*" row prices a combination that one of the cards does not list."""
    told = ""
    for side in ("before", "after"):
        row = one[f"{side}_row"]
        if row not in (None, one["dimensions"]):
            told += f" ({side}: {pairs(row) or 'everything'})"
    return told


def _show_effect(effect: dict[str, Any] | None) -> None:
    if effect is None:
        stdout().print("last month: not known; both cards have to be published in a store", markup=False)
        return
    percent = "" if effect["percent"] is None else f" ({effect['percent']} %)"
    stdout().print(
        f"usage from {effect['month_start']} to {effect['month_end']}: "
        f"{effect['before']} → {effect['after']} {effect['currency']}{percent}",
        markup=False,
    )
    rows = Columns(
        "customer", "product", "before", "after", "change", "%", "computed from",
        numbers=("before", "after", "change", "%"),
    )  # fmt: skip
    for one in effect["rows"][:MOST_SHOWN]:
        rows.row(
            one["customer_id"],
            one["product"],
            one["before"],
            one["after"],
            one["change"],
            one["percent"],
            one["way"],
        )
    rows.show("no usage")
