"""What contracts ask of rate cards: that the card is published, and that it has the grants' units.

A contract may be stored before its card is published, which the answer then says. A grant in a unit that a
published card does not have could never be drawn: it is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from api.contracts.document import Contract
from api.contracts.errors import CONTRACTS_FILE
from ratecard_compiler.errors import CompileError, ErrorList, did_you_mean

MOST_FOUND = 100
"""As many are named; they are all of one kind."""

UnitsOfCards = Mapping[str, Collection[str]]
"""The published rate cards, and for each the currency and units of all its versions."""


def card_warnings(
    contracts: Iterable[Contract], cards: UnitsOfCards, file_name: str
) -> tuple[CompileError, ...]:
    """Return the contracts whose rate card nobody published, so that their usage has no price yet."""
    warnings = ErrorList(file_name, CONTRACTS_FILE)
    for contract in contracts:
        if contract.rate_card not in cards and len(warnings.found) < MOST_FOUND:
            place, path = contract.origin
            fact = f"no rate card `{contract.rate_card}` is published, so usage waits unrated"
            fix = f"publish and activate it, or correct the name: {did_you_mean(contract.rate_card, cards)}"
            warnings.add("unknown_rate_card", place, f"{path}.rate_card", fact, fix)
    return warnings.in_order()


def unit_errors(
    contracts: Iterable[Contract], cards: UnitsOfCards, file_name: str
) -> tuple[CompileError, ...]:
    """Return the grants that can pay for nothing, because the published card does not have their unit."""
    errors = ErrorList(file_name, CONTRACTS_FILE)
    for contract in contracts:
        units = cards.get(contract.rate_card)
        for grant in contract.grants if units is not None else ():
            if grant.unit not in (units or ()) and len(errors.found) < MOST_FOUND:
                place, path = grant.origin
                fact = f"rate card `{contract.rate_card}` has no unit `{grant.unit}`"
                fix = f"{did_you_mean(grant.unit, units or ())} or publish a version with the unit first"
                errors.add("unknown_unit", place, f"{path}.unit", fact, fix)
    return errors.in_order()
