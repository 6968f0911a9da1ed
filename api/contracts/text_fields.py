"""The fields of a contracts file that name things: ids, which events also carry, and lists of names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ratecard_compiler.errors import ErrorList
from ratecard_compiler.fields import Fields, as_fields, as_scalar, as_sequence, is_name
from ratecard_compiler.source import MappingNode, Node, ScalarNode, SequenceNode

MAXIMUM_IDENTIFIER = 256
MAXIMUM_ATTRIBUTE = 500

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# What YAML or JSON reads as no text when it stands without quotes: `7` and `7.0` are one number and two ids.
_NO_TEXT = re.compile(
    r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?(\.inf|\.Inf|\.INF)|-?Infinity|\.nan|\.NaN|\.NAN|NaN|[tT]rue|TRUE|[fF]alse|FALSE",
    re.ASCII,
)


def required_identifier(fields: Fields, key: str, example: str) -> str | None:
    """Return an id that must be there, as `identifier` does."""
    if fields.get(key) is None:
        fields.missing(key, f"write `{key}: {example}`")
        return None
    node = fields.scalar(key)
    return None if node is None else identifier(node, fields.path_of(key), fields.errors)


def identifier(node: ScalarNode, path: str, errors: ErrorList) -> str | None:
    """Return an id: a text of 1 to 256 characters, none of them a control character, as for the ids of events."""
    if not node.text:
        errors.add("invalid_text", node.place, path, "the id is empty", "write one")
        return None
    if node.plain and len(node.text) <= MAXIMUM_IDENTIFIER and _NO_TEXT.fullmatch(node.text):
        fact = f"`{node.text}` is not a text"
        errors.add("wrong_type", node.place, path, fact, f'quote it: "{node.text}"')
        return None
    return _bounded(node, "id", MAXIMUM_IDENTIFIER, path, errors)


def attributes(fields: Fields, key: str) -> dict[str, str]:
    """Return a mapping of names to texts; an attribute that is null is not there."""
    nested = fields.mapping(key)
    found: dict[str, str] = {}
    if nested is None:
        return found
    for name, node in nested.node.entries.items():
        path = nested.path_of(name)
        # A key is a text, whatever it looks like.
        named = identifier(ScalarNode(name, False, nested.node.key_places[name]), path, fields.errors)
        value = as_scalar(node, path, fields.errors)
        if named is None or value is None or value.is_null:
            continue
        text = _bounded(value, "attribute", MAXIMUM_ATTRIBUTE, path, fields.errors)
        if text is not None:
            found[name] = text
    return found


def _bounded(node: ScalarNode, what: str, longest: int, path: str, errors: ErrorList) -> str | None:
    if len(node.text) > longest:
        fact = f"the {what} has {len(node.text)} characters, {longest} are allowed"
    elif _CONTROL.search(node.text):
        fact = f"the {what} holds control characters or line breaks"
    else:
        return node.text
    errors.add("invalid_text", node.place, path, fact, "write a shorter text on one line")
    return None


def identifiers(fields: Fields, key: str) -> tuple[str, ...]:
    """Return a list of ids."""
    found = (identifier(scalar, path, fields.errors) for path, scalar in scalars(fields, key))
    return tuple([text for text in found if text is not None])


def names(fields: Fields, key: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
    """Return a list of names that rate cards give, each once, in order."""
    found = [
        scalar.text
        for path, scalar in scalars(fields, key)
        if is_name(scalar.text, pattern, scalar.place, path, fields.errors)
    ]
    return tuple(dict.fromkeys(found))


def scalars(fields: Fields, key: str) -> Iterator[tuple[str, ScalarNode]]:
    """Yield path and node of each text of a list."""
    for path, item in items(fields, key):
        scalar = as_scalar(item, path, fields.errors)
        if scalar is not None and scalar.is_null:
            fields.errors.add("invalid_text", scalar.place, path, "the item is null", "remove it")
        elif scalar is not None:
            yield path, scalar


def mappings(fields: Fields, key: str) -> Iterator[Fields]:
    """Yield the fields of each mapping of a list."""
    for path, item in items(fields, key):
        nested = as_fields(item, path, fields.errors)
        if nested is not None:
            yield nested


def items(fields: Fields, key: str) -> Iterator[tuple[str, Node]]:
    """Yield path and node of each item of a list; nothing if it is not there or null."""
    node = fields.get(key)
    listed = None if node is None else as_sequence(node, fields.path_of(key), fields.errors)
    for at, item in enumerate(listed.items if listed else (), 1):
        yield f"{fields.path_of(key)}[{at}]", item


def is_empty(node: Node) -> bool:
    """Return whether a term says nothing."""
    if isinstance(node, SequenceNode):
        return not node.items
    return isinstance(node, MappingNode) and not node.entries
