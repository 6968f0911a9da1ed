"""Rollback: an earlier version in force again, from now or from an earlier instant."""

from dataclasses import dataclass
from datetime import datetime

from api.cohorts import EVERYONE, Cohort
from api.errors import Conflicting
from api.instants import instant_text, parse_instant
from api.operations.activate import contracts_held, put_in_force
from api.operations.gates import pass_gates
from api.operations.reconcile import reconcile
from api.operations.remarks import NO_REMARK, Remark
from api.reads.rate_cards import Activation, list_activations
from api.store import Store

_ALL = 2**32 - 2


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What a rollback did: the version that is in force from `active_from` on, the activations that make it so, and
    what is scheduled for later, which stays."""

    rate_card: str
    rate_card_version: int
    active_from: datetime
    cohort: Cohort
    activation_ids: tuple[int, ...]
    contracts: int
    entries_changed: int
    scheduled: tuple[Activation, ...]


def roll_back(
    store: Store,
    rate_card: str,
    version: int | None = None,
    active_from: datetime | None = None,
    cohort: Cohort = EVERYONE,
    remark: Remark = NO_REMARK,
    *,
    expected: int | None = None,
    force: bool = False,
) -> RolledBack:
    """Put an earlier version in force again for a cohort, from an instant (default: now) on, and re-rate.

    Without `version`: the one that was in force just before `active_from`; from now on, the one before the version
    that came into force last. Activations that came into force between `active_from` and now would win by their later
    start, so the version is activated from each of their starts too. `expected` is the version that has to be in force
    now: a request that is sent again does not go back a second time.

    Raises NotFound, and Conflicting where another version than the expected one is in force, where there is nothing to
    roll back to, or where a gate refuses the version and it is not forced.
    """
    wanted = _wanted(store, rate_card, active_from, cohort, expected) if version is None else version
    passed = pass_gates(store, rate_card, wanted, cohort, force=force)
    with store.exclusive():
        if version is None and _wanted(store, rate_card, active_from, cohort, expected) != wanted:
            # Asking the gates takes a while, and others may have put something in force meanwhile.
            raise Conflicting(
                "unexpected_version",
                f"another version of rate card {rate_card!r} came into force meanwhile; look at its activations",
            )
        now = store.clock()
        start = now if active_from is None else active_from
        made = _made(store, rate_card)
        later = {
            starts_at
            for starts_at, one in made
            if start < starts_at <= now and one.rate_card_version != wanted
        }
        starts = [start, *sorted(later)]
        ids = put_in_force(store, passed, starts, cohort, remark, "rollback")
    result = reconcile(store)
    return RolledBack(
        rate_card=rate_card,
        rate_card_version=wanted,
        active_from=start,
        cohort=cohort,
        activation_ids=tuple(ids),
        contracts=contracts_held(store, rate_card, ids[0]),
        entries_changed=result.entries_appended,
        scheduled=tuple(one for starts_at, one in made if starts_at > max(now, start)),
    )


def _made(store: Store, rate_card: str) -> list[tuple[datetime, Activation]]:
    """By start, then as made: the order in which each takes the place of those before it."""
    activations = list_activations(store, rate_card, limit=_ALL).items
    made = [(parse_instant(one.active_from), one) for one in activations]
    return sorted(made, key=lambda pair: (pair[0], pair[1].activation_id))


def _wanted(
    store: Store, rate_card: str, active_from: datetime | None, cohort: Cohort, expected: int | None
) -> int:
    """Return the version to go back to. A version is never rolled back to a later one: after a rollback the next one
    goes further back."""
    now = store.clock()
    started = [
        (starts_at, one.rate_card_version)
        for starts_at, one in _made(store, rate_card)
        if starts_at <= now and (cohort == EVERYONE or one.cohort in (EVERYONE.value, cohort.value))
    ]
    if not started:
        raise Conflicting("nothing_to_roll_back", f"no version of rate card {rate_card!r} is in force")
    since, current = started[-1]
    if expected is not None and expected != current:
        raise Conflicting(
            "unexpected_version",
            f"version {current} of rate card {rate_card!r} is in force since {instant_text(since)}, not {expected}",
        )
    earlier = [version for _, version in started if version < current]
    if not earlier:
        raise Conflicting(
            "nothing_to_roll_back",
            f"version {current} of rate card {rate_card!r} is in force since {instant_text(since)}, and no earlier "
            "version ever was; name the version with `--to`, or in `rate_card_version`",
        )
    start = now if active_from is None else active_from
    before = [version for starts_at, version in started if starts_at < start]
    at = [version for starts_at, version in started if starts_at <= start]
    then = (before or at or [current])[-1]
    return then if then < current else earlier[-1]
