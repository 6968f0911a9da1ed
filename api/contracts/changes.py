"""What differs between two documents of a contract or a customer: path, before and after, term by term."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Entries of lists are told apart by the id that they have.
_IDS = ("grant_id", "fee_id", "commit_id", "amendment_id")


@dataclass(frozen=True, slots=True)
class TermChange:
    """One term that changes. `path` is in the words of the document, such as `grants[welcome].amount`; `before` is null
    where the term is new, `after` where it goes. Values are texts: JSON where they are lists or mappings."""

    path: str
    before: str | None
    after: str | None


def term_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[TermChange, ...]:
    """Return the terms that differ, in the order of `after`, then what only `before` has."""
    return tuple(_changes("", before, after))


def _changes(path: str, before: Any, after: Any) -> Iterator[TermChange]:
    if before == after:
        return
    old, new = _members(before), _members(after)
    # What is new or goes is told as a whole: its parts say nothing by themselves.
    if old is None or new is None:
        yield TermChange(path, _text(before), _text(after))
        return
    for name in [*new, *(name for name in old if name not in new)]:
        yield from _changes(_path(path, name, after), old.get(name), new.get(name))


def _members(value: Any) -> Mapping[str, Any] | None:
    """Return the named parts of a mapping, or of a list whose entries are mappings."""
    if isinstance(value, Mapping):
        return value
    if not isinstance(value, Sequence) or isinstance(value, str):
        return None
    if not all(isinstance(item, Mapping) for item in value):
        return None
    return {_name(item, place): item for place, item in enumerate(value, 1)}


def _name(item: Mapping[str, Any], place: int) -> str:
    return next((str(item[key]) for key in _IDS if item.get(key)), str(place))


def _path(path: str, name: str, within: Any) -> str:
    if not isinstance(within, Mapping):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else name


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
