"""Nodes → customers and contracts: each part of a contracts file read and checked on its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from api.contracts.canonical import canonical_text
from api.contracts.charge_reader import CHARGE_TERMS, read_charges
from api.contracts.checks import customer_errors, grant_errors, overlap_errors, uniqueness_errors
from api.contracts.document import Contract, ContractsDocument, Customer, Origin
from api.contracts.errors import CONTRACTS_FILE, ContractErrors
from api.contracts.grant_reader import read_grant
from api.contracts.json_text import without_surrogate_pairs
from api.contracts.override_reader import read_overrides
from api.contracts.text_fields import attributes, identifiers, mappings, required_identifier
from api.contracts.time_fields import duration, instant, required_instant, time_zone
from api.contracts.top_up_reader import read_top_up
from ratecard_compiler.errors import ErrorList
from ratecard_compiler.fields import CARD_ID, Fields, Range, is_name
from ratecard_compiler.source import START, MappingNode, read_yaml

DEFAULT_GRACE = timedelta(days=1)
"""SEMANTICS §8."""

_CUSTOMER_KEYS = ("customer_id", "name", "attributes", "aliases")
_CONTRACT_KEYS = (
    "contract_id",
    "customer_id",
    "uniqueness_key",
    "rate_card",
    "starts_at",
    "ends_at",
    "timezone",
    "billing",
    "grace",
    "grants",
    "overrides",
    *CHARGE_TERMS,
    "top_up",
    "overage",
)
_ANCHOR_DAY = Range(Decimal(32), 0, minimum=Decimal(1))


def read_contracts(text: str, file_name: str = "contracts.yaml") -> ContractsDocument:
    """Read a contracts file (SEMANTICS §9), YAML or JSON.

    Raises ContractErrors with everything that the text alone decides is wrong, in the order of the file;
    `file_name` is only what errors call the file. Whether it fits what is stored: `checks.check_against`.
    """
    errors = ErrorList(file_name, CONTRACTS_FILE)
    top = read_yaml(without_surrogate_pairs(text), errors)
    document = ContractsDocument((), (), file_name) if top is None else _document(top, errors)
    if errors.found:
        raise ContractErrors(errors.in_order())
    return document


def _document(top: MappingNode, errors: ErrorList) -> ContractsDocument:
    fields = Fields(top, "", errors)
    fields.known(("customers", "contracts"))
    if not top.entries:
        fact = "there are neither customers nor contracts"
        errors.add("missing_field", START, "", fact, "write `customers:` or `contracts:`")
    customers = tuple([found for found in map(_customer, mappings(fields, "customers")) if found is not None])
    contracts = tuple([found for found in map(_contract, mappings(fields, "contracts")) if found is not None])
    customer_errors(customers, (), errors)
    overlap_errors(contracts, (), errors)
    uniqueness_errors(contracts, {}, errors)
    grant_errors(contracts, (), errors)
    return ContractsDocument(customers, contracts, errors.file)


def _customer(fields: Fields) -> Customer | None:
    fields.known(_CUSTOMER_KEYS)
    customer_id = required_identifier(fields, "customer_id", "c1")
    name = fields.text("name")
    found = attributes(fields, "attributes")
    aliases = identifiers(fields, "aliases")
    if customer_id is None:
        return None
    return Customer(customer_id, name or customer_id, found, aliases, _origin(fields))


def _contract(fields: Fields) -> Contract | None:
    """Return the contract; None if it lacks what tells it apart or when it is in force."""
    fields.known(_CONTRACT_KEYS)
    contract_id = required_identifier(fields, "contract_id", "k1")
    customer_id = required_identifier(fields, "customer_id", "c1")
    uniqueness_key = fields.text("uniqueness_key")
    rate_card = _rate_card(fields)
    starts_at = required_instant(fields, "starts_at")
    ends_at = instant(fields, "ends_at")
    interval, anchor_day = _billing(fields)
    timezone = time_zone(fields, "timezone", "UTC")
    grace = duration(fields, "grace", DEFAULT_GRACE)
    grants = tuple([found for found in map(read_grant, mappings(fields, "grants")) if found is not None])
    overrides = read_overrides(fields)
    charges = read_charges(fields, (starts_at, ends_at))
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        fact = "the contract ends before it starts, or as it starts"
        fix = "write an end after the start; null means open"
        fields.errors.add(
            "end_before_start", fields.place_of("ends_at"), fields.path_of("ends_at"), fact, fix
        )
        return None
    if contract_id is None or customer_id is None or starts_at is None:
        return None
    if fields.get("ends_at") is not None and ends_at is None:
        return None  # Taken as open, it would be reported to overlap what comes after it.
    contract = Contract(
        contract_id=contract_id,
        customer_id=customer_id,
        rate_card=rate_card,
        starts_at=starts_at,
        ends_at=ends_at,
        timezone=timezone,
        interval=interval,
        anchor_day=anchor_day,
        grace=grace,
        grants=grants,
        document="",
        uniqueness_key=uniqueness_key,
        overrides=overrides,
        charges=charges,
        top_up=read_top_up(fields),
        overage=fields.choice("overage", ("allowed", "blocked"), "allowed") == "allowed",
        origin=_origin(fields),
    )
    return replace(contract, document=canonical_text(contract))


def _rate_card(fields: Fields) -> str:
    rate_card = fields.required_text("rate_card", "name the rate card that prices the contract")
    if rate_card is not None:
        is_name(rate_card, CARD_ID, fields.place_of("rate_card"), fields.path_of("rate_card"), fields.errors)
    return rate_card or ""


def _billing(fields: Fields) -> tuple[str, int]:
    """Return interval and anchor day; a month from its first day is the default."""
    billing = fields.mapping("billing")
    if billing is None:
        return "month", 1
    billing.known(("interval", "anchor_day"))
    anchor_day = billing.decimal("anchor_day", _ANCHOR_DAY)
    return billing.choice("interval", ("month",), "month"), 1 if anchor_day is None else int(anchor_day)


def _origin(fields: Fields) -> Origin:
    return Origin(fields.node.place, fields.path)
