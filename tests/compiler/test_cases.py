"""Every case of `fixtures/ratecards`: a card, and what it compiles to or the exact text of its errors."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from ratecard_compiler import CODES, RateCardErrors, compile_card
from ratecard_compiler.node_names import cell_name
from ratecard_compiler.number_changes import change_numbers
from ratecard_compiler.source import MAXIMUM_CHARACTERS
from ratecard_compiler.written_numbers import compile_with_numbers
from tests.compiler.rendering import case_folders, expected_files, files_of, written_files

FOLDERS = case_folders()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_case(folder: Path) -> None:
    assert expected_files(folder) == written_files(folder)


def test_every_error_code_has_a_case() -> None:
    shown = {
        line.split(" ")[1]
        for folder in FOLDERS
        if (folder / "errors.txt").exists()
        for line in (folder / "errors.txt").read_text(encoding="utf-8").splitlines()
    }
    # Ten megabytes are no fixture; the test below writes them.
    assert shown == set(CODES) - {"document_too_large"}


@pytest.mark.parametrize(
    "folder", [one for one in FOLDERS if one.name.startswith("error_")], ids=lambda one: one.name
)
def test_a_case_named_after_a_code_shows_that_code(folder: Path) -> None:
    code = folder.name.removeprefix("error_")
    with pytest.raises(RateCardErrors) as raised:
        compile_card((folder / "ratecard.yaml").read_text(encoding="utf-8"))
    assert code in {error.code for error in raised.value.errors}


def test_a_card_that_is_too_large_is_refused_unread() -> None:
    with pytest.raises(RateCardErrors) as raised:
        compile_card("#" * (MAXIMUM_CHARACTERS + 1))
    assert [error.code for error in raised.value.errors] == ["document_too_large"]
    with pytest.raises(RateCardErrors) as raised:
        compile_card("é" * (MAXIMUM_CHARACTERS // 2 + 1))
    assert [error.code for error in raised.value.errors] == ["document_too_large"]


@pytest.mark.parametrize(
    "folder", [one for one in FOLDERS if (one / "expected").exists()], ids=lambda one: one.name
)
def test_changing_one_number_changes_only_prices(folder: Path) -> None:
    """Told for every constant and every table cell of every case: prices are rows, and SQL does not hold them."""
    text = (folder / "ratecard.yaml").read_text(encoding="utf-8")
    before = files_of(text)
    places = compile_with_numbers(text, "ratecard.yaml")[1]
    nodes = [
        *places.constants,
        *(cell_name(table, row) for table, rows in places.cells.items() for row in rows),
    ]
    changed: set[str] = set()
    for node in nodes:
        after = files_of(change_numbers(text, {node: "0.77"}).text)
        assert after.keys() == before.keys()
        changed |= {name for name, content in after.items() if content != before[name]}
    assert changed == ({"expected/prices.csv"} if nodes else set())


def _prices(case: str) -> dict[tuple[str, str], Decimal]:
    path = next(folder for folder in FOLDERS if folder.name == case) / "expected" / "prices.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return {
            (row["product"], row["dimensions"]): Decimal(row["unit_amount"]) for row in csv.DictReader(lines)
        }


# The expected files are written by the compiler, so some of their numbers are worked out here by hand.
HAND_WORKED = [
    (
        "acme_ai",
        "inference",
        "model=small; region=eu-west; context=*",
        "0.000000715",
    ),  # 0.0000005 × 1.3 × 1.1
    ("acme_ai", "inference", "model=large; region=*; context=*", "0.00001625"),  # 0.00001 × 1.3 × 1.25
    ("acme_ai", "summaries", "task=summarise; output=*", "3"),
    ("formulas", "fixed", "", "0.666666666666667"),
    ("formulas", "rounded", "", "3.67"),  # 0.67 + 1 + 1 + 1
    ("formulas", "precedence", "", "6"),  # 1 + 1 + 8 / 2
    ("formulas", "digits", "", "0.333333333333333"),
    ("formulas", "loaded", "model=small", "0.000000000000154"),  # 0.000000000000154 32
    ("formulas", "shared", "region=us; model=large", "13.5"),  # 2 × 1.25 + 11
    ("formulas", "bounded", "model=large; region=us", "5"),
    ("fallback_rows", "weighted", "task=summarise; output=short", "1"),
    ("fallback_rows", "weighted", "task=summarise; output=*", "2"),
    ("fallback_rows", "weighted", "task=*; output=short", "3"),
    ("fallback_rows", "weighted", "task=*; output=*", "4"),
    ("fallback_rows", "both", "region=us", "220"),
    ("fallback_rows", "literal", "output=short", "4"),  # 1 × 4
    ("fallback_rows", "literal", "output=*", "8"),  # 2 × 4
    ("sparse_tables", "inference", "region=us; model=b", "40"),
    ("unlikely_texts", "inference", "model=0.10", "4"),  # 3 + 1
    ("unlikely_texts", "inference", "model=null", "5"),  # 4 + 1
]


@pytest.mark.parametrize(("case", "product", "dimensions", "amount"), HAND_WORKED)
def test_price_worked_out_by_hand(case: str, product: str, dimensions: str, amount: str) -> None:
    assert _prices(case)[product, dimensions] == Decimal(amount)


def test_combinations_without_a_row_are_absent() -> None:
    both = {dimensions for product, dimensions in _prices("fallback_rows") if product == "both"}
    assert both == {"region=eu", "region=us"}
    assert set(_prices("sparse_tables")) == {
        ("inference", "region=eu; model=a"),
        ("inference", "region=us; model=b"),
    }
