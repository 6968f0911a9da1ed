"""Figures, and how they are printed."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

from bench.children import Cost

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number and its unit, and where there is one the ratio to what it is compared with. The aim is
    a least ratio or, in the number's unit, a least rate or a longest time."""

    what: str
    number: float
    unit: str
    ratio: float | None = None
    ratio_aim: float | None = None
    aim: float | None = None

    @property
    def aim_text(self) -> str:
        """The aim in words; empty without one."""
        if self.ratio_aim is not None:
            return f"≥ {self.ratio_aim:g}×"
        if self.aim is None:
            return ""
        # Rates are to be high, times low.
        return f"{'≥' if self.unit.endswith('/s') else '≤'} {_shown(self.aim)} {self.unit}"


def least_cost(costs: Iterable[Cost]) -> Cost:
    """Return the least of several runs, CPU and wall each: what disturbs a run only ever adds."""
    runs = list(costs)
    return Cost(min(run.cpu_seconds for run in runs), min(run.wall_seconds for run in runs))


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that at least `percent` of a hundred values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def as_table(heading: str, figures: Sequence[Figure]) -> str:
    """The figures as an aligned table under a heading."""
    rows = [("what", "figure", "ratio", "aim")]
    rows += [
        (
            figure.what,
            f"{_shown(figure.number)} {figure.unit}",
            "" if figure.ratio is None else f"{figure.ratio:.3g}×",
            figure.aim_text,
        )
        for figure in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]:<{widths[3]}}".rstrip()
        for row in rows
    ]
    return "\n".join([heading, "", *lines])


def as_json(facts: dict[str, object], figures: Sequence[Figure]) -> str:
    """The figures as JSON; these are measurements, not quantities or amounts, so they are numbers."""
    return json.dumps({**facts, "figures": [asdict(figure) for figure in figures]}, indent=1)


def _shown(number: float) -> str:
    if number >= 1_000:
        return f"{number:,.0f}"
    return f"{number:.3g}" if number < 10 else f"{number:.1f}"
