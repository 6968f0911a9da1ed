"""Random overrides of contracts: every kind and scope, always or for a time."""

from copy import copy
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.strategies.cards import MODELS, OUTPUTS, REGIONS, TASKS, amount, random_tiers
from tests.strategies.instants import FIRST, NOW, moment, text

SCOPES = ("products", "tags", "dimensions")

# Values that some card lists, and one that none does.
VALUES = {
    "model": (*MODELS, "unlisted"),
    "region": (*REGIONS, "unlisted"),
    "context": ("long", "short"),
    "task": (*TASKS, "draw"),
    "output": (*OUTPUTS, "huge"),
}


def random_overrides(
    random: Random, boundaries: list[datetime], card: dict[str, Any]
) -> list[dict[str, Any]]:
    """Overrides of one contract; the instants at which they start and end go to the boundaries."""
    found = [_override(random, boundaries, card) for _ in range(random.randint(1, 4))]
    if random.random() < 0.3:
        # Equal scope: the later one counts while it is in force.
        scope = {name: copy(value) for name, value in random.choice(found).items() if name in SCOPES}
        found.append({**scope, **_terms(random), **_bounds(random, boundaries)})
    return found


def _override(random: Random, boundaries: list[datetime], card: dict[str, Any]) -> dict[str, Any]:
    return {**_scope(random, card), **_terms(random), **_bounds(random, boundaries)}


def _scope(random: Random, card: dict[str, Any]) -> dict[str, Any]:
    products = card["products"]
    kind = random.choice(
        ("everything", "tag", "products", "products", "dimensions", "dimensions", "dimensions")
    )
    if kind == "everything":
        return {}
    if kind == "tag":
        return {"tags": [random.choice(("everything", "some"))]}
    named = random.choice(list(products))
    dimensions = list(products[named].get("dimensions", {}))
    # Combinations that share their tiers cannot have several prices.
    if kind == "products" or not dimensions or "tiers_over" in products[named]["price"]:
        return {"products": sorted({named, random.choice(list(products))})}
    names = random.sample(dimensions, k=random.randint(1, len(dimensions)))
    return {"products": [named], "dimensions": {name: random.choice(VALUES[name]) for name in names}}


def _terms(random: Random) -> dict[str, Any]:
    kind = random.choice(("multiplier", "multiplier", "unit_amount", "tiers"))
    if kind == "multiplier":
        return {"multiplier": random.choice(("0.8", "0.5", "1.25", "0.333333333", "0"))}
    rate = amount(random, 4)
    return {kind: rate if kind == "unit_amount" else random_tiers(random, rate, "unit_amount")}


def _bounds(random: Random, boundaries: list[datetime]) -> dict[str, Any]:
    start = moment(random, FIRST - timedelta(days=5), NOW - timedelta(days=20))
    if random.random() < 0.3:
        start = random.choice(boundaries)
    end = moment(random, start + timedelta(minutes=10), max(NOW, start + timedelta(days=1)))
    starts, ends = random.random() < 0.6, random.random() < 0.5
    boundaries += [at for at, matters in ((start, starts), (end, ends)) if matters]
    return {"from": text(start) if starts else None, "to": text(end) if ends else None}
