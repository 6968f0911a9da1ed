"""YAML that is hostile, broken or merely unusual: an error with its place, never a crash or a guess."""

import time
from collections.abc import Callable

import pytest

from ratecard_compiler import RateCardErrors, compile_card
from ratecard_compiler.errors import MOST_ERRORS

CARD = """rate_card: case
currency: USD
meters:
  tokens: {event_type: e, aggregation: sum, quantity: tokens}
products:
  p: {meter: tokens, price: {model: per_unit, unit_amount: "1"}}
"""


def _errors(text: str) -> list[tuple[str, int, int]]:
    with pytest.raises(RateCardErrors) as raised:
        compile_card(text)
    return [(error.code, error.line, error.column) for error in raised.value.errors]


REFUSED: dict[str, tuple[str, tuple[str, int, int]]] = {
    "nothing": ("", ("wrong_type", 1, 1)),
    "only a comment": ("# nothing\n", ("wrong_type", 1, 1)),
    "a list": ("- a\n", ("wrong_type", 1, 1)),
    "a text": ("just words\n", ("wrong_type", 1, 1)),
    "a hundred thousand brackets": ("[" * 100_000, ("unsupported_yaml", 1, 17)),
    "ten thousand mappings": ("a: " + "{a: " * 10_000, ("unsupported_yaml", 1, 64)),
    "deep block": ("\n".join(" " * n + "a:" for n in range(100)), ("unsupported_yaml", 17, 17)),
    "an alias to itself": ("a: &x [*x]\n", ("unsupported_yaml", 1, 4)),
    "an alias bomb": ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", ("unsupported_yaml", 1, 4)),
    "an alias without an anchor": ("a: *x\n", ("unsupported_yaml", 1, 4)),
    "a tag": ("a: !!python/object/apply:os.system [ls]\n", ("unsupported_yaml", 1, 4)),
    "a plain tag": ("a: !!str 1\n", ("unsupported_yaml", 1, 4)),
    "a merge key": ("<<: {rate_card: x}\n", ("unsupported_yaml", 1, 1)),
    "a list as a key": ("? [a, b]\n: c\n", ("unsupported_yaml", 1, 3)),
    "two documents": ("a: 1\n---\nb: 2\n", ("unsupported_yaml", 2, 1)),
    "a tab": ("a:\n\tb: 1\n", ("yaml_syntax", 2, 1)),
    "a control character": ("rate_card: a\x07b\n", ("yaml_syntax", 1, 13)),
    "a null character": ("rate_card: x\ncurrency: U\x00D\n", ("yaml_syntax", 2, 12)),
    "a lone surrogate": ("rate_card: x\ncurrency: \ud800\n", ("yaml_syntax", 2, 11)),
    "an open bracket": ("a: [1\nb: 2\n", ("yaml_syntax", 2, 2)),
    "a colon too many": ("a: b: c\n", ("yaml_syntax", 1, 5)),
    "an open quote": ('a: "x\n', ("yaml_syntax", 2, 1)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    text, expected = REFUSED[name]
    assert _errors(text)[0] == expected


ACCEPTED: dict[str, Callable[[str], str]] = {
    "as it is": lambda card: card,
    "a byte order mark": lambda card: "\ufeff" + card,
    "Windows line ends": lambda card: card.replace("\n", "\r\n"),
    "a YAML directive": lambda card: "%YAML 1.2\n---\n" + card,
    "an explicit end": lambda card: "---\n" + card + "...\n",
    "comments": lambda card: card.replace("\n", " # said\n"),
    "JSON": lambda card: (
        '{"rate_card": "case", "currency": "USD",'
        ' "meters": {"tokens": {"event_type": "e", "aggregation": "sum", "quantity": "tokens"}},'
        ' "products": {"p": {"meter": "tokens", "price": {"model": "per_unit", "unit_amount": "1"}}}}'
    ),
    "null fields": lambda card: card + "tables:\nformulas: ~\nconstants: null\n",
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted_and_means_the_same(name: str) -> None:
    assert compile_card(ACCEPTED[name](CARD)).content_hash == compile_card(CARD).content_hash


def test_every_error_is_told_at_once_in_the_order_of_the_file() -> None:
    text = (
        CARD.replace("USD", "USX").replace("tokens}", "tokens +}").replace('"1"', '"1e5"') + "formula: {}\n"
    )
    assert _errors(text) == [
        ("unknown_currency", 2, 11),
        ("invalid_expression", 4, 63),
        ("invalid_number", 6, 61),
        ("unknown_key", 7, 1),
    ]


def test_one_line_an_error_names_file_place_path_fact_and_fix() -> None:
    with pytest.raises(RateCardErrors) as raised:
        compile_card(CARD.replace("meter: tokens", "meter: token"), "cards/acme.yaml")
    assert str(raised.value) == (
        "cards/acme.yaml:6:14 unknown_meter products.p.meter: "
        "there is no meter `token` — did you mean `tokens`?"
    )


PLACES = [
    ("quantity: a + ?", 15),
    ("quantity: 'a + ?'", 16),
    ('quantity: "a + ?"', 16),
]


@pytest.mark.parametrize(("written", "column"), PLACES)
def test_an_error_points_into_the_expression(written: str, column: int) -> None:
    text = CARD.replace(
        "{event_type: e, aggregation: sum, quantity: tokens}",
        f"\n    {written}\n    event_type: e\n    aggregation: sum",
    )
    assert _errors(text) == [("invalid_expression", 5, column + 4)]


def test_an_error_in_a_text_of_several_lines_points_at_its_start() -> None:
    text = CARD.replace(
        "{event_type: e, aggregation: sum, quantity: tokens}",
        "\n    quantity: >\n      a +\n      ?\n    event_type: e\n    aggregation: sum",
    )
    assert _errors(text) == [("invalid_expression", 5, 15)]


def test_an_expression_may_span_lines() -> None:
    text = CARD.replace(
        "{event_type: e, aggregation: sum, quantity: tokens}",
        "\n    quantity: |\n      a +\n      b\n    event_type: e\n    aggregation: sum",
    )
    assert "properties['b']" in compile_card(text).rules[0].quantity_sql
    assert "\n" not in compile_card(text).rules[0].quantity_sql


def test_a_card_with_very_many_errors_shows_the_first_thousand() -> None:
    formulas = "".join(f"  f{number}: nothing{number} * 2\n" for number in range(MOST_ERRORS + 500))
    errors = _errors(f"{CARD}formulas:\n{formulas}")
    assert len(errors) == MOST_ERRORS
    assert errors[0] == ("unknown_name", 8, 7)


def test_expressions_that_are_alike_are_compiled_once() -> None:
    """Each costs milliseconds; a card of hundreds of products has the same few."""
    meters = "".join(
        f"  m{number}: {{event_type: e, aggregation: sum, quantity: a + b * 7}}\n" for number in range(1_000)
    )
    began = time.process_time()
    compile_card(CARD.replace("meters:\n", f"meters:\n{meters}"))
    # Far from what a thousand take that differ, on the slowest machine.
    assert time.process_time() - began < 20
