"""Random rate cards: every model, tables with "*", formulas, filters, several products on one event type."""

import copy
from decimal import Decimal
from random import Random
from typing import Any

# What events may carry; the tables below list some of it, "*" or nothing prices the rest.
MODELS = ("small", "large", "O'Neill 2", "模型")
REGIONS = ("us-east", "eu-west", "ap-south")
TASKS = ("summarise", "translate")
OUTPUTS = ("short", "long")

# A product at a fixed price, for values near the bounds of amounts and below zero.
ADJUSTMENTS = "adjustments"

FILTERS = (
    None,
    "status = 'ok'",
    "status != 'error'",
    "status in ('ok', 'cached')",
    "not status = 'error'",
    "coalesce(status, 'ok') = 'ok' and input_tokens > 0",
    "input_tokens >= 100 or region = 'us-east'",
)
QUANTITIES = {
    "llm.completion": (
        "input_tokens",
        "output_tokens",
        "input_tokens + output_tokens",
        "input_tokens * 2 + coalesce(output_tokens, 0)",
        "if(status = 'cached', 0, input_tokens)",
        "max(input_tokens, 50) - min(output_tokens, 10)",
        "ceil(input_tokens / 1000)",
        "output_tokens / 3",
    ),
    "storage.sample": ("gigabytes", "gigabytes * hours", "round(gigabytes, 2)", "floor(gigabytes)"),
    "task.done": ("units", "units * 0.5", "-units + 2 * units"),
}
DIMENSIONS = {
    "llm.completion": {
        "model": "model",
        "region": "region",
        "context": "if(input_tokens > 200, 'long', 'short')",
    },
    "storage.sample": {"region": "region"},
    "task.done": {"task": "task", "output": "output_size"},
}

# What `unique` counts.
COUNTED = {
    "llm.completion": ("model", "project", "if(input_tokens > 200, 'long', 'short')"),
    "storage.sample": ("region", "gigabytes"),
    "task.done": ("task", "units"),
}
OF_THE_WHOLE = ("max", "min", "latest", "unique", "average", "weighted_sum")

# What a tier's price is called.
TIER_PRICES = {"graduated": "unit_amount", "volume": "unit_amount", "graduated_percentage": "rate_percent"}


def amount(random: Random, decimals: int = 6) -> str:
    """A positive amount as text, from a few millionths to some tens."""
    digits = random.randint(1, 10 ** random.randint(1, decimals + 1))
    whole, part = divmod(digits, 10**decimals)
    return f"{whole}.{part:0{decimals}d}"


def random_card(random: Random, zero_usage: bool) -> dict[str, Any]:
    """A card's document. `zero_usage` lets tiers charge their first flat amount for a period that nets to
    zero."""
    document: dict[str, Any] = {
        "rate_card": "acme-ai",
        "currency": random.choice(("USD", "USD", "EUR", "JPY", "KWD")),
    }
    if random.random() < 0.5:
        document["rounding"] = random.choice(("half_up", "half_even"))
    document["units"] = {"credit": {"name": "Credit", "value": random.choice(("1.00", "0.01", "0.125"))}}
    document["constants"] = {"margin": amount(random, 2), "thirds": "3"}
    document["tables"] = _tables(random)
    document["formulas"] = {
        "base_price": "model_cost[model] * margin",
        "token_price": "base_price * region_factor[region] / thirds",
        "storage_price": "max(region_factor[region], 0.5) * 0.011 + margin / 7",
    }
    document["meters"], document["products"] = {}, {}
    for number, event_type in enumerate(_event_types(random)):
        _add_product(random, document, f"{event_type.split('.')[0]}_{number}", event_type, zero_usage)
    document["meters"][ADJUSTMENTS] = {"event_type": "adjustment", "quantity": "value", "unit": "unit"}
    document["meters"][ADJUSTMENTS]["aggregation"] = "sum"
    price = {"model": "per_unit", "unit_amount": "1.00"}
    document["products"][ADJUSTMENTS] = {"name": "Adjustments", "meter": ADJUSTMENTS, "price": price}
    document["tags"] = {"everything": list(document["products"]), "some": list(document["products"])[::2]}
    return document


def _event_types(random: Random) -> list[str]:
    """Several products on one event type are the rule: a completion feeds two or three."""
    types = ["llm.completion", "llm.completion", "task.done"]
    return types + random.choices(tuple(DIMENSIONS), k=random.randint(0, 3))


def _tables(random: Random) -> dict[str, Any]:
    models: dict[str, str] = {model: amount(random, 9) for model in MODELS[: random.randint(2, 4)]}
    if random.random() < 0.4:
        models["*"] = amount(random, 9)
    regions = {region: amount(random, 3) for region in REGIONS[: random.randint(1, 3)]}
    if random.random() < 0.7:
        regions["*"] = amount(random, 3)
    rows = [
        [task, output, amount(random, 2)] for task in TASKS for output in OUTPUTS if random.random() < 0.6
    ]
    rows += [[task, "*", amount(random, 2)] for task in TASKS]
    if random.random() < 0.5:
        rows.append(["*", "*", amount(random, 2)])
    return {
        "model_cost": {"keys": ["model"], "rows": models},
        "region_factor": {"keys": ["region"], "rows": regions},
        "task_weight": {"keys": ["task", "output"], "rows": rows},
    }


def _add_product(
    random: Random, document: dict[str, Any], name: str, event_type: str, zero_usage: bool
) -> None:
    meter: dict[str, Any] = {"event_type": event_type}
    condition = random.choice(FILTERS) if event_type == "llm.completion" else None
    if condition:
        meter["filter"] = condition
    meter |= _measure(random, event_type)
    adds_up = meter["aggregation"] not in OF_THE_WHOLE
    dimensions = DIMENSIONS[event_type]
    kept = {key: text for key, text in dimensions.items() if random.random() < 0.7}
    product: dict[str, Any] = {"name": name.title(), "meter": name, "dimensions": kept}
    if adds_up and random.random() < 0.3:
        product["show"] = {"project": "project"}
    product["price"] = _price(random, set(kept), zero_usage, adds_up)
    if random.random() < 0.3:
        product["price"]["unit"] = "credit"
    document["meters"][name], document["products"][name] = meter, product


def _measure(random: Random, event_type: str) -> dict[str, Any]:
    """What a meter makes of the events' values: mostly their sum."""
    kind = random.choices(("sum", "count", *OF_THE_WHOLE), weights=(12, 3, *(1 for _ in OF_THE_WHOLE)))[0]
    measure = {"aggregation": kind, "unit": "unit"}
    if kind != "count":
        values = COUNTED if kind == "unique" else QUANTITIES
        measure["quantity"] = random.choice(values[event_type])
    return measure


def _price(random: Random, dimensions: set[str], zero_usage: bool, adds_up: bool) -> dict[str, Any]:
    price = _amounts(random, dimensions, zero_usage, adds_up)
    _limit(random, price, 0.1)
    return price


def _limit(random: Random, price: dict[str, Any], often: float) -> None:
    """Give a price without them a least and a greatest amount, each or none."""
    if random.random() < often:
        price["minimum_spend"] = amount(random, 2)
    if random.random() < often:
        least = Decimal(price.get("minimum_spend", "0"))
        price["maximum_spend"] = format(least + Decimal(amount(random, 2)), "f")


def _amounts(random: Random, dimensions: set[str], zero_usage: bool, adds_up: bool) -> dict[str, Any]:
    model = random.choice(
        (
            "per_unit",
            "per_unit",
            "graduated",
            "graduated_percentage",
            "volume",
            "package",
            "percentage",
            "flat",
        )
    )
    pooled = model != "per_unit" and random.random() < 0.25
    # Pooled combinations must have one price, so it may not look at the dimensions.
    rate = amount(random, 4) if pooled else _unit_amount(random, dimensions)
    price: dict[str, Any] = {"model": model, **_units(random)}
    if model == "per_unit":
        return price | {"unit_amount": rate}
    if model == "flat":
        price["flat_amount"] = rate
    elif model == "percentage":
        price |= {"rate_percent": rate, **(_event_terms(random) if adds_up else {})}
    elif model == "package":
        size = random.choice(("10", "100", "1000", "2.5"))
        price |= {"package_size": size, "package_amount": rate}
        if random.random() < 0.4:
            price["free_units"] = random.choice(("1", "50", "0.5"))
    else:
        price["tiers"] = random_tiers(random, rate, TIER_PRICES[model])
        if zero_usage:
            price["zero_usage_first_tier_flat"] = "charged"
    if pooled:
        price["tiers_over"] = "product"
    if random.random() < 0.4:
        price["tier_continuity"] = random.choice(("carry", "restart"))
    return price


def _event_terms(random: Random) -> dict[str, Any]:
    """What a percentage may say of single events."""
    terms = {
        "fixed_amount_per_event": amount(random, 2),
        "free_events": str(random.randint(0, 4)),
        "free_total_value": amount(random, 2),
        "min_amount_per_event": amount(random, 3),
        "max_amount_per_event": str(10**7),
    }
    return {name: value for name, value in terms.items() if random.random() < 0.3}


def _units(random: Random) -> dict[str, Any]:
    """What happens to metered units before they are priced: mostly nothing."""
    found: dict[str, Any] = {}
    if random.random() < 0.12:
        found["included"] = random.choice(("1", "100", "2500.5"))
    if random.random() < 0.12:
        found["unit_conversion"] = {
            "operation": random.choice(("multiply", "divide")),
            "factor": random.choice(("1000", "7", "0.3")),
            "rounding": random.choice(("none", "ceil", "floor", "half_up", "half_even")),
            "precision": random.choice(("0", "2")),
        }
    return found


def _unit_amount(random: Random, dimensions: set[str]) -> str:
    choices = [amount(random, 4), amount(random, 9), "margin * 0.01"]
    if {"model", "region"} <= dimensions:
        choices += ["token_price"] * 4
    if "model" in dimensions:
        choices += ["base_price", "model_cost[model] * 1.1"]
    if "region" in dimensions:
        choices += ["storage_price", "max(region_factor['us-east'] - region_factor[region] / 10, 0)"]
    if {"task", "output"} <= dimensions:
        choices += ["task_weight[task, output]"] * 3
    return random.choice(choices)


def random_tiers(random: Random, rate: str, price_field: str) -> list[dict[str, Any]]:
    bounds = sorted(random.sample((1, 10, 100, 150, 1000, 5000, 20000), k=random.randint(0, 3)))
    tiers: list[dict[str, Any]] = []
    for place, bound in enumerate([*bounds, None]):
        unit_amount = rate if place == 0 else random.choice((rate, amount(random, 4), "0"))
        tier: dict[str, Any] = {"up_to": None if bound is None else str(bound), price_field: unit_amount}
        if random.random() < 0.4:
            tier["flat_amount"] = amount(random, 2)
        tiers.append(tier)
    return tiers


def next_version(random: Random, document: dict[str, Any]) -> dict[str, Any]:
    """The card with other numbers: a new margin, some new cells, some new prices, some of another model, with other
    limits or in another unit; meters and dimensions stay, as published ones must."""
    changed = copy.deepcopy(document)
    changed["constants"]["margin"] = amount(random, 2)
    for table in ("model_cost", "region_factor"):
        for key in changed["tables"][table]["rows"]:
            if random.random() < 0.5:
                changed["tables"][table]["rows"][key] = amount(random, 4)
    changed["tables"]["model_cost"]["rows"].setdefault(random.choice(MODELS), amount(random, 4))
    for name, product in changed["products"].items():
        if name == ADJUSTMENTS:
            continue
        if random.random() < 0.2:
            adds_up = changed["meters"][product["meter"]]["aggregation"] not in OF_THE_WHOLE
            unit = product["price"].get("unit")
            product["price"] = _price(random, set(product["dimensions"]), zero_usage=False, adds_up=adds_up)
            if unit and random.random() < 0.8:
                product["price"]["unit"] = unit
        elif random.random() < 0.6:
            _change_price(random, product["price"])
    return changed


def _change_price(random: Random, price: dict[str, Any]) -> None:
    if price["model"] == "package":
        price["package_amount"] = amount(random, 2)
        price["package_size"] = random.choice((price["package_size"], "10", "25"))
    elif price["model"] in TIER_PRICES:
        price["tiers"] = random_tiers(random, amount(random, 4), TIER_PRICES[price["model"]])
    elif price["model"] == "flat":
        price["flat_amount"] = amount(random, 2)
    elif price["model"] == "percentage":
        price["rate_percent"] = amount(random, 4)
        if random.random() < 0.3 and price.get("free_events"):
            del price["free_events"]
    elif random.random() < 0.5:
        price["unit_amount"] = amount(random, 4)
    if random.random() < 0.3:
        price.pop("minimum_spend", None)
        price.pop("maximum_spend", None)
        _limit(random, price, 0.5)
