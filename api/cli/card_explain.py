"""`runrate ratecard explain` and `graph`: where a price comes from, and what depends on what."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from api.cli.card_texts import Card, Version, card_text
from api.cli.failures import CommandFailed
from api.cli.output import facts, pairs, print_json, stdout
from api.cli.settings import Settings, command
from ratecard_compiler import compile_card
from ratecard_compiler.card_graph import CardGraph, card_graph, graph_mermaid, graph_text
from ratecard_compiler.decimals import decimal_text, plain_decimal
from ratecard_compiler.errors import Place
from ratecard_compiler.explanation import AmountExplained, Explanation, NumberUsed, Step, explain_price


class GraphFormat(StrEnum):
    """How a graph is written."""

    text = "text"
    mermaid = "mermaid"


def register(cards: typer.Typer) -> None:
    """Add the commands."""
    _register_explain(cards)
    _register_graph(cards)


def _register_explain(cards: typer.Typer) -> None:
    @command(
        cards, "explain", "runrate ratecard explain ratecard.yaml input_tokens model=swift-1 region=us-east"
    )
    def explain(
        settings: Settings,
        card: Card,
        product: Annotated[str, typer.Argument(help="The product's id.")],
        values: Annotated[
            list[str] | None, typer.Argument(metavar="DIMENSION=VALUE...", help="What an event would have.")
        ] = None,
        version: Version = None,
    ) -> None:
        """Expand a price down to its numbers.

        Every formula, constant and table cell, with its place in the card.
        """
        found = card_text(settings, card, version)
        explained = explain_price(found.text, product, _values(values or []), found.name)
        if settings.as_json:
            print_json(_json(explained, found.name))
        else:
            _show(explained, found.name)


def _values(given: list[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise CommandFailed(f"{one!r} is no dimension and value; write region=us-east")
        if name in values:
            raise CommandFailed(f"{name} is given twice; keep one")
        values[name] = value
    return values


def _json(explained: Explanation, name: str) -> dict[str, Any]:
    product = explained.product
    return {
        "card": name,
        "rate_card": explained.rate_card,
        "product": product.product_id,
        "model": product.model,
        "unit": product.unit,
        "metered_unit": product.metered_unit,
        "dimensions": explained.dimensions,
        "priced_as": explained.priced_as,
        "quantities": {name: decimal_text(value) for name, value in explained.quantities.items()},
        "amounts": [
            {**_step_json(amount.step), "published": decimal_text(amount.published)}
            for amount in explained.amounts
        ],
        "formulas": [_step_json(step) for step in explained.formulas],
    }


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "formula": step.formula,
        "line": step.place.line,
        "column": step.place.column,
        "with_numbers": step.with_numbers,
        "exact": decimal_text(step.exact),
        "numbers": [
            {
                "node": number.node,
                "value": decimal_text(number.value),
                "line": number.place.line,
                "column": number.place.column,
                "asked": list(number.asked),
            }
            for number in step.numbers
        ],
    }


def _show(explained: Explanation, name: str) -> None:
    product = explained.product
    facts(
        [
            (
                "rate card",
                explained.rate_card if explained.rate_card == name else f"{explained.rate_card} ({name})",
            ),
            (
                "product",
                f"{product.product_id}: {product.model} in {product.unit} per {product.metered_unit}",
            ),
            ("dimensions", pairs(explained.dimensions) or None),
            ("priced as", pairs(explained.priced_as) or None),
            *((name, decimal_text(value)) for name, value in explained.quantities.items()),
        ]
    )
    for amount in explained.amounts:
        _lines(_step_lines(amount.step) + _published_lines(amount, product.unit))
    for step in explained.formulas:
        _lines(_step_lines(step))


def _lines(lines: list[str]) -> None:
    for line in ["", *lines]:
        stdout().print(line, markup=False)


def _step_lines(step: Step) -> list[str]:
    """The formula as written, with numbers, its result, and the numbers with their places; nothing is said twice."""
    told = (step.formula, step.with_numbers, decimal_text(step.exact))
    # `0.10` and `0.1` are the same, said as the card has it.
    different = list({_canonical(text): text for text in reversed(told)}.values())[::-1]
    indent = " " * len(step.name)
    lines = [f"{step.name} = {different[0]}  ({_place(step.place)})"]
    lines += [f"{indent} = {text}" for text in different[1:]]
    return lines + [f"  {_number_line(number)}" for number in step.numbers]


def _canonical(text: str) -> str:
    number = plain_decimal(text)
    return text if number is None else decimal_text(number)


def _number_line(number: NumberUsed) -> str:
    asked = f", which prices {', '.join(number.asked)}" if number.asked else ""
    return f"{number.node} = {number.value:f}  ({_place(number.place)}{asked})"


def _published_lines(amount: AmountExplained, unit: str) -> list[str]:
    rounded = amount.published != amount.step.exact
    how = "rounded half-even to 15 decimals" if rounded else "exact"
    shown = "%" if amount.step.name.endswith("rate_percent") else unit
    return [f"  published: {decimal_text(amount.published)} {shown} ({how})"]


def _place(place: Place) -> str:
    return f"line {place.line}, column {place.column}"


def _register_graph(cards: typer.Typer) -> None:
    @command(cards, "graph", "runrate ratecard graph ratecard.yaml --format mermaid")
    def graph(
        settings: Settings,
        card: Card,
        format_: Annotated[
            GraphFormat, typer.Option("--format", help="Text, or a Mermaid flowchart.")
        ] = GraphFormat.text,
        version: Version = None,
    ) -> None:
        """Draw what prices depend on, and who uses whom.

        Constants, tables with their cells, formulas and products.
        """
        found = card_text(settings, card, version)
        drawn = card_graph(compile_card(found.text, found.name))
        if settings.as_json:
            print_json(_graph_json(drawn))
        else:
            told = graph_mermaid(drawn) if format_ is GraphFormat.mermaid else graph_text(drawn)
            stdout().print(told, markup=False)


def _graph_json(graph: CardGraph) -> dict[str, Any]:
    return {
        "rate_card": graph.rate_card,
        "currency": graph.currency,
        "nodes": [
            {
                "node": node.path,
                "kind": node.kind,
                "name": node.name,
                "says": node.says,
                "cells": [{"node": cell, "number": number} for cell, number in node.cells],
            }
            for node in graph.nodes
        ],
        "edges": [{"from": used, "to": user} for used, user in graph.edges],
    }
