"""What a card that compiles is warned of, as documents."""

from dataclasses import dataclass

from ratecard_compiler import CompiledCard

MOST_WARNINGS = 1_000


@dataclass(frozen=True, slots=True)
class CardWarning:
    """Something in a rate card that compiles and deserves a look: where it stands, what is, what to do about it."""

    code: str
    line: int
    column: int
    path: str
    fact: str
    fix: str


def card_warnings(card: CompiledCard) -> tuple[CardWarning, ...]:
    """Return a card's warnings, the first thousand."""
    return tuple(
        CardWarning(one.code, one.line, one.column, one.path, one.fact, one.fix)
        for one in card.warnings[:MOST_WARNINGS]
    )
