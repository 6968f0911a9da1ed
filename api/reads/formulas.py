"""What a price was made of: the formulas of its version, down to the numbers of the card."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from api.store import Store
from ratecard_compiler.decimals import decimal_text
from ratecard_compiler.explanation import ReadCard, Step, explain_row, read_published
from sql import load

# Reading a longer card takes longer than a trace should: `ratecard explain` does it.
MOST_BYTES = 200_000


@dataclass(frozen=True, slots=True)
class FormulaStep:
    """A number of the price, or a formula that it needs: as written, with numbers for names, and its result.

    `result` of a number of the price is the published one, rounded to 15 decimals; of a formula it has up to 50
    digits. `numbers` are the constants and table cells that stand in it.
    """

    name: str
    formula: str
    with_numbers: str
    result: str
    numbers: dict[str, str]


def price_formulas(
    store: Store, version_id: int, product: str, priced_as: Mapping[str, str], values: Mapping[str, str]
) -> tuple[FormulaStep, ...]:
    """Return the steps of a price row of a version, each before those that it needs; none where every number of the
    price stands in the card itself, or the card has more than MOST_BYTES.

    `priced_as` are the dimension values of the price row, `values` those of the event.
    """
    rows = store.database.rows(
        load("queries/reads/version_document.sql"), version_id=version_id, most_bytes=MOST_BYTES
    )
    if not rows:
        return ()
    amounts, formulas = explain_row(_read(rows[0]["document"]), product, priced_as, values)
    computed = [(amount.step, decimal_text(amount.published)) for amount in amounts if not amount.is_written]
    computed += [(step, decimal_text(step.exact)) for step in formulas]
    return tuple(_step(step, result) for step, result in computed)


def step_text(step: FormulaStep) -> str:
    """Write a step as one chain of equals, without saying anything twice: `a = b * c = 2 * 3 = 6`."""
    return " = ".join(dict.fromkeys((step.name, step.formula, step.with_numbers, step.result)))


@lru_cache(maxsize=8)
def _read(document: str) -> ReadCard:
    """A published version never changes."""
    return read_published(document)


def _step(step: Step, result: str) -> FormulaStep:
    numbers = {number.node: decimal_text(number.value) for number in step.numbers}
    return FormulaStep(step.name, step.formula, step.with_numbers, result, numbers)
