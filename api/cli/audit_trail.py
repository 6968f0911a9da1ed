"""`runrate audit`: who changed prices, contracts and keys."""

from typing import Annotated, Any

import typer

from api.cli.output import Columns, print_json, stdout
from api.cli.session import Session
from api.cli.settings import Settings, check_instant, command
from api.cohorts import cohort_words


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "audit", "runrate audit --card aurora-ai")
    def audit(
        settings: Settings,
        card: Annotated[str | None, typer.Option(help="Of this rate card only.")] = None,
        contract: Annotated[str | None, typer.Option(help="Of this contract only.")] = None,
        action: Annotated[
            str | None, typer.Option(help="Of one kind only: publish, activate, rollback, contracts, …")
        ] = None,
        since: Annotated[
            str | None, typer.Option(callback=check_instant, help="Recorded at this instant or later.")
        ] = None,
    ) -> None:
        """Show who changed prices, contracts and API keys: when, for whom, and what was there before.

        The latest first. `runrate verify` proves that no entry was changed or removed; keep the head elsewhere to
        prove that none was cut off at the end.
        """
        with Session(settings) as session:
            found = session.listing(
                "/v1/audit", rate_card=card, contract_id=contract, action=action, since=since
            )
        if settings.as_json:
            print_json(found)
            return
        table = Columns(
            *("entry", "recorded", "action", "what", "for", "before", "by", "author", "note", "hash"),
            numbers=("entry",),
            words=("what", "for", "before", "note"),
        )
        for one in found["items"]:
            table.row(
                one["sequence"],
                one["recorded_at"],
                f"{one['action']} (interrupted)" if one["interrupted"] else one["action"],
                _subject(one),
                _applies(one),
                _before(one),
                one["actor"],
                one["author"],
                one["note"],
                one["entry_hash"][:12],
            )
        table.show("no entry is like that")
        head = found["head"]
        stdout().print(f"head: entry {head['sequence']}, {head['entry_hash']}", markup=False)


def _subject(one: dict[str, Any]) -> str:
    """What was changed."""
    if one["rate_card"]:
        return f"{one['rate_card']} version {one['rate_card_version']}"
    if one["key_id"]:
        return f"key {one['key_id']}"
    ids = one["contract_ids"]
    if ids:
        return ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
    if one["action"] == "contracts":
        return "customers"
    return f"entry {one['after']['sequence']}" if one["action"] == "interrupted" else "the trail"


def _applies(one: dict[str, Any]) -> str:
    """For whom, from when on."""
    if one["cohort"] is None:
        return ""
    return f"{cohort_words(one['cohort'])} from {one['active_from']}"


def _before(one: dict[str, Any]) -> str:
    """Which versions were in force, and for how many contracts each; which version was the latest."""
    before = one["before"] or {}
    if "contracts_by_version" in before:
        held = before["contracts_by_version"]
        return ", ".join(f"version {version}: {count}" for version, count in held.items())
    return f"version {before['rate_card_version']}" if "rate_card_version" in before else ""
