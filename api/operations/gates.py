"""Passing the gates: what an activation does before it changes anything."""

from dataclasses import asdict, dataclass, replace

from api.cohorts import Cohort
from api.errors import Conflicting
from api.gates import ask_gates, candidate
from api.reads.gate_documents import forced_text
from api.store import Store


@dataclass(frozen=True, slots=True)
class Passed:
    """A version that may be activated. `forced` is empty, or the gates that it failed as they are recorded."""

    rate_card: str
    version: int
    version_id: int
    content_hash: str
    forced: str = ""


def pass_gates(store: Store, rate_card: str, version: int, cohort: Cohort, *, force: bool) -> Passed:
    """Ask every gate about a version before it is activated for a cohort.

    Raises NotFound, and Conflicting with every reason where a gate refuses; with `force` only where that would be of no
    use, because the version could not rate.
    """
    one = candidate(store, rate_card, version, cohort, is_asked=False)
    failed = tuple(gate for gate in ask_gates(one) if not gate.passed)
    passed = Passed(rate_card, version, one.version_id, one.content_hash)
    if not failed:
        return passed
    if force and all(gate.forcible for gate in failed):
        return replace(passed, forced=forced_text(failed))
    names = ", ".join(gate.gate for gate in failed)
    help_ = (
        ""
        if force or not all(gate.forcible for gate in failed)
        else "; `--force`, or `force` in the body, activates it all the same"
    )
    raise Conflicting(
        "gates_failed",
        f"{rate_card} version {version} is not activated: {names} refuse{'s' if len(failed) == 1 else ''} it{help_}",
        [{"gate": gate.gate, **asdict(reason)} for gate in failed for reason in gate.reasons],
    )
