"""YAML text → nodes whose scalars stay text, each with its place.

Built from the parser's events, not with `yaml.compose`: composing crashes the interpreter on deep
nesting, turns aliases into shared nodes, and is four times slower on a card of 100,000 rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

import yaml

from ratecard_compiler.errors import ErrorList, Place

MAXIMUM_CHARACTERS = 10_000_000
MAXIMUM_VALUES = 1_000_000
MAXIMUM_DEPTH = 16
START = Place(1, 1)


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A text and how it was written; `plain` means without quotes."""

    text: str
    plain: bool
    place: Place
    single_line: bool = True

    @property
    def is_null(self) -> bool:
        """Tell whether it is YAML's null: nothing at all, `~` or `null`, without quotes."""
        return self.plain and self.text in ("", "~", "null")

    def place_of(self, offset: int) -> Place:
        """Return the place of a character of the text; of the scalar itself if it spans lines."""
        if not self.single_line:
            return self.place
        return Place(self.place.line, self.place.column + offset + (0 if self.plain else 1))


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A list."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class MappingNode:
    """A mapping; the keys' places are kept because errors point at keys."""

    entries: Mapping[str, Node]
    key_places: Mapping[str, Place]
    place: Place


Node: TypeAlias = ScalarNode | SequenceNode | MappingNode


class _RefusedError(Exception):
    """The document cannot be read further; the error is already in the list."""


def read_yaml(text: str, errors: ErrorList) -> MappingNode | None:
    """Return the document's top mapping, or None with the reasons in `errors`."""
    if len(text) > MAXIMUM_CHARACTERS or len(text.encode("utf-8", "replace")) > MAXIMUM_CHARACTERS:
        fact = f"the {errors.kind.name} has more than 10 MB"
        errors.add("document_too_large", START, "", fact, f"split the {errors.kind.name}")
        return None
    try:
        return _top_mapping(_Events(text, errors))
    except _RefusedError:
        return None
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        column = error.start - text.rfind("\n", 0, error.start)
        fix = "save the file as UTF-8"
        errors.add("yaml_syntax", Place(line, column), "", "a character is not valid Unicode", fix)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else START
        fact = " ".join(str(part) for part in (error.context, error.problem) if part)
        fix = 'quote it: "*"' if "alias" in fact else "correct the YAML here or on the line before"
        errors.add("yaml_syntax", place, "", fact, fix)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - text.rfind("\n", 0, error.position)
        code = error.character if isinstance(error.character, int) else ord(str(error.character)[:1])
        fact = f"the character U+{code:04X} is not allowed"
        errors.add("yaml_syntax", Place(line, column), "", fact, "remove it")
    return None


def nodes_of(value: Any, path: str = "") -> Node:
    """Return the nodes of values that are already loaded (a price case read from JSON).

    Text, whole numbers, decimals, null, lists and mappings; ValueError for anything else, so that a
    binary fraction never becomes a price.
    """
    if isinstance(value, Mapping):
        entries = {str(key): nodes_of(item, f"{path}.{key}") for key, item in value.items()}
        return MappingNode(entries, dict.fromkeys(entries, START), START)
    if isinstance(value, list | tuple):
        items = (nodes_of(item, f"{path}[{at}]") for at, item in enumerate(value, 1))
        return SequenceNode(tuple(items), START)
    if value is None:
        return ScalarNode("", True, START)
    if isinstance(value, str):
        return ScalarNode(value, False, START)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        # As it would stand in a file, without quotes: what wants a text refuses it.
        return ScalarNode(format(value, "f") if isinstance(value, Decimal) else str(value), True, START)
    raise ValueError(f"{path.lstrip('.') or 'price'}: write the number as text, not as {value!r}")


class _Events:
    """The event stream with the checks that hold everywhere in a document."""

    def __init__(self, text: str, errors: ErrorList) -> None:
        self.parser: Any = yaml.CBaseLoader(text)
        self.errors = errors
        self.values = 0

    def next(self) -> Any:
        """Return the next event; refuse what rate cards do without."""
        event = self.parser.get_event()
        if isinstance(event, yaml.NodeEvent):  # a scalar, an alias, or the start of a list or mapping
            self.values += 1
            if self.values > MAXIMUM_VALUES:
                fact = f"the {self.errors.kind.name} has more than {MAXIMUM_VALUES:,} keys and values"
                self.errors.add(
                    "document_too_large", _place(event), "", fact, f"split the {self.errors.kind.name}"
                )
                raise _RefusedError
            if event.anchor is not None:
                self.refuse(event, "anchors and aliases are not allowed", "write the value out")
            tag = getattr(event, "tag", None)
            if tag is not None:
                self.refuse(event, f"the tag {tag!r} is not allowed", "remove the tag")
        return event

    def refuse(self, event: Any, fact: str, fix: str) -> None:
        """Give up on the document."""
        self.errors.add("unsupported_yaml", _place(event), "", fact, fix)
        raise _RefusedError


def _place(event: Any) -> Place:
    mark = event.start_mark
    return Place(mark.line + 1, mark.column + 1)


def _scalar(event: Any) -> ScalarNode:
    start, style = event.start_mark, event.style
    place = Place(start.line + 1, start.column + 1)
    single_line = start.line == event.end_mark.line and style not in ("|", ">")
    return ScalarNode(event.value, not style, place, single_line)


def _top_mapping(events: _Events) -> MappingNode | None:
    events.next()  # start of the stream
    if isinstance(events.next(), yaml.StreamEndEvent):
        fix = f"write a {events.errors.kind.name}"
        events.errors.add("wrong_type", START, "", "the document is empty", fix)
        return None
    node = _node(events, events.next(), "", 0)
    events.next()  # end of the document
    after = events.next()
    if not isinstance(after, yaml.StreamEndEvent):
        events.refuse(after, "a second document follows", f"one file holds one {events.errors.kind.name}")
    if isinstance(node, MappingNode):
        return node
    fix = f"start with `{events.errors.kind.first_line}`"
    events.errors.add("wrong_type", node.place, "", "the document is not a mapping", fix)
    return None


def _node(events: _Events, event: Any, path: str, depth: int) -> Node:
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    if depth >= MAXIMUM_DEPTH:
        events.refuse(event, f"the document is nested more than {MAXIMUM_DEPTH} deep", "flatten it")
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Node] = []
        while not isinstance(item := events.next(), yaml.SequenceEndEvent):
            items.append(_node(events, item, f"{path}[{len(items) + 1}]", depth + 1))
        return SequenceNode(tuple(items), _place(event))
    return _mapping(events, event, path, depth)


def _mapping(events: _Events, start: Any, path: str, depth: int) -> MappingNode:
    entries: dict[str, Node] = {}
    places: dict[str, Place] = {}
    while not isinstance(key := events.next(), yaml.MappingEndEvent):
        if not isinstance(key, yaml.ScalarEvent):
            events.refuse(key, "a key is not a text", "write the key as a plain word")
        if key.value == "<<" and not key.style:
            events.refuse(key, "merge keys are not allowed", "write the entries out")
        here = f"{path}.{key.value}" if path else key.value
        value = _node(events, events.next(), here, depth + 1)
        if key.value in entries:
            fact = f"the key is already on line {places[key.value].line}"
            events.errors.add("duplicate_key", _place(key), here, fact, "keep one of them")
            continue
        entries[key.value] = value
        places[key.value] = _place(key)
    return MappingNode(entries, places, _place(start))
