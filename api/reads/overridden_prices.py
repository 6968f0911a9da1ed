"""Prices that a contract's overrides make, beside the list prices (SEMANTICS §6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from api.instants import parse_instant
from api.reads.contracts import get_contract
from api.reads.documents import Page, Position, Row, page_of
from api.reads.prices import PriceRow, PriceTier, price_row
from api.store import Store
from ratecard_compiler.overrides import OverrideSet, override_form
from sql import load


@dataclass(frozen=True, slots=True)
class AppliedOverride:
    """The override of a contract that made a price: its scope, one of `multiplier`, `unit_amount` and `tiers`, and from
    when to when it holds (null: as long as the contract)."""

    products: tuple[str, ...]
    tags: tuple[str, ...]
    dimensions: dict[str, str]
    multiplier: str | None
    unit_amount: str | None
    tiers: tuple[PriceTier, ...]
    valid_from: str | None
    valid_to: str | None


@dataclass(frozen=True, slots=True)
class CustomerPrice(PriceRow):
    """The price of one combination for a customer, as a price of the rate card has it. Where an override of the
    contract made it, `override` says which, and `list_price` what it follows or replaces; else both are null."""

    list_price: PriceRow | None
    override: AppliedOverride | None


def list_customer_prices(
    store: Store,
    version_id: int,
    contract_id: str,
    at: datetime,
    *,
    product: str = "",
    limit: int = 100,
    after: Position | None = None,
) -> Page[CustomerPrice]:
    """List the prices that rate a contract's usage at an instant: those of a version, or of its variant for the
    overrides that hold then."""
    rows = store.database.rows(
        load("queries/reads/version_prices.sql"),
        version_id=version_id,
        product=product,
        price_ids=[],
        after_price_id=after[0] if after else 0,
        limit=limit + 1,
    )
    listed = list_prices_of(store, rows[:limit])
    held = OverridesHeld.of(store, contract_id, at, rows[0]["set_hash"] if rows else "")

    def document(row: Row) -> CustomerPrice:
        price = price_row(row)
        return CustomerPrice(
            **{field.name: getattr(price, field.name) for field in fields(price)},
            list_price=listed.get(row["list_price_id"]),
            override=held.applied(row["override_number"]),
        )

    return page_of(rows, limit, document, lambda row: (row["price_id"],))


def list_prices_of(store: Store, rows: Sequence[Row]) -> dict[int, PriceRow]:
    """Return the list prices that rows name, by their ids."""
    ids = sorted({row["list_price_id"] for row in rows} - {0})
    if not ids:
        return {}
    found = store.database.rows(
        load("queries/reads/version_prices.sql"),
        version_id=0,
        product="",
        price_ids=ids,
        after_price_id=0,
        limit=len(ids),
    )
    return {row["price_id"]: price_row(row) for row in found}


@dataclass(frozen=True, slots=True)
class OverridesHeld:
    """A set of overrides of a contract and, where the contract as stored still has it, when each holds."""

    said: tuple[Mapping[str, Any], ...]
    bounds: tuple[tuple[str | None, str | None], ...]

    @classmethod
    def of(cls, store: Store, contract_id: str, at: datetime, set_hash: str) -> "OverridesHeld":
        """Return the set that holds at an instant; an empty hash is no overrides."""
        if not set_hash:
            return cls((), ())
        text: str = store.database.value(load("queries/reads/override_set.sql"), set_hash=set_hash)
        said = tuple(override_form(one) for one in OverrideSet.from_text(text).overrides)
        contract = get_contract(store, contract_id)
        stored = [] if contract is None else contract.document.get("overrides", [])
        holding = [one for one in stored if _holds(one, at)]
        if [{**one, "from": None, "to": None} for one in said] != [
            {**one, "from": None, "to": None} for one in holding
        ]:
            # The contract was changed, and what that means for the ledger is not worked out yet.
            return cls(said, ((None, None),) * len(said))
        return cls(said, tuple((one["from"], one["to"]) for one in holding))

    def applied(self, number: int) -> AppliedOverride | None:
        """Return the override of a number from 1; None for 0."""
        if not 0 < number <= len(self.said):
            return None
        said, (valid_from, valid_to) = self.said[number - 1], self.bounds[number - 1]
        return AppliedOverride(
            products=tuple(said["products"]),
            tags=tuple(said["tags"]),
            dimensions=dict(said["dimensions"]),
            multiplier=said.get("multiplier"),
            unit_amount=said.get("unit_amount"),
            tiers=tuple(PriceTier(**tier) for tier in said.get("tiers", ())),
            valid_from=valid_from,
            valid_to=valid_to,
        )


def scope_words(override: AppliedOverride) -> str:
    """Write what an override is for: `inference with model large`."""
    named = [*override.products, *(f"tag {tag}" for tag in override.tags)]
    values = [f"{name} {value}" for name, value in override.dimensions.items()]
    return " or ".join(named or ["everything"]) + (f" with {', '.join(values)}" if values else "")


def override_sentence(override: AppliedOverride, listed: PriceRow | None) -> str:
    """Say which override made a price, and of which list price."""
    if override.multiplier is not None:
        terms = f"× {override.multiplier}"
    elif override.unit_amount is not None:
        terms = f"at {override.unit_amount} a unit"
    else:
        terms = f"in {len(override.tiers)} tiers"
    since = f" from {override.valid_from}" if override.valid_from else ""
    until = f" to {override.valid_to}" if override.valid_to else ""
    text = f"The contract's override for {scope_words(override)}{since}{until} made this price: {terms}"
    if listed is None:
        return f"{text}."
    amount = f", {listed.unit_amount} {listed.unit}" if listed.unit_amount is not None else ""
    values = ", ".join(f"{name} {value}" for name, value in listed.dimensions.items())
    return f"{text}, where the list price is {listed.model}{f' for {values}' if values else ''}{amount}."


def _holds(said: Mapping[str, Any], at: datetime) -> bool:
    start, end = said["from"], said["to"]
    return (start is None or parse_instant(start) <= at) and (end is None or at < parse_instant(end))
