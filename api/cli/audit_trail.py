"""`runrate audit`: who changed prices, contracts and keys."""

import re
from typing import Annotated, Any

import typer

from api.cli.failures import CommandFailed
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
        expect_head: Annotated[
            str | None,
            typer.Option(
                metavar="HASH",
                callback=_check_hash,
                help="Exit with 1 unless an entry has this hash, kept before.",
            ),
        ] = None,
    ) -> None:
        """Show who changed prices, contracts and API keys.

        When, for whom, and what was there before, the latest first. `runrate verify` proves that no entry was
        changed or removed; keep the head elsewhere to prove that none was cut off at the end.
        """
        with Session(settings) as session:
            found = session.listing(
                "/v1/audit", rate_card=card, contract_id=contract, action=action, since=since
            )
            kept = None if expect_head is None else _expected(session, expect_head)
        if settings.as_json:
            print_json(found)
            return
        if kept is not None:
            stdout().print(
                f"entry {kept['sequence']} has the hash that was kept; `runrate verify` proves those before it",
                markup=False,
            )
        table = Columns(
            *("entry", "recorded", "action", "what", "before", "by", "note"),
            numbers=("entry",),
            words=("action", "what", "before", "by", "note"),
        )
        for one in found["items"]:
            table.row(
                one["sequence"],
                one["recorded_at"],
                f"{one['action']} (interrupted)" if one["interrupted"] else one["action"],
                f"{_subject(one)}{_applies(one)}",
                _before(one),
                " ".join(filter(None, (one["author"], one["actor"]))),
                one["note"],
            )
        table.show("no entry is like that")
        head = found["head"]
        stdout().print(f"head: entry {head['sequence']}, {head['entry_hash']}", markup=False)


def _check_hash(text: str | None) -> str | None:
    """Let the hash of an entry pass."""
    if text is not None and not re.fullmatch(r"[0-9a-f]{64}", text):
        raise typer.BadParameter("write the 64 hexadecimal digits of `head`")
    return text


def _expected(session: Session, entry_hash: str) -> dict[str, Any]:
    """Return the entry that has a hash. Raises CommandFailed."""
    for one in session.pages("/v1/audit"):
        if one["entry_hash"] == entry_hash:
            return one
    raise CommandFailed(
        f"no entry of the audit trail has the hash {entry_hash}: since it was kept the trail was cut off or written "
        "anew; restore a backup beside the store and compare the two"
    )


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
    return f" for {cohort_words(one['cohort'])} from {one['active_from']}"


def _before(one: dict[str, Any]) -> str:
    """Which versions were in force, and for how many contracts each; which version was the latest."""
    before = one["before"] or {}
    if "contracts_by_version" in before:
        held = before["contracts_by_version"]
        return ", ".join(f"version {version}: {count}" for version, count in held.items())
    return f"version {before['rate_card_version']}" if "rate_card_version" in before else ""
