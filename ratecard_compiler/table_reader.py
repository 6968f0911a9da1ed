"""Tables: cells by keys. Written for cards of 100,000 rows: no work a cell beyond what it must have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from ratecard_compiler.decimals import plain_decimal
from ratecard_compiler.document import TableDeclaration
from ratecard_compiler.errors import Place
from ratecard_compiler.fields import (
    MAXIMUM_TEXT,
    NAME,
    Fields,
    as_fields,
    as_scalar,
    as_sequence,
    clean_text,
    exact_decimal,
    is_name,
)
from ratecard_compiler.source import MappingNode, Node, ScalarNode, SequenceNode
from ratecard_compiler.table_index import FALLBACK

_MOST_FALLBACKS = 32
_FINE_KEY = re.compile(r"[^\x00-\x1f\x7f-\x9f\s\u2028\u2029]+")


def read_tables(card: Fields) -> dict[str, TableDeclaration | None]:
    """Return the card's tables by name."""
    return {name: _table(card, name, node) for name, node in card.members("tables", NAME)}


def _table(card: Fields, name: str, node: Node) -> TableDeclaration | None:
    table = as_fields(node, f"tables.{name}", card.errors)
    if table is None:
        return None
    table.known(("keys", "rows"))
    keys = _keys(table)
    if table.get("rows") is None:
        table.missing("rows", 'write `rows: {key: "1.00"}`')
    if keys is None or table.get("rows") is None:
        return None
    rows: dict[tuple[str, ...], Decimal] = {}
    places: dict[tuple[str, ...], Place] = {}
    for path, key, cell, place in written_rows(table, len(keys)):
        value = plain_decimal(cell.text)
        if value is None:
            exact_decimal(cell, path, card.errors)
        if key in rows:
            fact = f"the row [{', '.join(key)}] is already on line {places[key].line}"
            card.errors.add("duplicate_row", place, path, fact, "keep one of them")
            continue
        rows[key] = Decimal(0) if value is None else value
        places[key] = place
    if isinstance(written := table.get("rows"), MappingNode | SequenceNode) and not _size_of(written):
        card.errors.add(
            "missing_field", table.place_of("rows"), table.path_of("rows"), "there is no row", "write one"
        )
    return TableDeclaration(name, keys, rows) if _few_fallbacks(table, keys, rows) else None


def _few_fallbacks(table: Fields, keys: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> bool:
    """Tell whether rows have "*" in few ways: a look-up tries one after the other. Report it if they have not."""
    if 2 ** len(keys) <= _MOST_FALLBACKS:
        return True
    ways = {tuple([key == FALLBACK for key in row]) for row in rows}
    if len(ways) > _MOST_FALLBACKS:
        fact = (
            f'rows have "*" for {len(ways):,} different sets of keys, and at most {_MOST_FALLBACKS} are taken'
        )
        fix = "write several tables of fewer keys, and multiply them in a formula"
        table.errors.add("too_many_entries", table.place_of("rows"), table.path_of("rows"), fact, fix)
    return len(ways) <= _MOST_FALLBACKS


def _size_of(node: MappingNode | SequenceNode) -> int:
    """Return how many entries or items a node has."""
    return len(node.entries) if isinstance(node, MappingNode) else len(node.items)


def _keys(table: Fields) -> tuple[str, ...] | None:
    node = table.get("keys")
    if node is None:
        table.missing("keys", "name what the rows are listed by: `keys: [model]`")
        return None
    listed = as_sequence(node, table.path_of("keys"), table.errors)
    if listed is None:
        return None
    found: list[str] = []
    for at, item in enumerate(listed.items, 1):
        path = f"{table.path_of('keys')}[{at}]"
        scalar = as_scalar(item, path, table.errors)
        if scalar is None or not is_name(scalar.text, NAME, scalar.place, path, table.errors):
            return None
        if scalar.text in found:
            fact = f"`{scalar.text}` is already a key of the table"
            table.errors.add("duplicate_name", scalar.place, path, fact, "remove or rename it")
        found.append(scalar.text)
    if not found:
        table.errors.add(
            "wrong_key_count", listed.place, table.path_of("keys"), "the table has no key", "use a constant"
        )
        return None
    return tuple(found)


_Row = tuple[str, tuple[str, ...], ScalarNode, Place]


def written_rows(table: Fields, key_count: int) -> Iterator[_Row]:
    """Yield path, keys, cell and place of each row that has the right shape; what is wrong goes to the errors."""
    rows, path = table.get("rows"), table.path_of("rows")
    if isinstance(rows, MappingNode):
        if key_count == 1:
            yield from _mapping_rows(table, rows, path)
            return
        fix = f'write rows as lists: [{", ".join(["key"] * key_count)}, "1.00"]'
        table.errors.add(
            "wrong_type", rows.place, path, f"a mapping has one key a row, the table {key_count}", fix
        )
    elif isinstance(rows, SequenceNode):
        yield from _list_rows(table, rows, path, key_count)
    elif rows is not None:
        fix = 'write a mapping, or a list of rows: [key, "1.00"]'
        table.errors.add("wrong_type", rows.place, path, "this is a text", fix)


def _mapping_rows(table: Fields, rows: MappingNode, path: str) -> Iterator[_Row]:
    for key, node in rows.entries.items():
        place = rows.key_places[key]
        here = f"{path}.{key}"
        scalar = as_scalar(node, here, table.errors)
        if scalar is not None and _fine_key(table, ScalarNode(key, False, place), path):
            yield here, (key,), scalar, place


def _list_rows(table: Fields, rows: SequenceNode, path: str, key_count: int) -> Iterator[_Row]:
    for at, row in enumerate(rows.items, 1):
        here = f"{path}[{at}]"
        listed = as_sequence(row, here, table.errors)
        if listed is None:
            continue
        if len(listed.items) != key_count + 1:
            fact = f"the row has {len(listed.items)} items, not {key_count} keys and a number"
            table.errors.add("wrong_key_count", listed.place, here, fact, "write the keys, then the number")
            continue
        scalars = [s for item in listed.items if (s := as_scalar(item, here, table.errors)) is not None]
        if len(scalars) == len(listed.items) and all(_fine_key(table, s, here) for s in scalars[:-1]):
            yield here, tuple([s.text for s in scalars[:-1]]), scalars[-1], listed.place


def _fine_key(table: Fields, scalar: ScalarNode, path: str) -> bool:
    """Report a key that no event can sensibly carry; the usual key is decided by one match."""
    if len(scalar.text) <= MAXIMUM_TEXT and _FINE_KEY.fullmatch(scalar.text):
        return True
    return clean_text(scalar, path, table.errors) is not None
