"""The gate of coverage: what was seen of late and has a price today has one under the version."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from api.gates.candidate import Candidate
from api.instants import milliseconds
from api.reads.gate_documents import GateResult, Reason
from migrations.features import Features
from ratecard_compiler.rating import ShapeRule
from sql import render


@dataclass(frozen=True, slots=True)
class _Metered:
    """A product whose usage is looked for in events, by the version's own rule."""

    name: str
    number: int
    rule: ShapeRule
    dimension_names: tuple[str, ...]


def covers_usage(candidate: Candidate) -> GateResult:
    """Every combination of dimension values that the cohort's contracts used in the last days, and that has a price
    today, has one under the version, also of products that the version no longer has."""
    days = candidate.gates.coverage_days
    rows = _uncovered(candidate, days)
    found = f"usage of the last {days} days"
    if not rows:
        return GateResult("covers_usage", True, found)
    examples = tuple(
        {
            "product": row["product"],
            "dimensions": dict(zip(row["names"], row["values"], strict=True)),
            "events": row["events"],
        }
        for row in rows
    )
    count = rows[0]["combinations"]
    shown = "; ".join(_shown(one) for one in examples[:3])
    reason = Reason(
        "unpriced_combinations",
        f"{count} combination{' was' if count == 1 else 's were'} used in the last {days} days and would have no "
        f"price: {shown}{'; …' if count > 3 else ''}",
        'add rows for them, or a "*" row; keep a product that is still used, or force it',
        count,
        examples,
    )
    return GateResult("covers_usage", False, found, (reason,))


def _uncovered(candidate: Candidate, days: int) -> list[dict[str, Any]]:
    store, scope = candidate.store, candidate.scope
    since = scope.now - timedelta(days=days)
    parameters = {**scope.parameters, "since": milliseconds(since)}
    in_force = [candidate.meterings[one] for one in candidate.versions_in_force(since)]
    if not in_force:
        return []
    version = candidate.meterings[candidate.version_id]
    moved = [one for one in version.products if all(version.same(one, other) for other in in_force)]
    dropped = sorted({name for other in in_force for name in other.products} - version.products.keys())
    rules = {rule.number: rule for rule in store.shapes()[version.shape_id].rules}
    names = {rule.product: tuple(one.name for one in rule.dimensions) for rule in candidate.card.rules}
    metered = [
        _Metered(product, meter.number, rules[meter.number], names[product])
        for product, meter in version.products.items()
        if product not in moved
    ]
    statement = render(
        "queries/reads/uncovered_usage.sql.j2",
        database=store.database.name,
        events=render("queries/current_events.sql.j2", settling=False),
        features=Features(),
        moved=bool(moved or dropped),
        metered=metered,
        **scope.names,
    )
    known = {
        f"{other.version_id} {product}": other.products[product].number
        for other in candidate.meterings.values()
        for product in (*moved, *dropped)
        if product in other.products and (product in dropped or version.same(product, other))
    }
    return store.database.rows(
        statement,
        **parameters,
        version_id=candidate.version_id,
        moved=[*moved, *dropped],
        # No product has the number 0, so what is dropped has no price.
        numbers=[*(version.products[product].number for product in moved), *(0 for _ in dropped)],
        in_force=list(known),
        in_force_numbers=list(known.values()),
        range_start=since,
        range_end=scope.now + timedelta(days=1),
        **{f"event_type_{place}": one.rule.event_type for place, one in enumerate(metered)},
    )


def _shown(example: dict[str, Any]) -> str:
    values = " ".join(f"{name}={value}" for name, value in example["dimensions"].items())
    events = example["events"]
    return f"{example['product']} {values} ({events} event{'' if events == 1 else 's'})"
