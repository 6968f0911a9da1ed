"""`runrate ratecard set`: numbers of a published card set anew, in force from an instant on."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from api.cli.activations import Author, Force, Note, in_force_words
from api.cli.card_validation import show_warnings
from api.cli.failures import CommandFailed
from api.cli.output import Columns, counted, entries_changed, pairs, print_json, stdout
from api.cli.session import Session, part
from api.cli.settings import Settings, check_instant, command
from api.cohorts import cohort_words

MOST_SHOWN = 50


def register(cards: typer.Typer) -> None:
    """Add the command."""

    @command(
        cards,
        "set",
        "runrate ratecard set aurora-ai 'model_cost[large]=0.000009' --from 2026-03-01T00:00:00Z",
    )
    def set_(
        settings: Settings,
        rate_card: Annotated[str, typer.Argument(help="The card's id, for example aurora-ai.")],
        numbers: Annotated[
            list[str],
            typer.Argument(metavar="NODE=VALUE...", help="A constant or a table cell, and its new number."),
        ],
        start: Annotated[
            str | None,
            typer.Option("--from", callback=check_instant, help="From which instant on; default: now."),
        ] = None,
        version: Annotated[
            int | None,
            typer.Option("--version", help="The version to change; default: the one in force then.", min=1),
        ] = None,
        author: Author = "",
        note: Note = "",
        force: Force = False,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Only say which prices would change; store nothing.")
        ] = False,
    ) -> None:
        """Set constants and table cells of a published card.

        Makes the next version and puts it in force for everyone. Nothing else in the card's text changes.
        Prints every price that follows.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        body = {
            "numbers": _numbers(numbers),
            "active_from": start or now,
            "rate_card_version": version,
            "dry_run": dry_run,
            "author": author,
            "note": note,
            "force": force,
        }
        with Session(settings) as session:
            done = session.send("POST", f"/v1/rate-cards/{part(rate_card)}/numbers", body)
        if settings.as_json:
            print_json(done)
        else:
            _show(done)


def _numbers(given: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in given:
        # A key may hold "=", a number may not.
        node, equals, value = one.rpartition("=")
        if not equals or not node:
            raise CommandFailed(
                f"{one!r} is no node and number; write margin=1.40 or 'model_cost[large]=0.000009'"
            )
        if node in found:
            raise CommandFailed(f"{node} is given twice; keep one")
        found[node] = value
    return found


def _show(done: dict[str, Any]) -> None:
    for number in done["numbers"]:
        stdout().print(f"{number['node']}: {number['before']} → {number['after']}", markup=False)
    table = Columns("product", "dimensions", "price", "before", "after", "in", numbers=("before", "after"))
    for one in done["prices"][:MOST_SHOWN]:
        table.row(
            one["product"],
            pairs(one["dimensions"]),
            one["field"],
            one["before"],
            one["after"],
            one["unit"],
        )
    table.show("no price changes")
    if done["price_changes"] > MOST_SHOWN:
        more = counted(done["price_changes"] - MOST_SHOWN, "price")
        stdout().print(f"… and {more} more; --json lists them", markup=False)
    stdout().print(_told(done), markup=False)
    for one in done["replaced"]:
        stdout().print(
            f"version {one['rate_card_version']}, in force for {cohort_words(one['cohort'])} "
            f"from {one['active_from']}, is replaced too",
            markup=False,
        )
    show_warnings(done["rate_card"], done["warnings"])


def _told(done: dict[str, Any]) -> str:
    base = f"{done['rate_card']} version {done['base_version']}"
    if done["rate_card_version"] is None:
        return f"dry run: {base} stays as it is, nothing is stored; the gates are asked without --dry-run"
    return (
        f"{done['rate_card']} version {done['rate_card_version']}, made from version {done['base_version']}, "
        f"{in_force_words(done)}; {entries_changed(done)}"
    )
