"""Nodes → the overrides of a contract (SEMANTICS §6)."""

from __future__ import annotations

from decimal import Decimal

from api.contracts.document import ContractOverride, Origin
from api.contracts.text_fields import mappings, names
from api.contracts.time_fields import instant
from ratecard_compiler.decimals import QUANTITY_DECIMALS
from ratecard_compiler.document import TierDeclaration, Written
from ratecard_compiler.fields import (
    NAME,
    PRODUCT_ID,
    Fields,
    Range,
    as_scalar,
    bounded_decimal,
    clean_text,
    is_name,
)
from ratecard_compiler.ir import ANY_OTHER, Tier
from ratecard_compiler.limits import MOST_TIERS
from ratecard_compiler.overrides import Override
from ratecard_compiler.price_reader import read_tiers
from ratecard_compiler.prices import AMOUNT_RANGES
from ratecard_compiler.source import SequenceNode

MOST_OVERRIDES = 200
"""Of a contract. Each start and each end makes prices of their own."""

TERMS = ("multiplier", "unit_amount", "tiers")
"""An override has one of them."""

_MULTIPLIER = Range(Decimal(1_000_000), QUANTITY_DECIMALS, minimum=Decimal(0))


def read_overrides(fields: Fields) -> tuple[ContractOverride, ...]:
    """Return the overrides of a contract in their order; what is wrong is in the errors.

    Whether the contract's card has the products, tags and dimensions is not decided here (`card_checks`): a later
    version of the card may.
    """
    if _is_too_long(fields, "overrides", MOST_OVERRIDES, "let one override name several products or tags"):
        return ()
    found = [_override(one) for one in mappings(fields, "overrides")]
    return tuple(one for one in found if one is not None)


def _override(fields: Fields) -> ContractOverride | None:
    fields.known(("products", "tags", "dimensions", *TERMS, "from", "to"))
    products, tags = names(fields, "products", PRODUCT_ID), names(fields, "tags", NAME)
    dimensions = _dimensions(fields)
    starts_at, ends_at = instant(fields, "from"), instant(fields, "to")
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        fact = "the override ends before it starts, or as it starts"
        fix = "write a later end; null means as long as the contract"
        fields.errors.add("end_before_start", fields.place_of("to"), fields.path_of("to"), fact, fix)
    given = [term for term in TERMS if fields.get(term) is not None]
    if len(given) != 1:
        fact = f"the override has {' and '.join(f'`{term}`' for term in given) or 'no price'}"
        fix = "write one of `multiplier`, `unit_amount` and `tiers`"
        fields.errors.add("override_without_terms", fields.node.place, fields.path, fact, fix)
        return None
    override = Override(
        products=products,
        tags=tags,
        dimensions=dimensions,
        multiplier=fields.decimal("multiplier", _MULTIPLIER),
        unit_amount=fields.decimal("unit_amount", AMOUNT_RANGES["unit_amount"]),
        tiers=_tiers(fields),
    )
    return ContractOverride(override, starts_at, ends_at, Origin(fields.node.place, fields.path))


def _dimensions(fields: Fields) -> tuple[tuple[str, str], ...]:
    nested = fields.mapping("dimensions")
    found: dict[str, str] = {}
    for name, node in nested.node.entries.items() if nested else ():
        assert nested is not None
        path = nested.path_of(name)
        named = is_name(name, NAME, nested.node.key_places[name], path, fields.errors)
        scalar = as_scalar(node, path, fields.errors)
        value = None if scalar is None else clean_text(scalar, path, fields.errors)
        if value == ANY_OTHER:
            fact = "`*` is not a value that an event has"
            fields.errors.add(
                "invalid_text", node.place, path, fact, f"leave `{name}` out: then any value fits"
            )
        elif named and value is not None:
            found[name] = value
    return tuple(sorted(found.items()))


def _tiers(fields: Fields) -> tuple[Tier, ...]:
    """Return the tiers, as a rate card writes them but with plain numbers: a contract has no formulas."""
    if _is_too_long(fields, "tiers", MOST_TIERS, "use fewer, wider tiers"):
        return ()
    return tuple(_tier(declared, fields) for declared in read_tiers(fields, "unit_amount"))


def _tier(declared: TierDeclaration, fields: Fields) -> Tier:
    def amount(name: str) -> Decimal:
        written: Written | None = declared.amounts.get(name)
        if written is None:
            return Decimal(0)
        return bounded_decimal(written.node, written.path, AMOUNT_RANGES[name], fields.errors) or Decimal(0)

    return Tier(declared.up_to, amount("unit_amount"), amount("flat_amount"))


def _is_too_long(fields: Fields, key: str, most: int, fix: str) -> bool:
    node = fields.get(key)
    if not isinstance(node, SequenceNode) or len(node.items) <= most:
        return False
    fact = f"`{key}` has {len(node.items):,} entries, and at most {most:,} are taken"
    fields.errors.add("too_many_entries", fields.place_of(key), fields.path_of(key), fact, fix)
    return True
