"""`runrate ratecard activate`, `rollback` and `activations`: which version rates whom, from when on."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from api.cli.failures import CommandFailed
from api.cli.output import Columns, counted, entries_changed, print_json, stderr, stdout
from api.cli.session import Session, part
from api.cli.settings import Settings, check_instant, command
from api.cohorts import ALL, CohortErrors, cohort_words, parse_cohort
from api.instants import parse_instant

CardName = Annotated[str, typer.Argument(help="The card's id, for example aurora-ai.")]
Author = Annotated[str, typer.Option(envvar="RUNRATE_AUTHOR", help="Who does it.")]
Note = Annotated[str, typer.Option(help="Why.")]
CohortText = Annotated[
    str,
    typer.Option(
        metavar="COHORT",
        help="For whom: all, or one of '{percent: 10}', '{customers: [c1, c2]}', "
        "'{contracts_starting_from: 2026-01-01T00:00:00Z}', \"{where: segment = 'pilot'}\".",
    ),
]

Force = Annotated[
    bool, typer.Option("--force", help="Though a gate refuses it; that is kept with the activation.")
]
ActiveFrom = Annotated[
    str | None,
    typer.Option(
        "--from", callback=check_instant, help="First event time that it rates, an instant; default: now."
    ),
]


def register(cards: typer.Typer) -> None:
    """Add the commands."""
    _register_activate(cards)
    _register_rollback(cards)
    _register_activations(cards)


def _register_activate(cards: typer.Typer) -> None:
    @command(cards, "activate", "runrate ratecard activate aurora-ai 1 --from 2026-01-01T00:00:00Z")
    def activate(
        settings: Settings,
        rate_card: CardName,
        version: Annotated[int, typer.Argument(help="The version's number.", min=1)],
        start: ActiveFrom = None,
        cohort: CohortText = ALL,
        author: Author = "",
        note: Note = "",
        force: Force = False,
    ) -> None:
        """Put a version in force from an instant on.

        From an earlier instant, what came in since is rated again; a later one is a schedule. It has to pass the gates
        (see `runrate ratecard gates`), or is forced.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        body = {
            "rate_card_version": version,
            "active_from": start or now,
            **_told(cohort, author, note, force),
        }
        with Session(settings) as session:
            done = session.send("POST", f"/v1/rate-cards/{part(rate_card)}/activations", body)
        if settings.as_json:
            print_json(done)
            return
        stdout().print(_told_of(done), markup=False)
        _warn_of_nobody(done)


def _register_rollback(cards: typer.Typer) -> None:
    @command(cards, "rollback", "runrate ratecard rollback aurora-ai --from 2026-01-20T00:00:00Z")
    def rollback(
        settings: Settings,
        rate_card: CardName,
        to: Annotated[
            int | None,
            typer.Option(
                help="The version's number; default: the one in force before --from, else the one before the last.",
                min=1,
            ),
        ] = None,
        start: ActiveFrom = None,
        cohort: CohortText = ALL,
        author: Author = "",
        note: Note = "",
        force: Force = False,
    ) -> None:
        """Put an earlier version in force again, from now or earlier.

        What came into force in between is outdone. What is scheduled for later stays, and is listed.
        """
        body: dict[str, Any] = _told(cohort, author, note, force)
        if to is not None:
            body["rate_card_version"] = to
        if start is not None:
            body["active_from"] = start
        with Session(settings) as session:
            done = session.send("POST", f"/v1/rate-cards/{part(rate_card)}/rollbacks", body)
        if settings.as_json:
            print_json(done)
            return
        stdout().print(_told_of(done), markup=False)
        _warn_of_nobody(done)
        for one in done["scheduled"]:
            stdout().print(
                f"scheduled: version {one['rate_card_version']} from {one['active_from']} "
                f"for {cohort_words(one['cohort'])}",
                markup=False,
            )


def _register_activations(cards: typer.Typer) -> None:
    @command(cards, "activations", "runrate ratecard activations aurora-ai")
    def activations(settings: Settings, rate_card: CardName) -> None:
        """List what was, is or will be in force, for whom and why."""
        with Session(settings) as session:
            found = session.listing(f"/v1/rate-cards/{part(rate_card)}/activations")
        if settings.as_json:
            print_json(found)
        else:
            show_activations(found["items"])


def show_activations(found: list[dict[str, Any]]) -> None:
    """Print activations of the API as a table."""
    table = Columns(
        "activation",
        "version",
        "from",
        "cohort",
        "state",
        "author",
        "note",
        "forced",
        numbers=("activation", "version"),
        words=("cohort", "note", "forced"),
    )
    for one in found:
        table.row(
            one["activation_id"],
            one["rate_card_version"],
            one["active_from"],
            cohort_words(one["cohort"]),
            one["state"],
            one["author"],
            one["note"],
            " ".join(gate["gate"] for gate in one["forced"]),
        )
    table.show("no version is active; see `runrate ratecard activate`")


def _told(cohort: str, author: str, note: str, force: bool) -> dict[str, Any]:
    """The part of a request that says for whom, by whom and why, and whether a gate may stop it."""
    return {"cohort": cohort_value_of(cohort), "author": author, "note": note, "force": force}


def cohort_value_of(text: str) -> str | dict[str, Any]:
    """The cohort of an option, as a request has it."""
    try:
        return parse_cohort(text, "--cohort").value
    except CohortErrors as wrong:
        raise CommandFailed("the cohort is wrong", tuple(str(error) for error in wrong.errors)) from None


def in_force_words(done: dict[str, Any]) -> str:
    """What an answer says to be in force: from when, for whom, and until when."""
    is_scheduled = parse_instant(done["active_from"]) > datetime.now(UTC)
    told = f"is {'scheduled' if is_scheduled else 'in force'} from {done['active_from']}"
    if done.get("cohort", ALL) != ALL:
        told += f" for {cohort_words(done['cohort'])} ({counted(done['contracts'], 'contract')})"
    if done.get("active_until") is not None:
        told += f" until {done['active_until']}, when version {done['next_version']} takes over"
    return told


def _told_of(done: dict[str, Any]) -> str:
    name = f"{done['rate_card']} version {done['rate_card_version']}"
    return f"{name} {in_force_words(done)}; {entries_changed(done)}"


def warn_of_cohort(done: dict[str, Any]) -> None:
    """Print what an answer warns of about its cohort."""
    for one in done["warnings"]:
        stderr().print(f"warning: {one}", style="yellow", markup=False)


def _warn_of_nobody(done: dict[str, Any]) -> None:
    warn_of_cohort(done)
    if done["cohort"] != ALL and done["contracts"] == 0:
        stderr().print(
            "warning: the cohort holds no contract of the card now; see `runrate prices CUSTOMER` for whom it should",
            style="yellow",
            markup=False,
        )
