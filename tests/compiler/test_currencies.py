"""Decimals of currencies: those of ISO 4217, as the oracle has them, not those of CLDR."""

import pytest

from ratecard_compiler import compile_card
from ratecard_compiler.currencies import currency_exponent, known_currencies
from tests.oracle.exact import currency_decimals

CARD = """\
rate_card: acme
currency: {currency}
meters: {{calls: {{event_type: call, aggregation: count, unit: call}}}}
products: {{calls: {{meter: calls, price: {{model: per_unit, unit_amount: "1"}}}}}}
"""


def test_every_currency_has_the_oracle_s_decimals() -> None:
    known = known_currencies()
    assert len(known) > 150
    assert {code: currency_exponent(code) for code in known} == {
        code: currency_decimals(code) for code in known
    }


@pytest.mark.parametrize(
    ("currency", "exponent"),
    [("USD", 2), ("JPY", 0), ("KWD", 3), ("IQD", 3), ("LBP", 2), ("RSD", 2), ("CLF", 4), ("ISK", 0)],
)
def test_a_card_has_its_currency_s_decimals(currency: str, exponent: int) -> None:
    card = compile_card(CARD.format(currency=currency), "card.yaml")
    assert (card.currency, card.currency_exponent) == (currency, exponent)
