"""Formulas: precedence, functions, 50 digits inside and 15 decimals at the end, each worked out by hand."""

from decimal import Decimal

import pytest

from ratecard_compiler import RateCardErrors, compile_price

WORKED = [
    ("1", "1"),
    ("0.50", "0.5"),
    ("2 + 3 * 4", "14"),
    ("(2 + 3) * 4", "20"),
    ("10 - 4 - 3", "3"),
    ("10 - (4 - 3)", "9"),
    ("10 / 4 / 5", "0.5"),
    ("10 / (4 / 5)", "12.5"),
    ("-2 * -3", "6"),
    ("2 * -3 + 1", "-5"),
    ("--2", "2"),
    ("-(1 + 2)", "-3"),
    ("min(3, -2, 1)", "-2"),
    ("max(3, -2, 1)", "3"),
    ("max(min(5, 7), 1) * 2", "10"),
    ("round(2.5)", "3"),
    ("round(-2.5)", "-3"),
    ("round(2.4999999999)", "2"),
    ("round(2.345, 2)", "2.35"),
    ("round(1, 15)", "1"),
    ("ceil(1.000000000000000000001)", "2"),
    ("ceil(-1.5)", "-1"),
    ("floor(-1.5)", "-2"),
    ("floor(1.999)", "1"),
    ("1 / 3", "0.333333333333333"),
    ("2 / 3", "0.666666666666667"),
    ("1 / 3 * 3", "1"),
    # Half-even at the 15th decimal.
    ("0.0000000000000015 * 1", "0.000000000000002"),
    ("0.0000000000000025 * 1", "0.000000000000002"),
    ("0.00000000000000250000000000001 * 1", "0.000000000000003"),
    # 50 digits inside: the difference of two long numbers keeps its last digit.
    ("10000000000000000000000.000000000000001 - 10000000000000000000000", "0.000000000000001"),
    ("99999999999999999999999 / 99999999999999999999999", "1"),
    ("0 * -1", "0"),
]


@pytest.mark.parametrize(("formula", "expected"), WORKED)
def test_formula(formula: str, expected: str) -> None:
    amount = compile_price("per_unit", {"unit_amount": formula}).unit_amount
    assert amount == Decimal(expected)
    assert format(amount, "f") == expected


REFUSED = [
    ("0.0000000000000005 * 1", "price_rounds_to_zero"),
    ("1 / (2 - 2)", "division_by_zero"),
    ("0 / 0", "division_by_zero"),
    ("12345678901234567890 * 12345678901234567890", "number_out_of_range"),
    ("round(12345678901234567890123456789012345678 * 1000000000, 15)", "number_out_of_range"),
    ("1 2", "invalid_expression"),
    ("(1", "invalid_expression"),
    ("1)", "invalid_expression"),
    ("1 +", "invalid_expression"),
    ("* 1", "invalid_expression"),
    ("min()", "invalid_expression"),
    ("1,", "invalid_expression"),
    ("1 % 2", "invalid_expression"),
    ("2 ^ 3", "invalid_expression"),
    (".5", "invalid_expression"),
    ("1.", "invalid_number"),
    ("01", "invalid_number"),
    ("1e3", "invalid_number"),
    ("1_0", "invalid_number"),
    ("1.2.3", "invalid_number"),
    ("0x1", "invalid_number"),
    ("9" * 39, "invalid_number"),
    ("'1'", "type_mismatch"),
    ("1 = 1", "type_mismatch"),
    ("not 1", "type_mismatch"),
    ("1 in (1, 2)", "type_mismatch"),
    ("margin", "unknown_name"),
    ("cost['a']", "unknown_name"),
    ("Infinity", "unknown_name"),
    ("1" + " + 1" * 2000, "expression_too_complex"),
]


@pytest.mark.parametrize(("formula", "code"), REFUSED)
def test_refused(formula: str, code: str) -> None:
    with pytest.raises(RateCardErrors) as raised:
        compile_price("per_unit", {"unit_amount": formula})
    assert code in {error.code for error in raised.value.errors}


def test_an_error_stays_on_one_line_whatever_the_document_says() -> None:
    with pytest.raises(RateCardErrors) as raised:
        compile_price("per_unit", {"unit_amount": "1", "a\nb\x1b[31m" + "x" * 1000: "1"})
    text = str(raised.value)
    assert text.isprintable()
    assert len(text) < 1500
