"""The oracle: an independent, slow, obvious rater in plain decimals.

It shares no code with the packages that it checks. It reads the files of a scenario (SEMANTICS §9), keeps the
whole state, and works everything out at the end, event by event: so it cannot depend on arrival, batches or
order. A rule that it does not know raises NotCovered.
"""

from tests.oracle.aggregation import aggregate
from tests.oracle.comparison import differences, unmet
from tests.oracle.credits import drawdown
from tests.oracle.exact import NotCovered
from tests.oracle.pricing import price_amount
from tests.oracle.scenario import run_revenue, run_scenario, run_steps

__all__ = [
    "NotCovered",
    "aggregate",
    "differences",
    "drawdown",
    "price_amount",
    "run_revenue",
    "run_scenario",
    "run_steps",
    "unmet",
]
