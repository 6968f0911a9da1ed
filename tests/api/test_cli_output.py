"""Tables in a terminal: no id, instant or number is ever split."""

import io
from typing import Any

import pytest
from rich.console import Console
from typer.core import TyperGroup
from typer.main import get_command

from api.cli.app import app
from api.cli.output import Columns, sentence

ID = "northwind-enterprise-2025:2026-01-01"
INSTANT = "2026-01-31T12:00:00.000Z"


def printed(table: Columns, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, soft_wrap=True)
    console.print(table.fitted(width))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def invoices() -> Columns:
    table = Columns(
        "invoice", "since", "unit price", "to mend it", numbers=("unit price",), words=("to mend it",)
    )
    table.row(ID, INSTANT, "123456.7", "Publish a version that prices them [all] and activate it.")
    table.row("k", INSTANT, "0.1", None)
    return table


@pytest.mark.parametrize("width", [40, 60, 72, 80, 100, 120, 300])
def test_ids_instants_and_numbers_are_never_split(width: int) -> None:
    text = printed(invoices(), width)
    assert text.count(ID) == 1
    assert text.count(INSTANT) == 2
    for word in ("123456.7", "Publish", "version", "[all]", "activate"):
        assert word in text
    if width >= 60:
        assert max(map(len, text.splitlines())) <= width


def test_words_are_wrapped_and_headings_too_before_the_layout_changes() -> None:
    whole, narrow = printed(invoices(), 100), printed(invoices(), 87)
    assert "unit price" in whole
    assert "unit price" not in narrow
    assert "price" in narrow
    for text in (whole, narrow):
        assert "activate it." not in text.splitlines()[3]
        assert f"{ID}   {INSTANT}" in text


def test_a_row_that_does_not_fit_is_a_block() -> None:
    assert printed(invoices(), 60).splitlines() == [
        f"invoice     {ID}",
        f"since       {INSTANT}",
        "unit price  123456.7",
        "to mend it  Publish a version that prices them [all] and",
        "            activate it.",
        "",
        "invoice     k",
        f"since       {INSTANT}",
        "unit price  0.1",
        "",
    ]


def test_sentences_go_on_between_words_in_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "• " + "a price of 0.000000000000002 USD, " * 6
    sentence(text, indent="  ")
    assert len(capsys.readouterr().out.splitlines()) == 1
    monkeypatch.setattr("api.cli.output.PIPE_WIDTH", 60)
    sentence(text, indent="  ")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 60
    assert {line[:2] for line in lines} == {"• ", "  "}
    assert " ".join(line.strip() for line in lines) == text.strip()


def test_no_help_of_a_group_cuts_a_sentence_off() -> None:
    def check(command: Any) -> None:
        assert isinstance(command, TyperGroup)
        limit = 80 - 6 - max(map(len, command.commands))
        for name, one in command.commands.items():
            assert one.get_short_help_str(limit) == one.get_short_help_str(1_000), name
            if isinstance(one, TyperGroup):
                check(one)
                assert {"--store", "--url", "--json"} <= {
                    text for option in one.params for text in option.opts
                }

    check(get_command(app))


def test_a_wide_table_is_one_line_a_row() -> None:
    lines = printed(invoices(), 10_000).splitlines()
    assert [ID in line and "activate it." in line for line in lines].count(True) == 1
    assert "[all]" in "".join(lines)
