"""What a card may have at most: one clear error, soon, where it has more."""

import time
from itertools import product

import pytest

from ratecard_compiler import CompileError, RateCardErrors, compile_card
from ratecard_compiler.limits import MOST_ENTRIES

HEAD = "rate_card: case\ncurrency: USD\n"
METERS = 'meters:\n  tokens: {event_type: e, aggregation: sum, quantity: "QUANTITY"}\n'
PRODUCT = '{meter: tokens, dimensions: [a, b, c, d, e, f], price: {model: per_unit, unit_amount: "1"}}'


def _card(before: str = "", quantity: str = "tokens", products: str = f"  p: {PRODUCT}\n") -> str:
    return f"{HEAD}{before}{METERS.replace('QUANTITY', quantity)}products:\n{products}"


def _error(text: str) -> CompileError:
    with pytest.raises(RateCardErrors) as raised:
        compile_card(text)
    [error] = raised.value.errors
    return error


def test_one_more_formula_than_there_may_be() -> None:
    formulas = "".join(f"  f{number}: 1 + 1\n" for number in range(MOST_ENTRIES["formulas"] + 1))
    error = _error(_card(f"formulas:\n{formulas}"))
    assert (error.code, error.line, error.path) == ("too_many_entries", 4, "formulas")
    assert "5,001 entries, and at most 5,000" in error.fact


@pytest.mark.parametrize("operand", ["(/3)", "(3/)"])
def test_nested_divisions_end_in_an_error_and_not_in_the_printer(operand: str) -> None:
    """Forty of them were printed with more calls than Python allows."""
    before, after = ("(", "/3)") if operand == "(/3)" else ("(3/", ")")
    depth = 40 if operand == "(/3)" else 28
    error = _error(_card(quantity=before * depth + "tokens" + after * depth))
    assert error.code == "expression_too_complex"


def test_a_table_of_many_ways_of_fallback() -> None:
    rows = ", ".join(
        "[" + ", ".join('"*"' if hidden else f"v{at}" for at, hidden in enumerate(way)) + ', "1"]'
        for way in product((True, False), repeat=6)
    )
    error = _error(_card(f"tables: {{t: {{keys: [a, b, c, d, e, f], rows: [{rows}]}}}}\n"))
    assert (error.code, error.path) == ("too_many_entries", "tables.t.rows")
    assert "64 different sets" in error.fact


def test_a_card_that_multiplies_is_refused_once_and_soon() -> None:
    """A hundred products of 160,000 combinations each: the first has room, the second not, and no more are tried."""
    rows = ", ".join(f'r{number}: "1"' for number in range(400))
    price = '{model: per_unit, unit_amount: "t[a] * u[b]"}'
    products = "".join(
        f"  p{number}: {{meter: tokens, dimensions: [a, b], price: {price}}}\n" for number in range(100)
    )
    tables = f"tables:\n  t: {{keys: [a], rows: {{{rows}}}}}\n  u: {{keys: [b], rows: {{{rows}}}}}\n"
    began = time.process_time()
    error = _error(_card(tables, products=products))
    assert (error.code, error.path) == ("too_many_combinations", "products.p1.price")
    assert time.process_time() - began < 30


@pytest.mark.parametrize("name", ["true", "null", "and", "in"])
def test_a_number_cannot_have_the_name_of_a_word(name: str) -> None:
    error = _error(_card(f'constants: {{"{name}": "1"}}\n'))
    assert (error.code, error.path) == ("reserved_name", f"constants.{name}")


def test_a_number_without_quotes_is_exact() -> None:
    """0.1 is read from its text and never a binary fraction: three of them are 0.3."""
    product = '{meter: tokens, price: {model: per_unit, unit_amount: "tenth + tenth + tenth"}}'
    compiled = compile_card(_card("constants: {tenth: 0.1}\n", products=f"  p: {product}\n"))
    assert str(compiled.prices[0].price.unit_amount) == "0.3"


def _balanced(leaves: list[str]) -> str:
    """A sum written with brackets, so that it is wide and not deep."""
    if len(leaves) == 1:
        return leaves[0]
    half = len(leaves) // 2
    return f"({_balanced(leaves[:half])}+{_balanced(leaves[half:])})"


SLOW = {
    # Each took from 20 seconds to many minutes, or all of the memory, before there was a limit to it.
    "an amount of hundreds of look-ups for each of many prices": (
        f"tables: {{t: {{keys: [a], rows: {{{', '.join(f'r{at}: 1' for at in range(20_000))}}}}}}}\n",
        "tokens",
        "  p: {meter: tokens, dimensions: [a], price: {model: per_unit,"
        f" unit_amount: '{_balanced(['t[a]'] * 300)}'}}}}\n",
        ("too_many_combinations", "products.p.price"),
    ),
    "formulas over formulas, computed for each product": (
        "formulas:\n  f0: 1\n" + "".join(f"  f{at}: f{at - 1} + 1\n" for at in range(1, 5_000)),
        "tokens",
        "".join(
            f"  p{at}: {{meter: tokens, price: {{model: per_unit, unit_amount: f4999}}}}\n"
            for at in range(1_000)
        ),
        ("too_many_combinations", "products.p"),
    ),
    "formulas of more and more dimensions": (
        "tables: {t: {keys: [a], rows: {x: 1}}}\nformulas:\n  f0: t[k0]\n"
        + "".join(f"  f{at}: f{at - 1} + t[k{at}]\n" for at in range(1, 4_000)),
        "tokens",
        f"  p: {PRODUCT}\n",
        ("expression_too_complex", "formulas.f50"),
    ),
    "a row of fallbacks for forty keys": (
        f"tables: {{t: {{keys: [{', '.join(f'k{at}' for at in range(40))}], rows: ["
        + ", ".join(f"[{f'v{at}, ' * 40}1]" for at in range(100))
        + ", ["
        + '"*", ' * 40
        + "1]]}}\n",
        "tokens",
        f"  p: {{meter: tokens, dimensions: [{', '.join(f'k{at}' for at in range(40))}],"
        f' price: {{model: flat, flat_amount: "t[{", ".join(f"k{at}" for at in range(40))}]"}}}}\n',
        ("too_many_combinations", "products.p.price"),
    ),
    "prices of many dimensions": (
        "tables:\n" + "".join(f'  t{at}: {{keys: [k], rows: {{x: 1, "*": 2}}}}\n' for at in range(17)),
        "tokens",
        f"  p: {{meter: tokens, dimensions: [{', '.join(f'd{at}' for at in range(50))}], price: {{model: per_unit,"
        f' unit_amount: "{" * ".join(f"t{at}[d{at}]" for at in range(17))}"}}}}\n',
        ("too_many_combinations", "products.p.price"),
    ),
    "expressions that become much SQL": (
        "",
        "tokens",
        "".join(
            f'  p{at}: {{meter: tokens, dimensions: {{a: "max({", ".join(f"x{one}_{at}" for one in range(20))})"}},'
            ' price: {model: flat, flat_amount: "1"}}\n'
            for at in range(1_000)
        ),
        ("expression_too_complex", "products.p"),
    ),
    "more text than is parsed": (
        "formulas:\n" + "".join(f"  f{at}: {_balanced(['1'] * 200)}\n" for at in range(1_000)),
        "tokens",
        f"  p: {PRODUCT}\n",
        ("document_too_large", ""),
    ),
}


@pytest.mark.parametrize("name", SLOW)
def test_what_would_take_long_is_refused_soon(name: str) -> None:
    before, quantity, products, (code, path) = SLOW[name]
    began = time.process_time()
    error = _error(_card(before, quantity, products))
    # Five seconds on a quiet machine, and some room for another.
    assert time.process_time() - began < 20
    assert error.code == code
    assert error.path.startswith(path)
    assert error.fix


def test_a_thousand_unknown_names_among_hundreds_of_long_ones() -> None:
    """Looking letter by letter for what was meant took minutes."""
    names = "".join(f"  {'ab' * 48}{at}: 1\n" for at in range(500))
    wrong = "".join(f"  f{at}: {'ba' * 48}{at}\n" for at in range(1_500))
    began = time.process_time()
    with pytest.raises(RateCardErrors) as raised:
        compile_card(_card(f"constants:\n{names}formulas:\n{wrong}"))
    assert time.process_time() - began < 20
    assert {error.code for error in raised.value.errors} == {"unknown_name"}
    assert raised.value.errors[0].fix.startswith("did you mean")
