"""Gates: what a version has to pass before it is activated. Each answers passed or failed, with reasons."""

from collections.abc import Callable

from api.gates.candidate import Candidate, candidate, meters_text
from api.gates.coverage import covers_usage
from api.gates.replay import moves_revenue_little
from api.gates.totals import totals_stay_whole
from api.gates.version import compiles, meters_unchanged, type_checks, unambiguous
from api.reads.gate_documents import GateResult, ProductReplay, Reason

GATES: tuple[Callable[[Candidate], GateResult], ...] = (
    compiles,
    type_checks,
    unambiguous,
    meters_unchanged,
    totals_stay_whole,
    covers_usage,
    moves_revenue_little,
)

__all__ = [
    "GATES",
    "Candidate",
    "GateResult",
    "ProductReplay",
    "Reason",
    "ask_gates",
    "candidate",
    "meters_text",
]


def ask_gates(one: Candidate) -> tuple[GateResult, ...]:
    """Return what every gate says, in order. One that no forcing opens is the last that is asked where it refuses: what
    does not compile has no prices to look at."""
    results: list[GateResult] = []
    for gate in GATES:
        results.append(gate(one))
        if not results[-1].passed and not results[-1].forcible:
            break
    return tuple(results)
