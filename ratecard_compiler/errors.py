"""What the compiler says when a rate card is wrong: a code, a place, the fact and the fix.

Errors are data. Every stage adds to one `ErrorList`; the compiler raises `RateCardErrors` once, with all
of them in the order of the file, or with the first thousand that it finds.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import nlargest
from itertools import islice, pairwise
from typing import NamedTuple

CODES: dict[str, str] = {
    "ambiguous_rows": "Two rows of a table fit one combination equally well.",
    "cycle": "A formula needs its own result.",
    "division_by_zero": "A formula divides by zero, or an expression by a zero that is written in it.",
    "document_too_large": "The rate card, or what is to be parsed in it, has more text than the compiler takes.",
    "amounts_of_total": "A price is of single events, but its meter's total does not add up from them.",
    "duplicate_key": "A mapping has the same key twice.",
    "duplicate_name": "Two things that share a namespace have the same name.",
    "duplicate_row": "A table lists the same keys twice.",
    "expression_too_complex": "An expression is longer or deeper than the compiler takes.",
    "expression_too_wide": "An expression's exact result can need more than 76 digits.",
    "invalid_expression": "An expression or formula cannot be read.",
    "invalid_name": "A name has characters that names may not have.",
    "invalid_number": "A number is not written in plain decimal notation.",
    "invalid_text": "A text is empty, too long or holds control characters.",
    "invalid_tiers": "Tiers overlap, fall, or leave a gap.",
    "minimum_above_maximum": "A minimum is greater than the maximum beside it.",
    "line_limits_differ": "Combinations of a product have different least or greatest amounts, but share one line.",
    "missing_field": "A field that must be there is not.",
    "missing_key": "A table has no row for a key that is written in a formula.",
    "no_price": "A product has no price for any combination of its dimensions.",
    "number_out_of_range": "A number is too large, too small, or has too many decimals for what it means.",
    "price_rounds_to_zero": "A formula's price is not zero, and is zero when it is rounded to what a price may have.",
    "pooled_prices_differ": "Combinations share their tiers, but the order of events would decide their prices.",
    "reserved_name": "A name has a meaning in the language and cannot be given to something else.",
    "too_many_combinations": "The products' tables make more combinations than the compiler takes.",
    "too_many_entries": "A mapping or a list has more entries than the compiler takes.",
    "total_cannot_be_split": "A meter's total does not add up, so usage of it cannot be shown in parts.",
    "type_mismatch": "A text stands where a number or a condition is needed, or the other way round.",
    "unknown_choice": "A field does not have one of its possible values.",
    "unknown_currency": "A currency is not an ISO 4217 code.",
    "unknown_dimension": "A formula looks up a dimension that the product using it does not have.",
    "unknown_function": "A function does not exist.",
    "unknown_key": "A mapping has a key that means nothing there.",
    "unknown_meter": "A product names a meter that the card does not have.",
    "unknown_name": "A formula names something that the card does not have.",
    "unknown_product": "A tag names a product that the card does not have.",
    "unknown_unit": "A price names a unit that the card does not have.",
    "unsupported_yaml": "The document uses a part of YAML that rate cards do without.",
    "wrong_argument_count": "A function has too many or too few arguments.",
    "wrong_key_count": "A table is used, or a row written, with another number of keys than the table has.",
    "wrong_type": "A mapping, a list, a text or a number stands where another of them is needed.",
    "yaml_syntax": "The document is not YAML.",
}
"""Every error code and the one sentence that documents it."""

WARNINGS: dict[str, str] = {
    "price_negative": "A formula's price is below zero: usage would be paid for.",
    "price_rounded": "Rounding a formula's price to what a price may have moves it by more than 0.1 %.",
}
"""Every code of what a card that compiles is warned of, and the one sentence that documents it."""


class Place(NamedTuple):
    """Where something stands in the file; line and column count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class CompileError:
    """One thing that is wrong with a rate card.

    `path` names the node in the words of the card (`products.inference.price.unit_amount`; list items
    count from 1). `fact` says what is, `fix` what to do about it.
    """

    code: str
    file: str
    line: int
    column: int
    path: str
    fact: str
    fix: str

    def __str__(self) -> str:
        """Return one readable line: `file:line:column code path: fact — fix`."""
        where = f"{self.file}:{self.line}:{self.column} {self.code}"
        return f"{where} {self.path or '(card)'}: {self.fact} — {self.fix}"


class RateCardErrors(Exception):
    """A rate card does not compile; `errors` has every reason, in the order of the file."""

    def __init__(self, errors: Iterable[CompileError]) -> None:
        self.errors: tuple[CompileError, ...] = tuple(errors)
        super().__init__(self.errors)

    def __str__(self) -> str:
        """Return one line an error."""
        return "\n".join(str(error) for error in self.errors)


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """What messages call a document, how its first line looks, and the codes that its errors may have.

    `top` is the path of an error that concerns the document itself. `refused` makes what is raised, at the
    latest when there are `MOST_ERRORS`.
    """

    name: str
    first_line: str
    codes: Mapping[str, str]
    top: str = ""
    refused: Callable[[Iterable[CompileError]], Exception] | None = None


MOST_ERRORS = 1_000
"""A document with more is not read further: nobody reads them all, and looking for what was meant is slow."""

RATE_CARD = DocumentKind("rate card", "rate_card: name", CODES, refused=RateCardErrors)


@dataclass(slots=True)
class ErrorList:
    """The errors found so far in one file. The only thing in the compiler that changes."""

    file: str
    kind: DocumentKind = RATE_CARD
    found: dict[CompileError, None] = field(default_factory=dict)
    warnings: dict[CompileError, None] = field(default_factory=dict)

    def add(self, code: str, place: Place, path: str, fact: str, fix: str) -> None:
        """Add one error; the same error found twice on different ways is kept once."""
        if code not in self.kind.codes:
            raise KeyError(code)
        texts = (_shown(path or self.kind.top), _shown(fact), _shown(fix))
        self.found[CompileError(code, self.file, place.line, place.column, *texts)] = None
        if self.kind.refused is not None and len(self.found) >= MOST_ERRORS:
            raise self.kind.refused(self.in_order())

    def warn(self, code: str, place: Place, path: str, fact: str, fix: str) -> None:
        """Add something that compiles and deserves a look."""
        if code not in WARNINGS:
            raise KeyError(code)
        texts = (_shown(path), _shown(fact), _shown(fix))
        self.warnings[CompileError(code, self.file, place.line, place.column, *texts)] = None

    def in_order(self) -> tuple[CompileError, ...]:
        """Return the errors in the order of the file."""
        return tuple(sorted(self.found, key=lambda error: (error.line, error.column)))

    def raise_if_any(self) -> None:
        """Raise `RateCardErrors` with all of them, unless there are none."""
        if self.found:
            raise RateCardErrors(self.in_order())


_LONGEST_TEXT = 400


def _shown(text: str) -> str:
    """Return a text that stays on its line whatever the document put into it."""
    short = text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
    return short if short.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in short)


_MOST_COMPARED = 500
"""Comparing words is slow; among more of them than this the nearest is looked for among the first."""


_LONGEST_WORD = 100
_LONG_WORD = 30
_FEW = 6
_ALIKE = 0.6


def _nearest(word: str, choices: list[str]) -> str | None:
    """Return the choice that is most like a word; None if none is.

    Comparing letter by letter takes the cube of their number: a thousand misspelt names among hundreds of long ones
    took minutes. So only the few that share most pairs of letters are compared so, and long words by their pairs.
    """
    pairs = _pairs(word)

    def likeness(choice: str) -> float:
        others = _pairs(choice[:_LONGEST_WORD])
        return 2 * len(pairs & others) / (len(pairs) + len(others))

    alike = choices if len(choices) <= _FEW else sorted(nlargest(_FEW, choices, key=likeness))
    if len(word) > _LONG_WORD:
        best = max(alike, key=likeness, default=None)
        return best if best is not None and likeness(best) >= _ALIKE else None
    return next(iter(difflib.get_close_matches(word, alike, n=1, cutoff=_ALIKE)), None)


@lru_cache(maxsize=4 * _MOST_COMPARED)
def _pairs(word: str) -> frozenset[str]:
    """Return the pairs of letters that a word has, its ends included."""
    return frozenset(map("".join, pairwise(f" {word} ")))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the fix for a word that is not known: the nearest known one, else what there is.

    Of more than 500 known words the first count, so they come in an order of their own.
    """
    choices = sorted(islice(known, _MOST_COMPARED))
    if near := _nearest(word[:_LONGEST_WORD], choices):
        return f"did you mean `{near}`?"
    if not choices:
        return "there is none to choose from"
    listed = ", ".join(f"`{choice}`" for choice in choices[:12])
    return f"use one of {listed}{', …' if len(choices) > 12 else ''}"
