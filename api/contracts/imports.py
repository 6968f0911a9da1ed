"""Rows of a CRM or CPQ export → a contracts document, by a mapping file.

The mapping is a contract in the words of SEMANTICS §9 whose texts name columns: `"crm-{opportunity_id}"`. A row makes a
contract; rows with one uniqueness key make one together: what they say once has to agree, lists follow one another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from api.contracts.errors import CONTRACTS_FILE, ContractErrors
from api.contracts.import_rows import Row
from ratecard_compiler.errors import ErrorList, Place, did_you_mean
from ratecard_compiler.fields import Fields, as_fields
from ratecard_compiler.source import MappingNode, Node, ScalarNode, SequenceNode, read_yaml

_KEYS = ("uniqueness_key", "columns", "customer", "contract")
_COLUMN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_WHEN = "when"

Value: TypeAlias = "str | list[Value] | dict[str, Value] | None"


@dataclass(frozen=True, slots=True)
class Mapped:
    """A document made of rows, as JSON values, and the line of the export that each contract and customer began on."""

    document: dict[str, Any]
    contract_lines: tuple[int, ...]
    customer_lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ImportMapping:
    """How rows become contracts. `dates` and `thousands` say how columns write days and numbers."""

    uniqueness_key: str
    customer: MappingNode | None
    contract: MappingNode
    dates: Mapping[str, str]
    thousands: Mapping[str, str]


@dataclass(slots=True)
class _Made:
    """Contracts and customers being made, by their key; `lines` is where each began."""

    values: dict[str, dict[str, Value]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


def read_mapping(text: str, file_name: str) -> ImportMapping:
    """Read a mapping file. Raises ContractErrors."""
    errors = ErrorList(file_name, CONTRACTS_FILE)
    top = read_yaml(text, errors)
    mapping = None if top is None else _mapping(Fields(top, "", errors))
    if errors.found or mapping is None:
        raise ContractErrors(errors.in_order())
    return mapping


def _mapping(fields: Fields) -> ImportMapping | None:
    fields.known(_KEYS)
    key = fields.required_text("uniqueness_key", "name the column that tells one contract from another")
    if fields.get("contract") is None:
        fields.missing("contract", "write the contract that a row makes, with columns in braces")
    contract, customer = fields.mapping("contract"), fields.mapping("customer")
    dates, thousands = _columns(fields)
    if key is None or contract is None:
        return None
    return ImportMapping(key, customer.node if customer else None, contract.node, dates, thousands)


def _columns(fields: Fields) -> tuple[dict[str, str], dict[str, str]]:
    dates: dict[str, str] = {}
    thousands: dict[str, str] = {}
    columns = fields.mapping("columns")
    for name, node in columns.node.entries.items() if columns else ():
        told = as_fields(node, f"columns.{name}", fields.errors)
        if told is None:
            continue
        told.known(("date", "thousands"))
        date, separator = told.text("date"), told.text("thousands")
        dates |= {name: date} if date else {}
        thousands |= {name: separator} if separator else {}
    return dates, thousands


def map_rows(mapping: ImportMapping, rows: Sequence[Row], file_name: str, known: Mapping[str, str]) -> Mapped:
    """Return the document that the rows make. `known` has the contract of each uniqueness key that is stored: it is
    changed, and keeps its id.

    Raises ContractErrors with every row that does not fit; lines are those of the export.
    """
    errors = ErrorList(file_name, CONTRACTS_FILE)
    contracts, customers = _Made(), _Made()
    for row in rows:
        key = row.cells.get(mapping.uniqueness_key)
        if not key:
            fact = f"the row has no `{mapping.uniqueness_key}`, which tells one contract from another"
            fix = did_you_mean(mapping.uniqueness_key, row.cells) if key is None else "give the row one"
            errors.add("missing_field", Place(row.line, 1), mapping.uniqueness_key, fact, fix)
            continue
        filling = _Filling(mapping, row, errors)
        contract = filling.mapping(mapping.contract, "contract")
        contract["uniqueness_key"] = key
        if key in known:
            contract["contract_id"] = known[key]
        _join(contracts, key, contract, row, errors)
        if mapping.customer is not None:
            customer = filling.mapping(mapping.customer, "customer")
            _join(customers, str(customer.get("customer_id")), customer, row, errors)
    if errors.found:
        raise ContractErrors(errors.in_order())
    document: dict[str, Any] = {"contracts": list(contracts.values.values())}
    if customers.values:
        document["customers"] = list(customers.values.values())
    return Mapped(document, tuple(contracts.lines.values()), tuple(customers.lines.values()))


def _join(made: _Made, key: str, value: dict[str, Value], row: Row, errors: ErrorList) -> None:
    """Add a row's contract or customer to what earlier rows of the same key made."""
    known = made.values.get(key)
    if known is None:
        made.values[key] = value
        made.lines[key] = row.line
        return
    for name, part in value.items():
        before = known.setdefault(name, part)
        if isinstance(before, list) and isinstance(part, list):
            known[name] = [*before, *(item for item in part if item not in before)]
        elif before != part:
            fact = (
                f"`{name}` is {_shown(part)} here and {_shown(before)} in the row of line {made.lines[key]}"
            )
            errors.add(
                "rows_disagree",
                Place(row.line, 1),
                name,
                fact,
                f"rows of `{key}` make one: write one of them",
            )


def _shown(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class _Filling:
    """One row's cells on their way into the mapping's texts."""

    source: ImportMapping
    row: Row
    errors: ErrorList

    def mapping(self, node: MappingNode, path: str) -> dict[str, Value]:
        found = {
            name: self.value(member, f"{path}.{name}")
            for name, member in node.entries.items()
            if name != _WHEN
        }
        return {name: value for name, value in found.items() if value is not None}

    def value(self, node: Node, path: str) -> Value:
        """Return what a node says of the row; None where all columns that its text names are empty."""
        if isinstance(node, MappingNode):
            return self.mapping(node, path)
        if isinstance(node, SequenceNode):
            kept = [(at, item) for at, item in enumerate(node.items, 1) if self.holds(item, f"{path}[{at}]")]
            found = [self.value(item, f"{path}[{at}]") for at, item in kept]
            return [value for value in found if value is not None]
        return None if node.is_null else self.text(node, path)

    def holds(self, item: Node, path: str) -> bool:
        """Tell whether an entry of a list is for this row: its `when`, if it has one, is not empty."""
        when = item.entries.get(_WHEN) if isinstance(item, MappingNode) else None
        return not isinstance(when, ScalarNode) or bool(self.text(when, f"{path}.{_WHEN}"))

    def text(self, node: ScalarNode, path: str) -> str | None:
        names = [match[1] for match in _COLUMN.finditer(node.text) if match[1] is not None]
        cells = {name: self.cell(name, path) for name in names}
        if cells and not any(cells.values()):
            return None
        return _COLUMN.sub(lambda match: match[0][0] if match[1] is None else cells[match[1]], node.text)

    def cell(self, name: str, path: str) -> str:
        text = self.row.cells.get(name)
        if text is None:
            fact = f"the export has no column `{name}`"
            self.errors.add(
                "unknown_column", Place(self.row.line, 1), path, fact, did_you_mean(name, self.row.cells)
            )
            return ""
        if name in self.source.dates and text:
            return self.day(name, text, path)
        separator = self.source.thousands.get(name)
        return text.replace(separator, "") if separator else text

    def day(self, name: str, text: str, path: str) -> str:
        written = self.source.dates[name]
        try:
            return datetime.strptime(text, written).date().isoformat()
        except ValueError:
            fact = f"`{name}` is {text!r}, which is no day written as {written!r}"
            fix = "correct the cell, or `columns` in the mapping"
            self.errors.add("invalid_instant", Place(self.row.line, 1), path, fact, fix)
            return ""
