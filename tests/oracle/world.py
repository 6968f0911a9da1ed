"""The state after all steps of a scenario (SEMANTICS §9). Order among steps matters only where a rule says
so: the first arrival of an event stands, the later of two activations with one `from` wins, a later document
replaces."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from tests.oracle.cards import Card, read_card
from tests.oracle.contracts import (
    Activation,
    Contract,
    Customer,
    read_activation,
    read_contract,
    read_customer,
)
from tests.oracle.exact import NotCovered
from tests.oracle.instants import instant

EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
MOST_EARLY = timedelta(minutes=5)
MOST_LATE = timedelta(days=400)


@dataclass(frozen=True)
class Event:
    """An accepted event; `customer_id` is as it was sent."""

    customer_id: str
    event_id: str
    event_type: str
    at: datetime
    properties: Mapping[str, str]


@dataclass
class World:
    """Everything that is known when the invoices are read."""

    now: datetime
    documents: dict[str, list[Any]] = field(default_factory=dict)
    cards: dict[tuple[str, int], Card] = field(default_factory=dict)
    activations: list[Activation] = field(default_factory=list)
    customers: dict[str, Customer] = field(default_factory=dict)
    contracts: dict[str, Contract] = field(default_factory=dict)
    events: dict[tuple[str, str], Event | None] = field(default_factory=dict)

    def customer(self, sent_id: str) -> Customer | None:
        """The customer whose id or alias it is."""
        if sent_id in self.customers:
            return self.customers[sent_id]
        return next((found for found in self.customers.values() if sent_id in found.aliases), None)

    def contracts_by_customer(self) -> dict[str, list[Contract]]:
        """Every customer's contracts; ValueError if two of them are ever in force together."""
        found: dict[str, list[Contract]] = {customer_id: [] for customer_id in self.customers}
        for contract in sorted(self.contracts.values(), key=lambda contract: contract.starts_at):
            earlier = found[contract.customer_id]
            if earlier and earlier[-1].holds_at(contract.starts_at):
                raise ValueError(f"{earlier[-1].contract_id} and {contract.contract_id} overlap")
            earlier.append(contract)
        return found


class _TextLoader(yaml.SafeLoader):
    """Scalars stay text, so that no number becomes a float and no `no` a False; only null is null."""


_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag == "tag:yaml.org,2002:null"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(text: str) -> Any:
    """A YAML (or JSON) document with every scalar as text, except null."""
    return yaml.load(text, Loader=_TextLoader)


def after_steps(steps: Sequence[Mapping[str, Any]], now: str, files: Mapping[str, str]) -> World:
    """Run the steps in order. NotCovered: finalise; ValueError: a step that cannot be."""
    world = World(instant(now))
    for step in steps:
        [(kind, value)] = step.items()
        if kind == "publish":
            _publish(world, read_yaml(files[value]))
        elif kind == "activate":
            world.activations.append(read_activation(value))
        elif kind == "contracts":
            _store_contracts(world, read_yaml(files[value]))
        elif kind == "events":
            _take_events(world, files[value])
        elif kind in ("amend", "void"):
            _revise(world, value, voided=kind == "void")
        elif kind != "reconcile":
            raise NotCovered(f"step {kind!r}")
    return world


def _publish(world: World, document: Mapping[str, Any]) -> None:
    """A version is its content: the same content again is the version that it already was. The order of products and of
    their dimensions is content, too."""
    versions = world.documents.setdefault(document["rate_card"], [])
    if json.dumps(document) not in map(json.dumps, versions):
        versions.append(document)
        number = len(versions)
        world.cards[document["rate_card"], number] = read_card(document, number)


def _store_contracts(world: World, document: Mapping[str, Any]) -> None:
    for customer in document.get("customers") or ():
        world.customers[customer["customer_id"]] = read_customer(customer)
    for contract in document.get("contracts") or ():
        if contract["customer_id"] not in world.customers:
            raise ValueError(f"contract {contract['contract_id']} of an unknown customer")
        world.contracts[contract["contract_id"]] = read_contract(contract, world.now)


def _take_events(world: World, text: str) -> None:
    for line in text.splitlines():
        event = _event(world.now, line) if line.strip() else None
        # The first arrival stands: the same again is a duplicate, another content a conflict, billed neither.
        if event is not None and (event.customer_id, event.event_id) not in world.events:
            world.events[event.customer_id, event.event_id] = event


def _event(now: datetime, line: str) -> Event | None:
    """The event of one line, or None where it is rejected."""
    try:
        document = json.loads(line, parse_float=str, parse_int=str, parse_constant=_no_number)
    except ValueError:
        return None
    fields = [document.get(name) for name in ("customer_id", "event_id", "event_type", "event_time")]
    if not all(isinstance(value, str) and value for value in fields):
        return None
    try:
        at = instant(document["event_time"])
    except ValueError:
        return None
    if at < max(EARLIEST, now - MOST_LATE) or at > now + MOST_EARLY:
        return None
    customer_id, event_id, event_type, _ = fields
    return Event(customer_id, event_id, event_type, at, _properties(document.get("properties")))


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def _properties(document: Mapping[str, Any] | None) -> dict[str, str]:
    properties: dict[str, str] = {}
    for name, value in (document or {}).items():
        if isinstance(value, Mapping | list):
            raise NotCovered(f"the property {name!r} is not a scalar")
        if value is not None:
            properties[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return properties


def _revise(world: World, change: Mapping[str, Any], voided: bool) -> None:
    """A new revision. What an amend does not name (properties as a whole, the time) stays as it was."""
    key = (change["customer_id"], change["event_id"])
    event = world.events[key]
    if event is None:
        raise NotCovered("a revision of a void event")
    if not voided:
        at = instant(change["event_time"]) if "event_time" in change else event.at
        properties = _properties(change["properties"]) if "properties" in change else event.properties
        event = replace(event, at=at, properties=properties)
    world.events[key] = None if voided else event
