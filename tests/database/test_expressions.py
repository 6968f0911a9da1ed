"""Every construct of the property language, run on the engine against values worked out by hand."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from ratecard_compiler.property_sql import dimension_sql, filter_sql, quantity_sql
from ratecard_compiler.syntax import parse
from tests.database.expression_engine import Engine, open_engine


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with open_engine(tmp_path_factory.mktemp("expressions")) as opened:
        yield opened


NUMBER_TEXTS: dict[str, str | None] = {
    "0": "0",
    "1": "1",
    "-1": "-1",
    "-0": "0",
    "007": "7",
    "1500": "1500",
    "0.5": "0.5",
    "-2.25": "-2.25",
    "1.50": "1.5",
    "0.123456789": "0.123456789",
    "999999999999999": "999999999999999",
    "-999999999999999": "-999999999999999",
    "999999999999999.999999999": "999999999999999.999999999",
    "0000000000000000000000000000000000000000000000012": "12",
    "1000000000000000": None,
    "-1000000000000000": None,
    "123456789012345678901234567890": None,
    "9" * 100: None,
    "0.1234567891": None,
    "1.0000000000": None,
    "1." + "0" * 60: None,
    "": None,
    " ": None,
    "-": None,
    "+1": None,
    "+0": None,
    ".": None,
    ".5": None,
    "5.": None,
    "-.5": None,
    "1e3": None,
    "1E3": None,
    "1e-3": None,
    "1.2.3": None,
    "1-2": None,
    "--1": None,
    " 1": None,
    "1 ": None,
    "1\n": None,
    "\n1": None,
    "1\t": None,
    "1\x00": None,
    "1_000": None,
    "1,000": None,
    "0x10": None,
    "nan": None,
    "NaN": None,
    "inf": None,
    "Infinity": None,
    "-inf": None,
    "null": None,
    "true": None,
    "١٢": None,
    "１": None,
}


def test_text_becomes_a_number_only_in_plain_notation(engine: Engine) -> None:
    engine.load([{"x": text} for text in NUMBER_TEXTS] + [{}])
    expected = [None if value is None else Decimal(value) for value in NUMBER_TEXTS.values()]
    assert engine.values(quantity_sql(parse("x"))) == [*expected, None]


FULL = {"a": "7", "b": "2", "z": "0", "h": "0.5", "neg": "-7", "bad": "x1", "status": "ok", "big": "9" * 15}

QUANTITIES: list[tuple[str, str | None]] = [
    ("a", "7"),
    ("12.5", "12.5"),
    ("a + b", "9"),
    ("a - b", "5"),
    ("a - (b - h)", "5.5"),
    ("a - b - h", "4.5"),
    ("a * b", "14"),
    ("a * (b + h)", "17.5"),
    ("-a", "-7"),
    ("-a * b", "-14"),
    ("-(a + b)", "-9"),
    ("- -a", "7"),
    ("a * 0.000000001", "0.000000007"),
    ("a * 0.0000000001", None),
    ("h * 0.000000001", None),
    ("h * 0.000000002", "0.000000001"),
    ("a + missing", None),
    ("a + bad", None),
    ("missing", None),
    ("bad", None),
    ("a / b", "3.5"),
    ("a / 3", "2.333333333"),
    ("-a / 3", "-2.333333333"),
    ("2 / 3", "0.666666667"),
    ("a / z", None),
    ("a / (b - 2)", None),
    ("z / a", "0"),
    ("a / missing", None),
    ("1 / 2000000000", "0"),
    ("3 / 2000000000", "0.000000002"),
    ("5 / 2000000000", "0.000000002"),
    ("5.000000001 / 2000000000", "0.000000003"),
    ("-5 / 2000000000", "-0.000000002"),
    ("neg / 2000000000", "-0.000000004"),
    ("a / b / 4", "0.875"),
    ("big / 0.000000001", None),
    ("big / 0.000000001 / 1000000000", "999999999999999"),
    ("big + 1", None),
    ("big + 0.999999999", "999999999999999.999999999"),
    ("big * big / big", "999999999999999"),
    ("big * big * 0.000000000000001", None),
    ("big * big", None),
    ("-big - 1", None),
    ("ceil(a / b)", "4"),
    ("ceil(-a / b)", "-3"),
    ("floor(a / b)", "3"),
    ("floor(-a / b)", "-4"),
    ("round(a / b)", "4"),
    ("round(h)", "1"),
    ("round(-h)", "-1"),
    ("round(2.345, 2)", "2.35"),
    ("round(-2.345, 2)", "-2.35"),
    ("round(a / 3, 4)", "2.3333"),
    ("round(a, 2)", "7"),
    ("ceil(big + 0.5)", None),
    ("ceil(a * 0.0001) * 0.5", "0.5"),
    ("min(a, b)", "2"),
    ("max(a, b)", "7"),
    ("min(a, b, h, 4)", "0.5"),
    ("max(neg, -10)", "-7"),
    ("min(a, missing)", None),
    ("max(a, bad)", None),
    ("coalesce(missing, a)", "7"),
    ("coalesce(bad, 3)", "3"),
    ("coalesce(a, bad)", "7"),
    ("coalesce(missing, bad)", None),
    ("coalesce(missing, 0) + a", "7"),
    ("if(a > b, a, b)", "7"),
    ("if(a < b, a, b + 0.25)", "2.25"),
    ("if(missing > 0, 1, 2)", "2"),
    ("if(status = 'ok', a, 0)", "7"),
    ("if(status = 'no', a, missing)", None),
    ("1", "1"),
    ("`a`", "7"),
]


@pytest.mark.parametrize(("expression", "expected"), QUANTITIES)
def test_quantity(engine: Engine, expression: str, expected: str | None) -> None:
    # The same block holds an empty event and one of unreadable values: neither may disturb the first.
    engine.load([FULL, {}, dict.fromkeys(FULL, "1e400")])
    sql = quantity_sql(parse(expression))
    assert engine.values(sql)[0] == (None if expected is None else Decimal(expected))
    assert engine.type_of(sql) in ("Nullable(Decimal(38, 9))", "Decimal(38, 9)")


CONDITIONS: list[tuple[str, bool]] = [
    ("status = 'ok'", True),
    ("'ok' = status", True),
    ("status = 'no'", False),
    ("status != 'no'", True),
    ("status != 'ok'", False),
    ("missing = 'ok'", False),
    ("missing != 'ok'", False),
    ("missing = ''", False),
    ("missing != ''", False),
    ("missing < 'x'", False),
    ("missing <= 'x'", False),
    ("'x' > missing", False),
    ("missing >= ''", False),
    ("missing > ''", False),
    ("empty = ''", True),
    ("empty != 'x'", True),
    ("empty < 'x'", True),
    ("empty >= ''", True),
    ("not empty = 'x'", True),
    ("status < 'zz'", True),
    ("status > 'aa'", True),
    ("'aa' < status", True),
    ("status in ('ok', 'cached')", True),
    ("status in ('no')", False),
    ("status not in ('no', 'never')", True),
    ("missing in ('ok')", False),
    ("missing in ('', 'ok')", False),
    ("empty in ('', 'ok')", True),
    ("missing not in ('ok')", False),
    ("not status = 'ok'", False),
    ("not status = 'no'", True),
    ("not missing = 'ok'", False),
    ("not (missing = 'ok' and status = 'no')", True),
    ("not (missing = 'ok' and status = 'ok')", False),
    ("missing = 'x' or status = 'ok'", True),
    ("missing = 'x' and status = 'ok'", False),
    ("not (missing = 'x' or status = 'ok')", False),
    ("status = 'no' or status = 'ok' and a = 7", True),
    ("(status = 'no' or status = 'ok') and a = 8", False),
    ("not not status = 'ok'", True),
    ("a = 7", True),
    ("a = 7.0", True),
    ("a = '7'", True),
    ("a = '7.0'", False),
    ("decimal = 7", True),
    ("decimal = '7'", False),
    ("a > 6.999999999999", True),
    ("a >= 7", True),
    ("a < 7", False),
    ("7 < a", False),
    ("a != 8", True),
    ("bad = 7", False),
    ("bad != 7", False),
    ("not bad = 7", False),
    ("missing > 0", False),
    ("a in (1, 7)", True),
    ("a in (1, -7)", False),
    ("decimal in (7)", True),
    ("bad in (1)", False),
    ("bad not in (1)", False),
    ("a + b = 9", True),
    ("a / b > 3.4999", True),
    ("big > -999999999999999.5", True),
    ("a = decimal", False),
    ("a + 0 = decimal", True),
    ("status = status", True),
    ("missing = missing", False),
    ("status != other", True),
    ("coalesce(missing, 'ok') = 'ok'", True),
    ("coalesce(missing, status) = 'ok'", True),
    ("coalesce(missing, missing2) = 'ok'", False),
    ("if(a > 5, status, other) = 'ok'", True),
    ("if(missing > 5, status, other) = 'ok'", False),
    ("if(a > 5, status = 'ok', status = 'no')", True),
    ("not if(a > 5, status = 'ok', status = 'no')", False),
    ("if(coalesce(missing = 'x', a = 7), a = 7, a = 8)", True),
    ("coalesce(missing = 'x', status = 'ok')", True),
    ("coalesce(missing = 'x', missing = 'y')", False),
    ("max(a, b) = 7 and min(a, b) = 2", True),
    ("a.b = 'dotted'", True),
    ("`two words` = 'spaced'", True),
]
CONDITION_EVENT = FULL | {
    "empty": "",
    "decimal": "7.00",
    "other": "else",
    "a.b": "dotted",
    "two words": "spaced",
}


@pytest.mark.parametrize(("expression", "expected"), CONDITIONS)
def test_filter(engine: Engine, expression: str, expected: bool) -> None:
    engine.load([CONDITION_EVENT, {}])
    sql = filter_sql(parse(expression))
    assert bool(engine.values(sql)[0]) is expected
    assert engine.type_of(sql) == "UInt8"


DIMENSIONS: list[tuple[str, str]] = [
    ("status", "ok"),
    ("missing", ""),
    ("'fixed'", "fixed"),
    ("if(a > 5, 'long', 'short')", "long"),
    ("if(missing > 5, 'long', 'short')", "short"),
    ("if(a > 5, missing, 'short')", ""),
    ("if(a > 5, status, missing)", "ok"),
    ("coalesce(missing, status)", "ok"),
    ("coalesce(missing, 'none')", "none"),
    ("coalesce(missing, missing2)", ""),
    ("coalesce(empty, 'none')", ""),
    ("a + 0", "7"),
    ("a * 1.50", "10.5"),
    ("ceil(a / 2)", "4"),
    ("bad + 0", ""),
    ("12.50", "12.5"),
    ("-a", "-7"),
    ("a > 5", "true"),
    ("a > 50", "false"),
    ("missing > 5", ""),
    ("'x' = 'x'", "true"),
    ("if(a > 5, 1, 2)", "1"),
]


@pytest.mark.parametrize(("expression", "expected"), DIMENSIONS)
def test_dimension(engine: Engine, expression: str, expected: str) -> None:
    engine.load([CONDITION_EVENT, {}])
    sql = dimension_sql(parse(expression))
    assert engine.values(sql)[0] == expected
    assert engine.type_of(sql) == "String"


HOSTILE = [
    "it's",
    "''",
    '"',
    "`",
    "\\",
    "\\'",
    "\\n",
    "a\\",
    "')) -- ",
    "'; DROP TABLE events; --",
    "{x:String}",
    "{{ properties }}",
    "{% raw %}",
    "%s %(name)s %%",
    "$1 ?",
    "/* */",
    "模型 😀",
    "\u00a0 \u200b",
    " padded ",
]


def _quoted(text: str, quote: str) -> str:
    return quote + text.replace(quote, quote * 2) + quote


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("quote", ["'", '"'])
def test_texts_and_names_reach_the_engine_as_they_are(engine: Engine, text: str, quote: str) -> None:
    name = _quoted(text, "`")
    literal = _quoted(text, quote)
    engine.load([{text: text, "n": "1"}, {"n": "1"}, {text: text + "x", "n": "1"}])
    assert engine.values(filter_sql(parse(f"{name} = {literal}"))) == [1, 0, 0]
    assert engine.values(filter_sql(parse(f"{name} in ({literal}, 'other')"))) == [1, 0, 0]
    assert engine.values(filter_sql(parse(f"not {name} = {literal}"))) == [0, 0, 1]
    assert engine.values(dimension_sql(parse(f"coalesce({name}, {literal})"))) == [text, text, text + "x"]
    assert engine.values(quantity_sql(parse(f"if({name} = {literal}, n, 2)"))) == [1, 2, 2]
