"""Contract overrides as frozen values (SEMANTICS §6): what they are for, and what they make of a price.

A *set* is what is in force together for a contract at an instant. Contracts whose terms say the same have the same set,
known by its hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from ratecard_compiler.decimals import decimal_text
from ratecard_compiler.ir import Tier


@dataclass(frozen=True, slots=True)
class Override:
    """One override: its scope, and one of `multiplier`, `unit_amount` and `tiers`.

    It is for products that are named, or have one of the tags; without either, for all. `dimensions` are pairs of name
    and value, by name, and all of them must agree.
    """

    products: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    dimensions: tuple[tuple[str, str], ...] = ()
    multiplier: Decimal | None = None
    unit_amount: Decimal | None = None
    tiers: tuple[Tier, ...] = ()

    @property
    def is_fixed(self) -> bool:
        """Whether it has a price of its own, which does not follow the list price."""
        return self.multiplier is None


@dataclass(frozen=True)
class OverrideSet:
    """Overrides that are in force together, in the order in which they were stored, and what custom units are worth for
    the contract where that is not what the card says."""

    overrides: tuple[Override, ...]
    unit_values: tuple[tuple[str, Decimal], ...] = ()

    @cached_property
    def text(self) -> str:
        """The set as JSON in one form: what is stored and hashed."""
        said: dict[str, Any] = {"overrides": [override_form(one) for one in self.overrides]}
        if self.unit_values:
            said["unit_values"] = {unit: decimal_text(value) for unit, value in sorted(self.unit_values)}
        return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the set, hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @classmethod
    def from_text(cls, text: str) -> OverrideSet:
        """Read what `text` wrote."""
        said = json.loads(text)
        values = said.get("unit_values", {})
        return cls(
            tuple(_override(one) for one in said["overrides"]),
            tuple((unit, Decimal(value)) for unit, value in values.items()),
        )


def override_form(override: Override) -> dict[str, Any]:
    """Return an override as JSON values in the words of contracts. Scopes are in an order of their own."""
    terms: dict[str, Any] = {}
    if override.multiplier is not None:
        terms["multiplier"] = decimal_text(override.multiplier)
    if override.unit_amount is not None:
        terms["unit_amount"] = decimal_text(override.unit_amount)
    if override.tiers:
        terms["tiers"] = [
            {
                "up_to": None if tier.up_to is None else decimal_text(tier.up_to),
                "unit_amount": decimal_text(tier.unit_amount),
                "flat_amount": decimal_text(tier.flat_amount),
            }
            for tier in override.tiers
        ]
    return {
        "products": sorted(override.products),
        "tags": sorted(override.tags),
        "dimensions": dict(override.dimensions),
        **terms,
    }


def _override(said: Mapping[str, Any]) -> Override:
    return Override(
        products=tuple(said["products"]),
        tags=tuple(said["tags"]),
        dimensions=tuple(sorted(said["dimensions"].items())),
        multiplier=Decimal(said["multiplier"]) if "multiplier" in said else None,
        unit_amount=Decimal(said["unit_amount"]) if "unit_amount" in said else None,
        tiers=tuple(
            Tier(
                None if tier["up_to"] is None else Decimal(tier["up_to"]),
                Decimal(tier["unit_amount"]),
                Decimal(tier["flat_amount"]),
            )
            for tier in said.get("tiers", ())
        ),
    )
