"""Numbers of a published card set anew: a new version with them, in force for everyone from an instant on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from api.cohorts import EVERYONE, Cohort
from api.compiled import remember
from api.errors import NotFound, Unprocessable
from api.instants import instant_text, milliseconds
from api.operations.activate import activate_version, taken_over
from api.operations.publish import publish_rate_card
from api.operations.remarks import NO_REMARK, Remark
from api.reads.rate_cards import get_version, list_versions
from api.store import Store
from ratecard_compiler.number_changes import ChangedCard, ChangeRefused, change_numbers
from sql import load


@dataclass(frozen=True, slots=True)
class Replaced:
    """A version that was in force for some customers only, and for whom."""

    version: int
    active_from: datetime
    cohort: Cohort


@dataclass(frozen=True, slots=True)
class NumbersChanged:
    """What was changed, or would be.

    `base` is the version whose text was changed, `rate_card_version` the new one; None where nothing was stored.
    `active_until` is where an activation that was there before takes over, with `next_version`. `replaced` are the
    versions of cohorts, whose place the new one takes too: it is for everyone, and starts later.
    """

    rate_card: str
    base: int
    rate_card_version: int | None
    active_from: datetime
    active_until: datetime | None
    next_version: int | None
    replaced: tuple[Replaced, ...]
    changed: ChangedCard
    entries_changed: int


def change_card_numbers(
    store: Store,
    rate_card: str,
    numbers: Mapping[str, str],
    active_from: datetime,
    *,
    base: int | None = None,
    dry_run: bool = False,
    remark: Remark = NO_REMARK,
    force: bool = False,
) -> NumbersChanged:
    """Set constants and table cells of a card, and put the new version in force for everyone from `active_from` on.

    The numbers are changed in the text of the version that is in force for everyone at that instant, or of `base`; of
    the latest one where none ever was in force. With `dry_run` nothing is stored. Raises NotFound, Unprocessable for
    numbers that cannot be set or where no version is in force at that instant, RateCardErrors where the card does not
    compile with them, and Conflicting where a gate refuses the new version and it is not forced: it is then published
    and not in force.
    """
    version, text = _base(store, rate_card, active_from, base)
    try:
        changed = change_numbers(text, numbers, f"{rate_card} version {version}")
    except ChangeRefused as refused:
        reasons = [{"message": reason} for reason in refused.reasons]
        raise Unprocessable(
            "invalid_change",
            f"the numbers of {rate_card} version {version} are unchanged",
            reasons,
        ) from None
    until, next_version = taken_over(store, rate_card, active_from, EVERYONE)
    replaced = store.database.rows(
        load("queries/versions_replaced_for_cohorts.sql"), rate_card=rate_card, at=milliseconds(active_from)
    )
    number: int | None = None
    entries = 0
    if not dry_run:
        remember(changed.text, changed.card)
        published = publish_rate_card(store, changed.text, f"{rate_card}.yaml", version, remark)
        number = published.rate_card_version
        done = activate_version(store, rate_card, number, active_from, EVERYONE, remark, "set", force=force)
        entries = done.entries_changed
    return NumbersChanged(
        rate_card=rate_card,
        base=version,
        rate_card_version=number,
        active_from=active_from,
        active_until=until,
        next_version=next_version,
        replaced=tuple(
            Replaced(row["version"], row["active_from"], Cohort(row["cohort"])) for row in replaced
        ),
        changed=changed,
        entries_changed=entries,
    )


def _base(store: Store, rate_card: str, at: datetime, wanted: int | None) -> tuple[int, str]:
    """Return the number and the text of the version to change."""
    if wanted is None:
        rows = store.database.rows(
            load("queries/version_for_everyone.sql"), rate_card=rate_card, at=milliseconds(at)
        )
        if rows:
            return rows[0]["version"], rows[0]["document"]
        first = store.database.rows(load("queries/first_version_for_everyone.sql"), rate_card=rate_card)
        if first:
            raise Unprocessable(
                "no_version_in_force",
                f"no version of rate card {rate_card!r} is in force for everyone at {instant_text(at)}: the first, "
                f"version {first[0]['version']}, is from {instant_text(first[0]['active_from'])} on. Name the version "
                "to change, or a later instant",
            )
        latest = list_versions(store, rate_card, limit=1).items
        if not latest:
            raise NotFound("unknown_version", f"no version of rate card {rate_card!r} is published")
        wanted = latest[0].rate_card_version
    found = get_version(store, rate_card, wanted)
    if found is None:
        raise NotFound(
            "unknown_version", f"rate card {rate_card!r} has no version {wanted}; publish it first"
        )
    return wanted, found.document
