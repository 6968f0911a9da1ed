"""Reading the fields of one mapping: each reader returns the value, or None with the reason in the errors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from ratecard_compiler.decimals import decimals_of, not_plain, plain_decimal
from ratecard_compiler.document import Written
from ratecard_compiler.errors import ErrorList, Place, did_you_mean
from ratecard_compiler.source import MappingNode, Node, ScalarNode, SequenceNode
from ratecard_compiler.syntax import parse
from ratecard_compiler.tokens import ExpressionError

MAXIMUM_TEXT = 500
NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
PRODUCT_ID = re.compile(r"[a-z][a-z0-9_-]{0,99}")
CARD_ID = re.compile(r"[a-z][a-z0-9_.-]{0,99}")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SHAPES = {ScalarNode: "a text", SequenceNode: "a list", MappingNode: "a mapping"}
_NUMBER_FIX = 'write a plain decimal such as "0.0125"'
_BINARY_FIX = 'write the number that is meant, in quotes, such as "0.3"'
_EXACT_DIGITS = 15
"""So many digits of a decimal a binary fraction of 64 bits always gives back; with more it shows its own."""


@dataclass(frozen=True, slots=True)
class Range:
    """What a number may be: its bounds (`limit` excluded on both sides) and its decimals."""

    limit: Decimal
    decimals: int
    minimum: Decimal | None = None
    positive: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one mapping, with the place and path that errors name."""

    node: MappingNode
    path: str
    errors: ErrorList

    def path_of(self, key: str) -> str:
        """Return the path of a field."""
        return f"{self.path}.{key}" if self.path else key

    def place_of(self, key: str) -> Place:
        """Return where the field's value stands; the mapping's own place if it is not there."""
        return self.node.entries[key].place if key in self.node.entries else self.node.place

    def get(self, key: str) -> Node | None:
        """Return the node of a field; None if it is not there or null."""
        found = self.node.entries.get(key)
        return None if isinstance(found, ScalarNode) and found.is_null else found

    def known(self, keys: Iterable[str]) -> None:
        """Report every key that means nothing here."""
        allowed = set(keys)
        for key, place in self.node.key_places.items():
            if key not in allowed:
                fact = f"`{key}` means nothing here"
                self.errors.add("unknown_key", place, self.path_of(key), fact, did_you_mean(key, allowed))

    def missing(self, key: str, fix: str) -> None:
        """Report that a field is not there."""
        self.errors.add("missing_field", self.node.place, self.path_of(key), f"`{key}` is missing", fix)

    def scalar(self, key: str) -> ScalarNode | None:
        """Return the field if it is a scalar."""
        node = self.get(key)
        return None if node is None else as_scalar(node, self.path_of(key), self.errors)

    def mapping(self, key: str) -> Fields | None:
        """Return the fields of a nested mapping."""
        node = self.get(key)
        return None if node is None else as_fields(node, self.path_of(key), self.errors)

    def text(self, key: str) -> str | None:
        """Return a text for people: not empty, no control characters, at most 500 characters."""
        node = self.scalar(key)
        return None if node is None else clean_text(node, self.path_of(key), self.errors)

    def required_text(self, key: str, fix: str) -> str | None:
        """Return a text that must be there."""
        if self.get(key) is None:
            self.missing(key, fix)
        return self.text(key)

    def choice(self, key: str, choices: Iterable[str], default: str) -> str:
        """Return one of the choices, the default if the field is not there (or wrong, and reported)."""
        allowed = tuple(choices)
        node = self.scalar(key)
        if node is None or node.text in allowed:
            return default if node is None else node.text
        fact = f"{node.text!r} is not a choice"
        fix = did_you_mean(node.text, allowed)
        self.errors.add("unknown_choice", node.place, self.path_of(key), fact, fix)
        return default

    def decimal(self, key: str, bounds: Range) -> Decimal | None:
        """Return a number in plain decimal notation within its bounds."""
        node = self.scalar(key)
        return None if node is None else bounded_decimal(node, self.path_of(key), bounds, self.errors)

    def expression(self, key: str) -> Written | None:
        """Return the tree of an expression or formula."""
        node = self.scalar(key)
        return None if node is None else written(node, self.path_of(key), self.errors)

    def members(self, key: str, names: re.Pattern[str]) -> Iterator[tuple[str, Node]]:
        """Yield the entries of a nested mapping whose keys are the user's names; report bad names."""
        nested = self.mapping(key)
        if nested is None:
            return
        for name, node in nested.node.entries.items():
            place = nested.node.key_places[name]
            if is_name(name, names, place, nested.path_of(name), self.errors):
                yield name, node


def is_name(name: str, names: re.Pattern[str], place: Place, path: str, errors: ErrorList) -> bool:
    """Report a name that has characters which names of its kind may not have."""
    if names.fullmatch(name):
        return True
    more = {NAME: "", PRODUCT_ID: ", `-`", CARD_ID: ", `-`, `.`"}[names]
    fact = f"{name!r} is not a name" if len(name) <= 100 else "the name has more than 100 characters"
    fix = f"use small letters, digits and `_`{more}, starting with a letter"
    errors.add("invalid_name", place, path, fact, fix)
    return False


def as_scalar(node: Node, path: str, errors: ErrorList) -> ScalarNode | None:
    """Return the node if it is a text."""
    if isinstance(node, ScalarNode):
        return node
    errors.add("wrong_type", node.place, path, f"this is {_SHAPES[type(node)]}", "write a text")
    return None


def as_sequence(node: Node, path: str, errors: ErrorList) -> SequenceNode | None:
    """Return the node if it is a list."""
    if isinstance(node, SequenceNode):
        return node
    errors.add("wrong_type", node.place, path, f"this is {_SHAPES[type(node)]}", "write a list: `[…]`")
    return None


def as_fields(node: Node, path: str, errors: ErrorList) -> Fields | None:
    """Return the fields of the node if it is a mapping."""
    if isinstance(node, MappingNode):
        return Fields(node, path, errors)
    fix = "write a mapping: `name: value`"
    errors.add("wrong_type", node.place, path, f"this is {_SHAPES[type(node)]}", fix)
    return None


def clean_text(node: ScalarNode, path: str, errors: ErrorList) -> str | None:
    """Return the text if people and SQL can both be shown it."""
    fact = ""
    if not node.text.strip():
        fact = "the text is empty"
    elif len(node.text) > MAXIMUM_TEXT:
        fact = f"the text has more than {MAXIMUM_TEXT} characters"
    elif _CONTROL.search(node.text):
        fact = "the text holds control characters or line breaks"
    if not fact:
        return node.text
    errors.add("invalid_text", node.place, path, fact, "write a short text on one line")
    return None


def exact_decimal(node: ScalarNode, path: str, errors: ErrorList) -> Decimal | None:
    """Return the number if it is plain decimal notation, and none that only a binary fraction would have written."""
    if _refused_as_binary(node, path, errors):
        return None
    value = plain_decimal(node.text)
    if value is None:
        errors.add(
            "invalid_number", node.place, path, f"{node.text[:60]!r} {not_plain(node.text)}", _NUMBER_FIX
        )
    return value


def bounded_decimal(node: ScalarNode, path: str, bounds: Range, errors: ErrorList) -> Decimal | None:
    """Return the number if it is a plain decimal within its bounds."""
    value = exact_decimal(node, path, errors)
    if value is None:
        return None
    if problem := out_of_range(value, bounds):
        errors.add("number_out_of_range", node.place, path, *problem)
        return None
    return value


def out_of_range(value: Decimal, bounds: Range) -> tuple[str, str] | None:
    """Return the fact and the fix if a number is not what its field may hold."""
    if abs(value) >= bounds.limit:
        return f"the number is not below {bounds.limit:f}", "write a smaller number"
    exponent = value.as_tuple().exponent
    # Most numbers are short as they are written; only the others are worth stripping of trailing zeros.
    if isinstance(exponent, int) and -exponent > bounds.decimals and decimals_of(value) > bounds.decimals:
        return f"the number has more than {bounds.decimals} decimals", "write fewer decimals"
    if bounds.positive and value <= 0:
        return "the number is not greater than 0", "write a number above 0"
    if bounds.minimum is not None and value < bounds.minimum:
        return f"the number is below {bounds.minimum}", f"write {bounds.minimum} or more"
    return None


def _refused_as_binary(node: ScalarNode, path: str, errors: ErrorList) -> bool:
    """Report a number without quotes that has the digits of a binary fraction, as 0.30000000000000004 has, which a
    program makes of 0.1 + 0.2. Numbers are read as they are written, so one in quotes is meant."""
    digits = node.text.lstrip("+-").replace(".", "", 1)
    if (
        not node.plain
        or "." not in node.text
        or not digits.isdecimal()
        or len(digits.strip("0")) <= _EXACT_DIGITS
    ):
        return False
    fact = f"{node.text[:60]} has more than {_EXACT_DIGITS} digits and no quotes, as a binary fraction has"
    errors.add("invalid_number", node.place, path, fact, _BINARY_FIX)
    return True


def written(node: ScalarNode, path: str, errors: ErrorList) -> Written | None:
    """Return the tree of an expression, with its place; None and the reason if it cannot be read."""
    if _refused_as_binary(node, path, errors):
        return None
    try:
        return Written(parse(node.text), node, path)
    except ExpressionError as error:
        errors.add(error.code, node.place_of(error.offset), path, error.fact, error.fix)
        return None
