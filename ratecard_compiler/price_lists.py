"""Public price lists of language models → cost tables of a card: every price exact, and nothing left out in silence.

Two shapes are read: CSV with a column `model`, and the JSON that LiteLLM publishes (`{model: {input_cost_per_token}}`).
Numbers are read from their text, so `1.5e-07` is 0.00000015 and never a binary fraction.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from io import StringIO
from typing import Any, TypeAlias

from ratecard_compiler.decimals import PRICE_DECIMALS, decimal_text, plain_decimal
from ratecard_compiler.errors import did_you_mean
from ratecard_compiler.fields import MAXIMUM_TEXT, NAME

PRICES = ("input_cost_per_token", "output_cost_per_token")
"""The prices that are taken unless others are asked for."""

MODEL, SPECIMEN = "model", "sample_spec"
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9._/:@+-]+")
_PRICE = re.compile(r"cost")
_LEAST = Decimal(1).scaleb(-PRICE_DECIMALS)
_PROVIDERS = ("provider", "litellm_provider")

Entry: TypeAlias = tuple[str, Mapping[str, Any]]
"""A model's name and what the list says of it."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about models that a reader must know; `taken` tells whether their prices are in the tables."""

    fact: str
    taken: bool
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CostTables:
    """Costs by price and model, in the order of the list.

    `others` are prices that were not taken, with the number of models that have them.
    """

    costs: Mapping[str, Mapping[str, Decimal]]
    remarks: tuple[Remark, ...]
    others: Mapping[str, int]


@dataclass(slots=True)
class _Remarks:
    """Facts with the models that they are about, the first met first."""

    found: dict[tuple[str, bool], dict[str, None]] = field(default_factory=dict)

    def add(self, model: str, fact: str, *, taken: bool) -> None:
        self.found.setdefault((fact, taken), {})[model] = None

    def in_order(self) -> tuple[Remark, ...]:
        return tuple(Remark(fact, taken, tuple(models)) for (fact, taken), models in self.found.items())


def read_price_list(
    text: str, prices: tuple[str, ...] = PRICES, provider: str | None = None, mode: str | None = None
) -> CostTables:
    """Return the costs that a list says, of all models or those of a provider or mode.

    A model that is listed with two prices, a name that no table can hold, and a price that is no plain number are left
    out and told. Raises ValueError for a text that is no such list, a provider or mode that it does not have, and one
    that prices no model.
    """
    remarks = _Remarks()
    entries = list(
        _json_entries(text, remarks) if text.lstrip().startswith("{") else _csv_entries(text, remarks)
    )
    chosen = _chosen(_chosen(entries, "provider", provider, _PROVIDERS), "mode", mode, ("mode",))
    _check_prices(prices, (values for _, values in entries))
    costs = {price: _costs(price, chosen, remarks) for price in prices}
    if not any(costs.values()):
        raise ValueError(f"the list prices no model: none of {len(chosen)} has {' or '.join(prices)}")
    for model in dict.fromkeys(model for table in costs.values() for model in table):
        if not _PLAIN_NAME.fullmatch(model):
            remarks.add(model, "special characters in the name, which stands in quotes", taken=True)
    return CostTables(costs, remarks.in_order(), _others(prices, chosen))


def cost_tables_yaml(tables: CostTables, source: str) -> str:
    """Return `tables:` of a rate card, one a price, keyed by model; `source` is told in a comment."""
    models = len({model for table in tables.costs.values() for model in table})
    left_out = {model for remark in tables.remarks if not remark.taken for model in remark.models}
    name = source if source.isprintable() else repr(source)
    lines = [
        f"# Costs of {models:,} models in USD, from {name}; of {len(left_out):,} something was left out."
    ]
    lines.append("tables:")
    for price, costs in tables.costs.items():
        lines += [f"  {price}:", "    keys: [model]", "    rows:"]
        # A JSON text is a YAML scalar whatever the name holds.
        lines += [
            f'      {json.dumps(model, ensure_ascii=False)}: "{decimal_text(cost)}"'
            for model, cost in costs.items()
        ]
    return "\n".join(lines) + "\n"


def _chosen(entries: list[Entry], what: str, wanted: str | None, names: tuple[str, ...]) -> list[Entry]:
    """Return the models that have a value under one of the names. Raises ValueError where none has it."""
    if wanted is None:
        return entries
    found = [entry for entry in entries if any(entry[1].get(name) == wanted for name in names)]
    if not found:
        known = {str(value) for _, values in entries for name in names if (value := values.get(name))}
        raise ValueError(f"no model has the {what} {wanted!r}; {did_you_mean(wanted, sorted(known))}")
    return found


def _check_prices(prices: tuple[str, ...], values: Iterable[Mapping[str, Any]]) -> None:
    known = {name for one in values for name in one if _PRICE.search(name)}
    for price in prices:
        if price not in known or not NAME.fullmatch(price):
            raise ValueError(f"the list has no price {price!r}; {did_you_mean(price, known)}")


def _others(prices: tuple[str, ...], entries: list[Entry]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for _, values in entries:
        for name, value in values.items():
            if _PRICE.search(name) and name not in prices and value not in ("", None):
                counted[name] = counted.get(name, 0) + 1
    return dict(sorted(counted.items(), key=lambda one: (-one[1], one[0])))


def _costs(price: str, entries: list[Entry], remarks: _Remarks) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    refused: set[str] = set()
    for model, values in entries:
        cost = _cost(model, price, values.get(price), remarks)
        if cost is None or model in refused:
            continue
        if model not in found:
            found[model] = cost
        elif found[model] == cost:
            remarks.add(model, f"listed again with the same {price}", taken=True)
        else:
            remarks.add(model, f"listed again with another {price}", taken=False)
            refused.add(model)
            del found[model]
    for model, cost in found.items():
        if not cost:
            remarks.add(model, f"{price} is 0", taken=True)
        elif cost < _LEAST:
            remarks.add(model, f"{price} is below {_LEAST:f}, the least that a price can be", taken=True)
    return found


def _cost(model: str, price: str, value: Any, remarks: _Remarks) -> Decimal | None:
    """Return a model's price; None where it has none that can be taken, which is told."""
    if value is None or value == "":
        remarks.add(model, f"no {price}", taken=False)
        return None
    written = str(value).strip()
    if isinstance(value, bool) or not _NUMBER.fullmatch(written):
        remarks.add(model, f"{price} is not a number", taken=False)
        return None
    cost = Decimal(written)
    if cost < 0:
        remarks.add(model, f"{price} is below 0", taken=False)
        return None
    if plain_decimal(decimal_text(cost)) is None:
        remarks.add(model, f"{price} has more than 38 digits", taken=False)
        return None
    return cost


def _name_problem(model: str) -> str | None:
    if not model.strip():
        return "no name"
    if model == "*":
        return 'the name "*", which would price every other model'
    if len(model) > MAXIMUM_TEXT:
        return f"a name of more than {MAXIMUM_TEXT} characters"
    return None if model.isprintable() else "a name with characters that cannot be shown"


def _csv_entries(text: str, remarks: _Remarks) -> Iterator[Entry]:
    reader = csv.DictReader(StringIO(text.removeprefix("\ufeff"), newline=""))
    try:
        if MODEL not in (reader.fieldnames or ()):
            raise ValueError(f"the list has no column `{MODEL}`, and is not LiteLLM's JSON either")
        for row in reader:
            model = row[MODEL]
            if None in row or None in row.values():
                remarks.add(
                    model or f"line {reader.line_num}", "another number of cells than columns", taken=False
                )
            elif problem := _name_problem(model):
                remarks.add(model or f"line {reader.line_num}", problem, taken=False)
            else:
                yield model, row
    except csv.Error as error:
        raise ValueError(f"the list cannot be read as CSV: line {reader.line_num}: {error}") from None


class _Members(list[tuple[str, Any]]):
    """The members of a JSON object as they are written, those with the same name included."""


class _NumberText(str):
    """A JSON number as it is written."""

    __slots__ = ()


def _json_entries(text: str, remarks: _Remarks) -> Iterator[Entry]:
    try:
        members = json.loads(
            text,
            parse_float=_NumberText,
            parse_int=_NumberText,
            parse_constant=_NumberText,
            object_pairs_hook=_Members,
        )
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the list cannot be read as JSON: {error}") from None
    for model, values in members:
        if model == SPECIMEN:
            remarks.add(model, "LiteLLM's description of its fields", taken=False)
        elif not isinstance(values, _Members):
            remarks.add(model, "not an object with prices", taken=False)
        elif problem := _name_problem(model):
            remarks.add(model or "(empty)", problem, taken=False)
        else:
            names = [name for name, _ in values]
            for twice in sorted({name for name in names if names.count(name) > 1}):
                remarks.add(model, f"{twice} stands twice in its object", taken=False)
            yield model, {name: value for name, value in values if names.count(name) == 1}
