"""How large a card may be: what it says, before it is read, and what its tables make, while they are multiplied.

Generous for a price list, and small enough that no ten megabytes of text keep a processor or the memory for long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from ratecard_compiler.fields import Fields
from ratecard_compiler.source import MappingNode, Node, ScalarNode, SequenceNode

MOST_ENTRIES = {
    "units": 1_000,
    "constants": 10_000,
    "tables": 1_000,
    "formulas": 5_000,
    "meters": 2_000,
    "products": 1_000,
    "tags": 1_000,
}
_FIXES = {
    "constants": "write numbers that differ by a key as rows of a table",
    "tables": "give tables more keys, so that there are fewer of them",
    "formulas": "write numbers that differ by a key as rows of a table, so that one formula is enough",
    "products": "let dimensions tell apart what has one meter, or split the rate card",
    "dimensions": "leave out what no price depends on, or put it under `show`",
    "show": "leave some out",
    "keys": "write several tables of fewer keys, and multiply them in a formula",
    "tiers": "use fewer, wider tiers",
}
MOST_DIMENSIONS = 50
"""Of a product, those for display only aside; and keys of a table."""
MOST_TIERS = 1_000
"""Of one price."""
MOST_VALUES = 250_000
"""Of formulas, meters and products together: keys and values."""
MOST_TEXT = 500_000
"""Characters of formulas, meters and products together: all of it is parsed, word by word."""
MOST_SQL = 1_000_000
"""Characters that a card's meters and dimensions become; the engine reads the rules of all cards as one statement."""
_PARSED = ("formulas", "meters", "products")
MOST_COMBINATIONS = 200_000
MOST_STEPS = 3_000_000
"""Numbers, names, operators and look-ups to compute, and rows to join, for all prices together: a few seconds."""


class TooManyCombinationsError(Exception):
    """The tables of a card multiply beyond what it may have; the text is the fact."""


@dataclass(slots=True)
class Allowance:
    """What a card's products may still make: prices, and steps to compute them. The steps keep a card of few prices
    from computing each of them by thousands of formulas."""

    combinations: int = MOST_COMBINATIONS
    steps: int = MOST_STEPS
    is_spent: bool = False

    def take_steps(self, steps: int) -> None:
        """Take steps. Raises TooManyCombinationsError."""
        self.steps -= steps
        if self.steps < 0:
            self._refuse(f"the prices of the card take more than {MOST_STEPS:,} steps to compute")

    def take_prices(self, prices: int) -> None:
        """Take prices. Raises TooManyCombinationsError."""
        self.check(prices)
        self.combinations -= prices

    def check(self, prices: int) -> None:
        """Raise TooManyCombinationsError if there are fewer prices left."""
        if prices > self.combinations:
            self._refuse(
                f"the tables of the card's products make more than {MOST_COMBINATIONS:,} combinations"
            )

    def _refuse(self, fact: str) -> NoReturn:
        self.is_spent = True
        raise TooManyCombinationsError(fact)


def check_sizes(card: Fields) -> None:
    """Report what has more entries than a card may have."""
    for key, most in MOST_ENTRIES.items():
        _check(card, key, most)
    _check_parsed(card)
    for table in _members(card, "tables"):
        _check(table, "keys", MOST_DIMENSIONS)
    for product in _members(card, "products"):
        _check(product, "dimensions", MOST_DIMENSIONS)
        _check(product, "show", MOST_DIMENSIONS)
        price = product.node.entries.get("price")
        if isinstance(price, MappingNode):
            _check(Fields(price, product.path_of("price"), card.errors), "tiers", MOST_TIERS)


def _check_parsed(card: Fields) -> None:
    """Report expressions and prices that have too much text together, or too many parts."""
    values = characters = 0
    waiting = [node for key in _PARSED if (node := card.node.entries.get(key)) is not None]
    while waiting:
        node = waiting.pop()
        values += 1
        if isinstance(node, ScalarNode):
            characters += len(node.text)
        elif isinstance(node, SequenceNode):
            waiting.extend(node.items)
        else:
            values += len(node.entries)
            waiting.extend(node.entries.values())
    for size, most, what in ((values, MOST_VALUES, "keys and values"), (characters, MOST_TEXT, "characters")):
        if size > most:
            fact = (
                f"formulas, meters and products have {size:,} {what} together, and at most {most:,} are taken"
            )
            fix = "write numbers that differ by a key as rows of tables, or split the rate card"
            card.errors.add("document_too_large", card.node.place, "", fact, fix)


def _members(card: Fields, key: str) -> list[Fields]:
    nested = card.node.entries.get(key)
    if not isinstance(nested, MappingNode):
        return []
    # Where there are too many of them, one error says so.
    members = list(nested.entries.items())[: MOST_ENTRIES[key]]
    return [
        Fields(node, f"{key}.{name}", card.errors) for name, node in members if isinstance(node, MappingNode)
    ]


def _check(fields: Fields, key: str, most: int) -> None:
    size = _size(fields.node.entries.get(key))
    if size > most:
        fact = f"`{key}` has {size:,} entries, and at most {most:,} are taken"
        fix = _FIXES.get(key, "split the rate card")
        fields.errors.add("too_many_entries", fields.place_of(key), fields.path_of(key), fact, fix)


def _size(node: Node | None) -> int:
    if isinstance(node, MappingNode):
        return len(node.entries)
    return len(node.items) if isinstance(node, SequenceNode) else 0
