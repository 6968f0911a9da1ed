"""A whole random scenario, the same for the same seed, and writing it to a directory (SEMANTICS §9)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import yaml

from tests.strategies.cards import next_version, random_card
from tests.strategies.charges import add_charges
from tests.strategies.events import Event, random_events, repeated, revisions
from tests.strategies.instants import NOW, text
from tests.strategies.terms import random_activations, random_terms


@dataclass(frozen=True)
class Size:
    """How big a scenario is, and which rules beyond the plain path it may use.

    `versions`: card versions at most. `cohorts`: activations for some contracts only. `grants`: prepaid
    credits. `refunds`: negative quantities. `revisions`: amend and void. `overrides`: prices of contracts.
    `charges`: fees, discounts, minimums and commits.
    """

    customers: int = 4
    events: int = 120
    versions: int = 3
    cohorts: bool = True
    grants: bool = True
    refunds: bool = True
    revisions: bool = True
    overrides: bool = True
    charges: bool = True


@dataclass(frozen=True)
class Scenario:
    """The clock, the ordered steps, and the text of every file that they name."""

    now: str
    steps: tuple[Mapping[str, Any], ...]
    files: Mapping[str, str]


def random_scenario(seed: int, size: Size = Size()) -> Scenario:
    """The scenario of this seed. Its steps: publish, contracts, events, activate, in an order that mixes
    them, the late contracts after the events, then revisions, and `reconcile` last."""
    random = Random(seed)
    versions = max(random.randint(1, size.versions), random.randint(1, size.versions))
    grants = size.grants and random.random() < 0.6
    refunds = size.refunds and random.random() < 0.5
    card = random_card(random, zero_usage=versions == 1 and random.random() < 0.2)
    terms = random_terms(random, size.customers, card, grants, size.overrides and random.random() < 0.6)
    if size.charges and seed % 2:
        # From a source of its own, so that all else of a seed is what it was.
        add_charges(Random(-seed - 1), terms, list(card["products"]), card["currency"])
    random_activations(random, terms, versions, size.cohorts)
    files: dict[str, str] = {}
    steps: list[dict[str, Any]] = []
    for version in range(1, versions + 1):
        files[f"ratecard-{version}.yaml"] = to_yaml(card)
        steps.append({"publish": f"ratecard-{version}.yaml"})
        card = next_version(random, card)
    files["contracts.yaml"], files["late.yaml"] = to_yaml(terms.early), to_yaml(terms.late)
    events = random_events(random, terms, size.events, refunds)
    arrivals = [*events, *repeated(random, terms, events, refunds)]
    half = random.randint(0, len(arrivals))
    files["events-1.ndjson"] = to_ndjson(arrivals[:half])
    files["events-2.ndjson"] = to_ndjson(arrivals[half:])
    known = random.randint(1, len(terms.activations))
    steps += [{"activate": activation} for activation in terms.activations[:known]]
    steps += [{"contracts": "contracts.yaml"}, {"events": "events-1.ndjson"}]
    steps += [{"activate": activation} for activation in terms.activations[known:]]
    steps += [{"events": "events-2.ndjson"}, {"contracts": "late.yaml"}]
    if size.revisions:
        steps += revisions(random, terms, events, refunds)
    return Scenario(text(NOW), (*steps, {"reconcile": {}}), files)


def to_yaml(document: Any) -> str:
    """A document as YAML; text that looks like a number is quoted."""
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def to_ndjson(events: Sequence[Event]) -> str:
    """One event a line."""
    return "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)


def write(scenario: Scenario, directory: Path) -> None:
    """Write the scenario's files into `directory`, which is made if need be; there is no `expect`."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in scenario.files.items():
        (directory / name).write_text(content, encoding="utf-8")
    plan = {"now": scenario.now, "steps": [dict(step) for step in scenario.steps]}
    (directory / "scenario.yaml").write_text(to_yaml(plan), encoding="utf-8")
