"""Bad cards by kind: what is wrong, the code that says so, the path that it names, and the card.

Nearly all are one card that is good, with one thing changed in it. `None` as the code: the file is no text, which
is said before anything is compiled.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.api.good_card import GOOD, TIERS, changed, constant, formula, tiers, twice
from tests.api.hostile_cards import EXPRESSIONS, HOSTILE, LARGE, NUMBERS, YAML


@dataclass(frozen=True)
class BadCard:
    """A card that must be refused. `path` is what the error names; '' where it is the document itself."""

    name: str
    code: str | None
    path: str
    content: bytes

    @property
    def text(self) -> str:
        """What it says, where it is a text."""
        return self.content.decode("utf-8", "surrogatepass")


_DUPLICATES = {
    "rate_card: acme-ai": "rate_card",
    'credit: {name: Credit, value: "0.05"}': "units.credit",
    'margin: "1.3"': "constants.margin",
    'small: "0.001"': "tables.cost.rows.small",
    "keys: [model]": "tables.cost.keys",
    "event_type: llm.request": "meters.tokens.event_type",
    "model: per_unit": "products.inference.price.model",
    'up_to: "10"': "products.gpu.price.tiers[1].up_to",
    "ai: [inference]": "tags.ai",
}
_UNKNOWN = [
    ("constant", "unknown_name", "price * 2", "price * margim", "formulas.dear"),
    ("formula", "unknown_name", '"price"', '"prise"', "products.inference.price.unit_amount"),
    ("table", "unknown_name", "cost[model]", "cots[model]", "formulas.price"),
    ("dimension", "unknown_dimension", "cost[model]", "cost[modle]", "formulas.price"),
    ("table key", "missing_key", "cost[model]", "cost['huge']", "formulas.price"),
    ("function", "unknown_function", "price * 2", "mean(price, 2)", "formulas.dear"),
    (
        "function of events",
        "unknown_function",
        "quantity: tokens",
        "quantity: sleep(3)",
        "meters.tokens.quantity",
    ),
    ("meter", "unknown_meter", "meter: tokens", "meter: token", "products.inference.meter"),
    ("unit", "unknown_unit", '"price"}', '"price", unit: credits}', "products.inference.price.unit"),
    ("product", "unknown_product", "[inference]", "[inferense]", "tags.ai[1]"),
    ("currency", "unknown_currency", "USD", "USB", "currency"),
    ("model", "unknown_choice", "per_unit", "per_token", "products.inference.price.model"),
    ("aggregation", "unknown_choice", "aggregation: sum", "aggregation: total", "meters.tokens.aggregation"),
    ("field of the card", "unknown_key", "tags:", "labels: {a: b}\ntags:", "labels"),
    ("field of a meter", "unknown_key", "unit: token", "units: token", "meters.tokens.units"),
    (
        "field of a price",
        "unknown_key",
        '"price"}',
        '"price", discount: "1"}',
        "products.inference.price.discount",
    ),
    ("gate", "unknown_key", "max_change_percent", "max_change", "gates.max_change"),
]
_TYPES = [
    ("card", "wrong_type", GOOD, "- a\n- b\n", ""),
    ("units", "wrong_type", '{credit: {name: Credit, value: "0.05"}}', "[credit]", "units"),
    ("unit", "wrong_type", '{name: Credit, value: "0.05"}', '"0.05"', "units.credit"),
    ("unit's value", "wrong_type", '"0.05"', "[1]", "units.credit.value"),
    ("constants", "wrong_type", '{margin: "1.3"}', '"1.3"', "constants"),
    ("constant", "wrong_type", '"1.3"', "{a: 1}", "constants.margin"),
    ("table", "wrong_type", '{keys: [model], rows: {small: "0.001", large: "0.01"}}', "[1]", "tables.cost"),
    ("table's keys", "wrong_type", "keys: [model]", "keys: model", "tables.cost.keys"),
    ("rows", "wrong_type", '{small: "0.001", large: "0.01"}', '"0.001"', "tables.cost.rows"),
    ("row", "wrong_type", '[small, eu, "1"]', '"1"', "tables.factor.rows[1]"),
    ("cell", "wrong_type", 'small: "0.001"', "small: [1]", "tables.cost.rows.small"),
    ("formula", "wrong_type", "price * 2", "[price, 2]", "formulas.dear"),
    ("meter", "wrong_type", "event_type: llm.request", "event_type: [a]", "meters.tokens.event_type"),
    ("filter", "wrong_type", "\"a = 'b'\"", "{a: b}", "meters.tokens.filter"),
    (
        "dimensions",
        "wrong_type",
        "{model: model, region: region}",
        '"model"',
        "products.inference.dimensions",
    ),
    ("price", "wrong_type", '{model: per_unit, unit_amount: "price"}', '"1"', "products.inference.price"),
    (
        "amount",
        "wrong_type",
        'unit_amount: "price"',
        "unit_amount: [1]",
        "products.inference.price.unit_amount",
    ),
    ("tiers", "wrong_type", TIERS, '"1"', "products.gpu.price.tiers"),
    ("tier", "wrong_type", TIERS, "[10, 20]", "products.gpu.price.tiers[1]"),
    ("tag", "wrong_type", "[inference]", "inference", "tags.ai"),
    ("gates", "wrong_type", '{max_change_percent: "10"}', "strict", "gates"),
    ("a text for a number", "invalid_number", '"0.001"', "cheap", "tables.cost.rows.small"),
    (
        "a text as a quantity",
        "type_mismatch",
        "quantity: tokens",
        "quantity: \"'x'\"",
        "meters.tokens.quantity",
    ),
    ("a number as a filter", "type_mismatch", "\"a = 'b'\"", '"1 + 1"', "meters.tokens.filter"),
]


def _cycles() -> Iterator[tuple[str, list[tuple[str, str | None, str, str | bytes]]]]:
    yield (
        "cycles",
        [
            ("one of itself", "cycle", "formulas.dear", formula("dear + 1")),
            ("two", "cycle", "formulas.price", changed("cost[model] * margin", "dear")),
            (
                "three",
                "cycle",
                "formulas.price",
                changed("cost[model] * margin", "a").replace("  dear:", "  a: dear\n  dear:"),
            ),
            ("through a function", "cycle", "formulas.dear", formula("max(1, round(dear, 2))")),
            (
                "of thousands",
                "cycle",
                "formulas.f0",
                changed(
                    "price * 2",
                    "price * 2\n" + "".join(f"  f{at}: f{(at + 1) % 1000}\n" for at in range(1_000)),
                ),
            ),
        ],
    )


def _wrong_tiers() -> Iterator[tuple[str, list[tuple[str, str | None, str, str | bytes]]]]:
    yield (
        "tiers",
        [
            ("overlap", "invalid_tiers", "products.gpu.price.tiers[2].up_to", tiers('"10"', '"10"', "null")),
            ("fall", "invalid_tiers", "products.gpu.price.tiers[2].up_to", tiers('"10"', '"5"', "null")),
            (
                "a gap before the end",
                "invalid_tiers",
                "products.gpu.price.tiers[1].up_to",
                tiers("null", '"5"', "null"),
            ),
            (
                "no null at the end",
                "invalid_tiers",
                "products.gpu.price.tiers[2].up_to",
                tiers('"5"', '"10"'),
            ),
            ("none", "invalid_tiers", "products.gpu.price.tiers", changed(TIERS, "[]")),
            (
                "up to nothing",
                "number_out_of_range",
                "products.gpu.price.tiers[1].up_to",
                tiers('"0"', "null"),
            ),
            (
                "up to less than nothing",
                "number_out_of_range",
                "products.gpu.price.tiers[1].up_to",
                tiers('"-1"', "null"),
            ),
            ("up to infinity", "invalid_number", "products.gpu.price.tiers[1].up_to", tiers(".inf", "null")),
            (
                "without a price",
                "missing_field",
                "products.gpu.price.tiers[1].unit_amount",
                changed(TIERS, "[{up_to: null}]"),
            ),
            ("left out", "missing_field", "products.gpu.price.tiers", changed(f", tiers: {TIERS}", "")),
        ],
    )


def _tables() -> Iterator[tuple[str, list[tuple[str, str | None, str, str | bytes]]]]:
    yield from _cycles()
    yield from _wrong_tiers()
    yield "unknown names", [(name, code, path, changed(a, b)) for name, code, a, b, path in _UNKNOWN]
    yield "types", [(name, code, path, changed(a, b)) for name, code, a, b, path in _TYPES]
    yield "hostile texts", [(name, code, path, changed(a, b)) for name, code, a, b, path in HOSTILE]
    yield (
        "duplicates",
        [
            *((entry, "duplicate_key", path, twice(entry)) for entry, path in _DUPLICATES.items()),
            ("a product", "duplicate_key", "products.gpu", changed("tags:", "  gpu: {}\ntags:")),
            (
                "a row",
                "duplicate_row",
                "tables.factor.rows[3]",
                changed('["*", "*", "2"]', '["*", "*", "2"], [small, eu, "1"]'),
            ),
        ],
    )
    yield "yaml", [(name, code, path, text) for name, code, path, text in YAML]
    yield "numbers", [(text[:40], code, "constants.margin", constant(text)) for text, code in NUMBERS]
    yield "formulas", [(name, code, "formulas.dear", formula(text)) for name, code, text in EXPRESSIONS]
    yield "large", list(LARGE)


def bad_cards() -> dict[str, list[BadCard]]:
    """Return all of them, by kind."""
    return {
        kind: [
            BadCard(
                name, code, path, text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
            )
            for name, code, path, text in cards
        ]
        for kind, cards in _tables()
    }
