"""What contracts ask of rate cards: that the card is published, and has the grants' units, products and tags.

A contract may be stored before its card is published, and a grant for products before a version has them, which the
answer then says. A grant in a unit that a published card does not have could never be drawn: it is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from api.contracts.document import Contract, Grant, Origin, TopUp
from api.contracts.errors import CONTRACTS_FILE
from ratecard_compiler.currencies import currency_exponent
from ratecard_compiler.decimals import decimal_text, decimals_of
from ratecard_compiler.errors import CompileError, ErrorList, did_you_mean

MOST_FOUND = 100
"""As many are named; they are all of one kind."""


@dataclass(frozen=True, slots=True)
class PublishedCard:
    """What a published rate card has in any of its versions. `units`: its currency and the units of its products;
    `flat_products`: those that are charged a flat amount in every version."""

    currency: str
    units: Collection[str]
    products: Collection[str]
    tags: Collection[str]
    dimensions: Collection[str] = ()
    flat_products: Collection[str] = ()


PublishedCards = Mapping[str, PublishedCard]
"""The published rate cards by their ids."""


def card_warnings(
    contracts: Iterable[Contract], cards: PublishedCards, file_name: str
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


def scope_warnings(
    contracts: Iterable[Contract], cards: PublishedCards, file_name: str
) -> tuple[CompileError, ...]:
    """Return the products and tags of grants, commits and discounts that no published version of the card has: they
    pay for nothing yet, or take nothing off."""
    warnings = ErrorList(file_name, CONTRACTS_FILE)
    for contract in contracts:
        card = cards.get(contract.rate_card)
        if card is None:
            continue
        for (place, path), products, tags in _scopes(contract):
            asked = [("product", name, card.products) for name in products]
            asked += [("tag", name, card.tags) for name in tags]
            for kind, name, known in asked:
                if name not in known and len(warnings.found) < MOST_FOUND:
                    fact = f"no version of rate card `{contract.rate_card}` has the {kind} `{name}`"
                    fix = f"publish one that has, or correct the name: {did_you_mean(name, known)}"
                    warnings.add("unknown_scope", place, f"{path}.{kind}s", fact, fix)
    return warnings.in_order()


def override_warnings(
    contracts: Iterable[Contract], cards: PublishedCards, file_name: str
) -> tuple[CompileError, ...]:
    """Return what overrides name and no published version of the card has, and those that can change no price: a unit
    price or tiers for products that are charged a flat amount."""
    warnings = ErrorList(file_name, CONTRACTS_FILE)
    for contract in contracts:
        card = cards.get(contract.rate_card)
        for one in contract.overrides if card is not None else ():
            if card is None or len(warnings.found) >= MOST_FOUND:
                break
            (place, path), override = one.origin, one.override
            asked = [("products", "product", name, card.products) for name in override.products]
            asked += [("tags", "tag", name, card.tags) for name in override.tags]
            asked += [("dimensions", "dimension", name, card.dimensions) for name, _ in override.dimensions]
            for field, kind, name, known in asked:
                if name not in known:
                    fact = f"no version of rate card `{contract.rate_card}` has the {kind} `{name}`"
                    fix = f"publish one that has, or correct the name: {did_you_mean(name, known)}"
                    warnings.add("unknown_scope", place, f"{path}.{field}", fact, fix)
            if override.is_fixed and not override.tags and override.products:
                flat = [name for name in override.products if name in card.flat_products]
                if len(flat) == len(override.products):
                    fact = f"{', '.join(f'`{name}`' for name in flat)} is charged a flat amount, whatever the units"
                    fix = "write a `multiplier`; it is for flat amounts, too"
                    warnings.add("override_without_effect", place, path, fact, fix)
    return warnings.in_order()


def _scopes(contract: Contract) -> Iterator[tuple[Origin, tuple[str, ...], tuple[str, ...]]]:
    """The terms of a contract that are for some products only: where their scope stands, products and tags."""
    for grant in contract.all_grants:
        place, path = grant.origin
        yield Origin(place, f"{path}.applies_to"), grant.products, grant.tags
    for discount in contract.charges.discounts:
        yield discount.origin, discount.products, discount.tags


def money_errors(
    contracts: Iterable[Contract], cards: PublishedCards, file_name: str
) -> tuple[CompileError, ...]:
    """Return the amounts of money that have more decimals than the published card's currency: nobody can pay them."""
    errors = ErrorList(file_name, CONTRACTS_FILE)
    for contract in contracts:
        card = cards.get(contract.rate_card)
        if card is None:
            continue
        allowed = currency_exponent(card.currency)
        for (place, path), field, amount in _money(contract):
            if decimals_of(amount) > allowed and len(errors.found) < MOST_FOUND:
                fact = f"{decimal_text(amount)} {card.currency} has more than {allowed} decimals"
                fix = f"write an amount with at most {allowed} decimals"
                errors.add("money_too_fine", place, f"{path}.{field}", fact, fix)
    return errors.in_order()


def _money(contract: Contract) -> Iterator[tuple[Origin, str, Decimal]]:
    """The amounts of money of a contract: where they stand, in which field."""
    charges = contract.charges
    for grant in contract.all_grants:
        yield grant.origin, "paid", grant.paid
    for fee in charges.fees:
        yield fee.origin, "amount", fee.amount
    for discount in charges.discounts:
        yield discount.origin, "amount", discount.amount or Decimal(0)
    if charges.minimum is not None:
        yield charges.minimum.origin, "amount", charges.minimum.amount
    for bought in charges.prepaid:
        for number, instalment in enumerate(bought.instalments, 1):
            yield bought.grant.origin, f"invoice_schedule[{number}].amount", instalment.amount
    for promised in charges.postpaid:
        yield promised.origin, "amount", promised.amount
    if contract.top_up is not None:
        yield contract.top_up.origin, "paid", contract.top_up.paid


def currency_errors(
    contracts: Iterable[Contract],
    stored_cards: Mapping[str, str],
    currencies: Mapping[str, str],
    file_name: str,
) -> tuple[CompileError, ...]:
    """Return the contracts that would move to a card in another currency: an invoice has one for ever.

    `stored_cards`: the cards that stored contracts name, by contract; `currencies`: those of published cards.
    """
    errors = ErrorList(file_name, CONTRACTS_FILE)
    for contract in contracts:
        earlier = stored_cards.get(contract.contract_id, contract.rate_card)
        before, after = currencies.get(earlier), currencies.get(contract.rate_card)
        if before and after and before != after and len(errors.found) < MOST_FOUND:
            place, path = contract.origin
            fact = f"the contract is in {before} by rate card `{earlier}`, and `{contract.rate_card}` is in {after}"
            fix = f"end this contract and store another for `{contract.rate_card}`"
            errors.add("currency_changed", place, f"{path}.rate_card", fact, fix)
    return errors.in_order()


def unit_errors(
    contracts: Iterable[Contract], cards: PublishedCards, file_name: str
) -> tuple[CompileError, ...]:
    """Return the grants that can pay for nothing, because the published card does not have their unit."""
    errors = ErrorList(file_name, CONTRACTS_FILE)
    for contract, card, grant in _grants_of_published(contracts, cards):
        if grant.unit not in card.units and len(errors.found) < MOST_FOUND:
            place, path = grant.origin
            fact = f"rate card `{contract.rate_card}` has no unit `{grant.unit}`"
            fix = f"{did_you_mean(grant.unit, card.units)} or publish a version with the unit first"
            errors.add("unknown_unit", place, f"{path}.unit", fact, fix)
    return errors.in_order()


def _grants_of_published(
    contracts: Iterable[Contract], cards: PublishedCards
) -> Iterator[tuple[Contract, PublishedCard, Grant | TopUp]]:
    for contract in contracts:
        card = cards.get(contract.rate_card)
        if card is not None:
            yield from ((contract, card, grant) for grant in contract.all_grants)
            if contract.top_up is not None:
                yield contract, card, contract.top_up
