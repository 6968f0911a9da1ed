"""Random property expressions over blocks of unlikely events: the engine's answer against the oracle's."""

from collections.abc import Iterator
from random import Random

import pytest

from ratecard_compiler.property_sql import dimension_sql, filter_sql, quantity_sql
from ratecard_compiler.syntax import parse
from ratecard_compiler.tokens import ExpressionError
from tests.database.expression_engine import Engine, Properties, open_engine
from tests.oracle import expressions as oracle_language
from tests.oracle.exact import exactly
from tests.oracle.property_values import dimension_of, holds, quantity_of


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with open_engine(tmp_path_factory.mktemp("expressions")) as opened:
        yield opened


# Values that are NULL, at the bounds, or tempting to a parser; nothing of one row may reach another.
VALUES = [
    "0",
    "1",
    "-1",
    "2",
    "3",
    "7",
    "0.5",
    "-0.000000001",
    "0.000000001",
    "123456.789",
    "1000000",
    "999999999999999",
    "-999999999999999",
    "999999999999999.999999999",
    "-999999999999999.999999999",
    "1000000000000000",
    "12345678901234567890123456789",
    "-" + "9" * 38,
    "1e38",
    "1.2.3",
    ".",
    "",
    "ok",
    "x",
    "+5",
    "0.1234567890",
]
NAMES = ("a", "b", "c")


class RandomExpressions:
    """Random trees of the whole language, as text; small enough that no result passes 76 digits too often."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def number(self, depth: int) -> str:
        leaves = [*NAMES, *NAMES, "0", "1", "3", "0.5", "1000", "0.000001", "999999999999999"]
        if depth == 0:
            return self.random.choice(leaves)
        left, right = self.number(depth - 1), self.number(depth - 1)
        return self.random.choice(
            [
                f"({left} + {right})",
                f"({left} - {right})",
                f"{left} * {right}",
                f"({left}) / ({right})",
                f"-({left})",
                f"ceil({left})",
                f"floor({left})",
                f"round({left}, {self.random.randrange(10)})",
                f"min({left}, {right})",
                f"max({left}, {right})",
                f"coalesce({left}, {right}, 0)",
                f"if({self.condition(depth - 1)}, {left}, {right})",
                left,
            ]
        )

    def text(self, depth: int) -> str:
        leaves = [*NAMES, "'ok'", "'x'", "''", "'0'"]
        if depth == 0:
            return self.random.choice(leaves)
        left, right = self.text(depth - 1), self.text(depth - 1)
        return self.random.choice(
            [f"coalesce({left}, {right})", f"if({self.condition(depth - 1)}, {left}, {right})", *leaves[:3]]
        )

    def condition(self, depth: int) -> str:
        sign = self.random.choice(("=", "!=", "<", "<=", ">", ">="))
        name = self.random.choice(NAMES)
        simple = [
            f"{name} {sign} {self.random.choice(['1', '0.5', '999999999999999'])}",
            f"{name} {sign} {self.random.choice(['' + repr('ok'), repr('x'), repr('')])}",
            f"{name} in ('ok', 'x', '')",
            f"{name} not in ('ok', 'x')",
            f"{name} in (1, -1, 0.5)",
        ]
        if depth == 0:
            return self.random.choice(simple)
        left, right = self.condition(depth - 1), self.condition(depth - 1)
        return self.random.choice(
            [
                *simple,
                f"({left} and {right})",
                f"({left} or {right})",
                f"not ({left})",
                f"{self.number(depth - 1)} + 0 {sign} {self.number(depth - 1)}",
                f"{self.text(depth - 1)} {sign} {self.text(depth - 1)}",
            ]
        )


@pytest.fixture(scope="module")
def block(engine: Engine) -> list[Properties]:
    random = Random(20)
    events: list[dict[str, str]] = [{}]
    for _ in range(400):
        events.append({name: random.choice(VALUES) for name in NAMES if random.random() < 0.9})
    engine.load(events)
    return list(events)


COMPILERS = {"number": quantity_sql, "condition": filter_sql, "text": dimension_sql}
ORACLES = {"number": exactly(quantity_of), "condition": exactly(holds), "text": exactly(dimension_of)}


# What the random trees may run into, and the compiler refuses instead of guessing.
REFUSED = {"expression_too_wide", "expression_too_complex", "division_by_zero", "type_mismatch"}


def _compiled(kind: str, text: str) -> str | None:
    try:
        return COMPILERS[kind](parse(text))
    except ExpressionError as error:
        if error.code in REFUSED:
            return None
        raise


@pytest.mark.parametrize("kind", ["number", "condition", "text"])
def test_random_expressions_agree_with_the_oracle(engine: Engine, block: list[Properties], kind: str) -> None:
    """400 events in one block, 150 expressions a kind: every row equal, and none makes the block throw."""
    engine.load(block)
    random = Random(kind)
    compared = 0
    while compared < 150:
        text = getattr(RandomExpressions(random), kind)(random.randrange(1, 4))
        sql = _compiled(kind, text)
        if sql is None:
            continue
        tree = oracle_language.parse(text)
        expected = [ORACLES[kind](tree, event) for event in block]
        found = [bool(value) if kind == "condition" else value for value in engine.values(sql)]
        wrong = [row for row in zip(block, expected, found, strict=True) if row[1] != row[2]]
        assert not wrong, (text, wrong[:3])
        compared += 1
