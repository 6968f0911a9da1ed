"""Rows of an export, CSV or JSON: every cell is text, so that no number is ever rounded."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from api.contracts.errors import CONTRACTS_FILE, ContractErrors
from ratecard_compiler.errors import ErrorList, Place
from ratecard_compiler.source import START

# Salesforce and others put the rows under one of these names.
_LISTS = ("records", "rows", "data", "items", "value", "results")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells by column, stripped of spaces around them, and the line of the file that it is on (of JSON the
    number of the row)."""

    line: int
    cells: Mapping[str, str]


def read_rows(text: str, file_name: str) -> list[Row]:
    """Return the rows of a CSV (comma or semicolon, a header) or of a JSON list of objects.

    Members of objects inside a row are columns such as `Account.Name`. Raises ContractErrors.
    """
    errors = ErrorList(file_name, CONTRACTS_FILE)
    is_json = text.lstrip("\ufeff \t\r\n")[:1] in ("[", "{")
    rows = _json_rows(text, errors) if is_json else _csv_rows(text, errors)
    if not rows and not errors.found:
        errors.add("missing_field", START, "", "the export has no rows", "export at least one")
    if errors.found:
        raise ContractErrors(errors.in_order())
    return rows


def _csv_rows(text: str, errors: ErrorList) -> list[Row]:
    text = text.removeprefix("\ufeff")
    header_line = text.partition("\n")[0]
    delimiter = ";" if header_line.count(";") > header_line.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        for name in {name for name in header if header.count(name) > 1}:
            errors.add(
                "duplicate_key", START, name, f"the column `{name}` is there twice", "rename one of them"
            )
        line = reader.line_num + 1
        for cells in reader:
            if len(cells) == len(header):
                rows.append(Row(line, dict(zip(header, (cell.strip() for cell in cells), strict=True))))
            elif cells:
                fact = f"the row has {len(cells)} cells, the header {len(header)}"
                errors.add("wrong_type", Place(line, 1), "", fact, "quote cells that hold the separator")
            line = reader.line_num + 1
    except csv.Error as error:
        errors.add(
            "wrong_type", Place(reader.line_num, 1), "", f"this is not CSV: {error}", "check the quotes"
        )
    return rows


def _json_rows(text: str, errors: ErrorList) -> list[Row]:
    try:
        loaded = json.loads(text.lstrip("\ufeff"), parse_float=str, parse_int=str, parse_constant=str)
    except json.JSONDecodeError as error:
        errors.add(
            "wrong_type", Place(error.lineno, error.colno), "", f"this is not JSON: {error.msg}", "correct it"
        )
        return []
    except RecursionError:
        errors.add("wrong_type", START, "", "the JSON is nested too deep", "export flat rows")
        return []
    if isinstance(loaded, dict):
        loaded = next((loaded[name] for name in _LISTS if isinstance(loaded.get(name), list)), loaded)
    if not isinstance(loaded, list) or not all(isinstance(item, dict) for item in loaded):
        fix = f"write a list of objects, or one under {', '.join(f'`{name}`' for name in _LISTS)}"
        errors.add("wrong_type", START, "", "this is no list of objects", fix)
        return []
    return [Row(place, dict(_cells("", item))) for place, item in enumerate(loaded, 1)]


def _cells(path: str, value: Any) -> Iterator[tuple[str, str]]:
    for name, member in value.items():
        column = f"{path}.{name}" if path else name
        if isinstance(member, dict):
            yield from _cells(column, member)
        elif isinstance(member, list):
            continue
        else:
            yield column, _cell(member)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip()
