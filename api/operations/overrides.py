"""Prices for contract overrides. Prices are rows: a set of overrides makes a *variant* of a rate card version, with
products and prices of its own, and the terms of a contract name the variant while the set is in force.

Contracts whose terms say the same share their variants. They are made before anything points at them: for every
published version of the card when a contract is stored, and for the sets of stored contracts when one is published.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from api.compiled import compiled_card
from api.contracts import Contract, ContractErrors, ContractsDocument
from api.contracts.document import ContractOverride
from api.contracts.errors import CONTRACTS_FILE
from api.contracts.override_slices import OverrideSlice, override_slices
from api.errors import Conflicting
from api.store import Store
from migrations import deploy_features
from ratecard_compiler import CompiledCard, RateCardErrors
from ratecard_compiler.errors import ErrorList
from ratecard_compiler.override_prices import (
    OverriddenPrice,
    OverridesError,
    overridden_card,
    overridden_prices,
)
from ratecard_compiler.overrides import OverrideSet
from ratecard_compiler.rows import PRICE_IDS_A_VERSION, dimension_value_rows, price_rows, product_rows
from sql import load
from sql.fail_points import reach

MOST_PRICES_MADE = 5_000_000
"""Prices that one contracts file may make: each of its sets of overrides has those of every version of the card."""


@dataclass(frozen=True, slots=True)
class Variant:
    """The prices of a version under a set of overrides, before they are stored."""

    version_id: int
    card: CompiledCard
    overrides: OverrideSet
    prices: tuple[OverriddenPrice, ...]


@dataclass(slots=True)
class _Wanted:
    """The sets that contracts of one card have at some time, each with the contract and slice that has it first."""

    sets: dict[str, tuple[Contract, OverrideSlice]] = field(default_factory=dict)


@contextmanager
def prices_for_overrides(store: Store, document: ContractsDocument) -> Iterator[None]:
    """Have the prices that the overrides of a document make of every published version, and keep publications out until
    its contracts are stored: a version published meanwhile would not know of them.

    Raises ContractErrors for overrides that a version's prices do not bear.
    """
    wanted = _wanted(document)
    if not wanted:
        yield
        return
    with store.publishing():
        for version_id, card, sets in _missing(store, document, wanted):
            store_variants(store, [_variant(document, version_id, card, *one) for one in sets])
        with store.exclusive():
            deploy_features(store.database)
        # Also what an earlier document made before it was refused.
        store.load_prices(store.database.value(load("queries/latest_version_id.sql")))
        yield


def check_overrides(store: Store, document: ContractsDocument) -> None:
    """Raise what `prices_for_overrides` would, and store nothing."""
    for version_id, card, sets in _missing(store, document, _wanted(document)):
        for one in sets:
            _variant(document, version_id, card, *one)


def variants_of_version(store: Store, card: CompiledCard, version_id: int) -> list[Variant]:
    """Return the prices of a version that is about to be published, for every set of overrides of the card's contracts.

    Raises Conflicting where they do not fit.
    """
    found: list[Variant] = []
    for row in store.database.rows(load("queries/override_sets_of_card.sql"), rate_card=card.rate_card):
        overrides = OverrideSet.from_text(row["overrides"])
        try:
            prices = overridden_prices(card, overrides)
        except OverridesError as wrong:
            raise Conflicting(
                "overrides_do_not_fit",
                f"the overrides of contract {row['contract_id']!r} do not fit this version: {wrong.fact}; {wrong.fix}, "
                "or end the override first",
            ) from None
        found.append(Variant(version_id, card, overrides, prices))
    return found


def store_variants(store: Store, variants: Iterable[Variant]) -> list[int]:
    """Store variants, their prices first, and return their numbers. The caller keeps publications out."""
    next_id: int = store.database.rows(load("queries/next_version.sql"), rate_card="")[0]["version_id"]
    ids: list[int] = []
    for variant_id, variant in enumerate(variants, next_id):
        card = overridden_card(variant.card, variant.prices, variant.overrides)
        recorded_at = store.next_instant()
        store.database.insert("rate_card_products", product_rows(card, variant_id))
        store.database.insert("price_rows", price_rows(card, variant_id))
        store.database.insert("dimension_values", dimension_value_rows(card, variant_id))
        store.database.insert("overridden_prices", _overridden_rows(variant, variant_id))
        reach("overrides.before_variant")
        row = {
            "variant_id": variant_id,
            "version_id": variant.version_id,
            "set_hash": variant.overrides.hash,
            "recorded_at": recorded_at,
        }
        store.database.insert("price_variants", [row])
        ids.append(variant_id)
    return ids


def override_set_rows(contracts: Iterable[Contract], recorded_at: datetime) -> list[dict[str, Any]]:
    """Return the sets of overrides of the contracts, which later versions get prices for."""
    slices = (one for contract in contracts for one in override_slices(contract))
    texts = {one.set_hash: one.set.text for one in slices if one.set is not None}
    return [{"set_hash": key, "overrides": text, "recorded_at": recorded_at} for key, text in texts.items()]


def override_slice_rows(
    store: Store, contracts: Iterable[Contract], recorded_at: datetime
) -> list[dict[str, Any]]:
    """Return the slices to store: those of the contracts, and the withdrawal of those that they no longer have."""
    by_id = {contract.contract_id: contract for contract in contracts}
    if not by_id:
        return []
    query = load("queries/override_slices_of_contracts.sql")
    before = {
        (row["contract_id"], row["slice_start"]): row
        for row in store.database.rows(query, contract_ids=list(by_id))
    }
    rows = []
    for contract in by_id.values():
        for one in override_slices(contract):
            before.pop((contract.contract_id, one.start), None)
            row = {"contract_id": contract.contract_id, "slice_start": one.start, "set_hash": one.set_hash}
            rows.append({**row, "withdrawn": False, "recorded_at": recorded_at})
    rows += [{**row, "withdrawn": True, "recorded_at": recorded_at} for row in before.values()]
    return rows


def _wanted(document: ContractsDocument) -> dict[str, _Wanted]:
    wanted: dict[str, _Wanted] = {}
    for contract in document.contracts:
        for one in override_slices(contract):
            if one.set_hash:
                wanted.setdefault(contract.rate_card, _Wanted()).sets.setdefault(
                    one.set_hash, (contract, one)
                )
    return wanted


def _missing(
    store: Store, document: ContractsDocument, wanted: Mapping[str, _Wanted]
) -> Iterator[tuple[int, CompiledCard, list[tuple[Contract, OverrideSlice]]]]:
    """Yield each version that lacks prices for some of the sets, compiled, with those sets."""
    made = 0
    for rate_card, of_card in wanted.items():
        for row in store.database.rows(load("queries/versions_of_card.sql"), rate_card=rate_card):
            missing = [one for key, one in of_card.sets.items() if key not in row["set_hashes"]]
            card = _compiled(row, rate_card) if missing else None
            if card is None:
                continue
            made += len(missing) * len(card.prices)
            if made > MOST_PRICES_MADE:
                _refuse_size(document, missing[0][0], rate_card)
            yield row["version_id"], card, missing


def _compiled(row: Mapping[str, Any], rate_card: str) -> CompiledCard | None:
    """Return a published version, compiled; None for one that this version of Runrate does not compile and that rates
    nobody: no gate would let it. Raises Conflicting where it does rate."""
    try:
        return compiled_card(row["document"], f"{rate_card} version {row['version']}")
    except RateCardErrors as wrong:
        if not row["activated"]:
            return None
        raise Conflicting(
            "version_does_not_compile",
            f"{rate_card} version {row['version']} was in force and does not compile any more, so that overrides have "
            f"no price in it: {wrong.errors[0]}",
        ) from None


def _variant(
    document: ContractsDocument, version_id: int, card: CompiledCard, contract: Contract, at: OverrideSlice
) -> Variant:
    assert at.set is not None
    try:
        return Variant(version_id, card, at.set, overridden_prices(card, at.set))
    except OverridesError as wrong:
        one: Contract | ContractOverride = at.overrides[wrong.number - 1] if wrong.number else contract
        errors = ErrorList(document.file_name, CONTRACTS_FILE)
        path = one.origin.path if wrong.number else f"{one.origin.path}.overrides"
        errors.add(wrong.code, one.origin.place, path, wrong.fact, wrong.fix)
        raise ContractErrors(errors.in_order()) from None


def _refuse_size(document: ContractsDocument, contract: Contract, rate_card: str) -> None:
    errors = ErrorList(document.file_name, CONTRACTS_FILE)
    fact = (
        f"the overrides of the file make more than {MOST_PRICES_MADE:,} prices: each set that is in force together has "
        f"those of every version of `{rate_card}`"
    )
    fix = "let contracts have equal overrides with equal bounds, or apply them in several files"
    errors.add(
        "too_many_override_prices", contract.origin.place, f"{contract.origin.path}.overrides", fact, fix
    )
    raise ContractErrors(errors.in_order())


def _overridden_rows(variant: Variant, variant_id: int) -> list[dict[str, Any]]:
    first = len(variant.card.products) + 1
    listed = {(row.product, row.dimensions): place for place, row in enumerate(variant.card.prices, first)}
    return [
        {
            "price_id": variant_id * PRICE_IDS_A_VERSION + place,
            "list_price_id": variant.version_id * PRICE_IDS_A_VERSION
            + listed[one.list_row.product, one.list_row.dimensions],
            "override_number": one.number,
        }
        for place, one in enumerate(variant.prices, first)
        if one.number
    ]
