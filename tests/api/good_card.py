"""A card that is good, and ways to change one thing in it."""

GOOD = """\
rate_card: acme-ai
currency: USD
units: {credit: {name: Credit, value: "0.05"}}
constants: {margin: "1.3"}
tables:
  cost: {keys: [model], rows: {small: "0.001", large: "0.01"}}
  factor: {keys: [model, region], rows: [[small, eu, "1"], ["*", "*", "2"]]}
formulas:
  price: cost[model] * margin
  dear: price * 2
meters:
  tokens: {event_type: llm.request, filter: "a = 'b'", aggregation: sum, quantity: tokens, unit: token}
products:
  inference:
    name: Inference
    meter: tokens
    dimensions: {model: model, region: region}
    price: {model: per_unit, unit_amount: "price"}
  gpu:
    meter: tokens
    price: {model: graduated, tiers: [{up_to: "10", unit_amount: "3"}, {up_to: null, unit_amount: "2"}]}
tags: {ai: [inference]}
gates: {max_change_percent: "10"}
"""
TIERS = '[{up_to: "10", unit_amount: "3"}, {up_to: null, unit_amount: "2"}]'
MOST_BYTES = 10_000_000


def changed(before: str, after: str) -> str:
    assert before in GOOD, before
    return GOOD.replace(before, after, 1)


def tiers(*tiers: str) -> str:
    return changed(TIERS, f"[{', '.join(f'{{up_to: {one}, unit_amount: 1}}' for one in tiers)}]")


def formula(text: str) -> str:
    return changed("price * 2", f"'{text.replace(chr(39), chr(39) * 2)}'")


def constant(text: str) -> str:
    return changed('"1.3"', text)


def twice(entry: str) -> str:
    return changed(entry, f"{entry}\n{entry}" if entry.startswith("rate_card") else f"{entry}, {entry}")


def entries(count: int, entry: str) -> str:
    return ", ".join(entry.format(at) for at in range(count))
