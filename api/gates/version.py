"""Gates about the version itself: it compiles, the live schema takes it, its prices and its meters say one thing."""

from typing import Any

from api.compiled import compiled_card
from api.gates.candidate import Candidate, meters_of, meters_text
from api.reads.gate_documents import GateResult, Reason
from api.words import counted
from migrations import RatingTypeMismatch, check_rating
from ratecard_compiler import RateCardErrors
from sql import load
from sql.errors import EngineBusy, EngineError

_MOST_EXAMPLES = 10


def compiles(candidate: Candidate) -> GateResult:
    """The text that was published compiles, by the compiler of today. What does not can rate nothing: no forcing."""
    try:
        card = candidate.card
    except RateCardErrors as wrong:
        reason = Reason(
            "does_not_compile",
            f"the card has {counted(len(wrong.errors), 'error')}; the first: {wrong.errors[0]}",
            "mend it and publish it again",
            len(wrong.errors),
            tuple({"error": str(error)} for error in wrong.errors[:_MOST_EXAMPLES]),
        )
        return GateResult("compiles", False, "the card does not compile", (reason,), forcible=False)
    return GateResult(
        "compiles", True, f"{counted(len(card.products), 'product')}, {counted(len(card.prices), 'price')}"
    )


def type_checks(candidate: Candidate) -> GateResult:
    """The engine takes the rating expression with the version's rules, and its columns are the ledger's. Nothing could
    be rated otherwise: no forcing."""
    try:
        check_rating(candidate.store.database, candidate.store.shapes())
    except EngineBusy:
        raise
    except (RatingTypeMismatch, EngineError) as wrong:
        reason = Reason(
            "rating_does_not_fit",
            f"the rating expression does not fit the ledger: {wrong}"
            if isinstance(wrong, RatingTypeMismatch)
            else "the engine does not take the rating expression",
            "bring the store to this version of runrate; `runrate migrate` does",
        )
        return GateResult(
            "type_checks", False, "the rating expression and the ledger", (reason,), forcible=False
        )
    return GateResult("type_checks", True, "the rating expression has the ledger's columns")


def unambiguous(candidate: Candidate) -> GateResult:
    """Every combination of the version has one price row."""
    rows = candidate.store.database.rows(
        load("queries/ambiguous_prices.sql"), version_id=candidate.version_id
    )
    found = "every combination has one price"
    if not rows:
        return GateResult("unambiguous", True, found)
    count = rows[0]["combinations"]
    reason = Reason(
        "ambiguous_prices",
        f"{counted(count, 'combination')} ha{'s' if count == 1 else 've'} several prices, such as "
        f"{rows[0]['product']} {', '.join(rows[0]['values'])}",
        "publish the card again under another version; this one was damaged",
        count,
        tuple({"product": row["product"], "values": row["values"]} for row in rows),
    )
    return GateResult("unambiguous", False, "prices by combination", (reason,))


def meters_unchanged(candidate: Candidate) -> GateResult:
    """A meter that was ever in force counts what it counted then (SEMANTICS §4): a new meaning is a new name. Where
    versions disagree, each of their meanings was in force, and a rollback to any of them passes."""
    wanted = meters_of(meters_text(candidate.card))
    known = _meters_in_force(candidate)
    changed = [name for name in wanted if name in known and wanted[name] not in known[name]]
    compared = sum(name in known for name in wanted)
    found = (
        f"{compared} of {counted(len(wanted), 'meter')} {'was' if compared == 1 else 'were'} in force before"
    )
    if not changed:
        return GateResult("meters_unchanged", True, found)
    examples = tuple(
        {"meter": name, "before": known[name][-1], "after": wanted[name]} for name in changed[:_MOST_EXAMPLES]
    )
    reason = Reason(
        "meter_changed",
        f"{', '.join(changed[:_MOST_EXAMPLES])}: {_difference(examples[0])}",
        "give the new meaning a name of its own and let the products use that meter",
        len(changed),
        examples,
    )
    return GateResult("meters_unchanged", False, found, (reason,))


def _meters_in_force(candidate: Candidate) -> dict[str, list[dict[str, Any]]]:
    """Every meaning that a meter had in a version that was activated, by meter, the latest last."""
    known: dict[str, list[dict[str, Any]]] = {}
    for row in candidate.store.database.rows(
        load("queries/meters_activated.sql"), rate_card=candidate.rate_card
    ):
        text = row["meters"] or meters_text(compiled_card(row["text"], f"version {row['version']}"))
        for name, meaning in meters_of(text).items():
            known.setdefault(name, []).append(meaning)
    return known


def _difference(example: dict[str, Any]) -> str:
    before, after = example["before"], example["after"]
    field = next(name for name in after if before.get(name) != after[name])
    return f"`{field}` was {before.get(field)!r} and is {after[field]!r}"
