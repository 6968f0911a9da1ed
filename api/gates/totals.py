"""The gate of totals: what is counted over a whole period is not counted in two ways within one."""

from collections import defaultdict

from api.gates.candidate import Candidate
from api.reads.gate_documents import GateResult, Reason
from ratecard_compiler.settlement import ADDITIVE_AGGREGATIONS
from sql import render

_MOST_EXAMPLES = 10

# The meter of a product, and the names of its dimensions.
_Way = tuple[str, tuple[str, ...]]


def totals_stay_whole(candidate: Candidate) -> GateResult:
    """A product whose meter does not add up is counted as a version that is in force counts it: what is counted in two
    ways within a period is two totals (SEMANTICS §4), and would be billed twice."""
    wanted: dict[str, _Way] = {
        rule.product: (rule.meter, tuple(one.name for one in rule.dimensions))
        for rule in candidate.card.rules
        if rule.aggregation not in ADDITIVE_AGGREGATIONS
    }
    found = f"{len(wanted)} product{'' if len(wanted) == 1 else 's'} of totals that do not add up"
    known = _ways_in_force(candidate) if wanted else {}
    changed = [name for name in wanted if name in known and wanted[name] not in known[name]]
    if not changed:
        return GateResult("totals_stay_whole", True, found)
    examples = tuple(
        {"product": name, "before": _shown(known[name][-1]), "after": _shown(wanted[name])}
        for name in changed[:_MOST_EXAMPLES]
    )
    first = examples[0]
    reason = Reason(
        "total_counted_twice",
        f"{first['product']} is counted by {first['before']} and would be by {first['after']}: events of the billing "
        "period of the change would make a total each way, and both would be billed",
        "give the product a new id, or force it, knowing that the period of the change counts them apart",
        len(changed),
        examples,
    )
    return GateResult("totals_stay_whole", False, found, (reason,))


def _ways_in_force(candidate: Candidate) -> dict[str, list[_Way]]:
    """How versions that are in force in the current billing periods of the cohort's contracts count, by product."""
    scope = candidate.scope
    rows = candidate.store.database.rows(
        render("queries/reads/totals_in_force.sql.j2", **scope.names), **scope.parameters
    )
    ways: dict[str, list[_Way]] = defaultdict(list)
    for row in rows:
        ways[row["product"]].append((row["meter"], tuple(row["dimension_names"])))
    return ways


def _shown(way: _Way) -> str:
    meter, names = way
    return f"meter {meter}" + (f" and {', '.join(names)}" if names else " without dimensions")
