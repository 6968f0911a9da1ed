"""The version that is to be activated, and for whom."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from api.cohorts import Cohort
from api.compiled import compiled_card
from api.errors import NotFound
from api.instants import milliseconds
from api.reads.meterings import Metering, meterings
from api.reads.rate_cards import get_version, version_id_of
from api.reads.replay import Scope
from api.store import Store
from ratecard_compiler import CompiledCard
from ratecard_compiler.canonical import canonical_meters
from ratecard_compiler.document import GatesDeclaration
from sql import render


@dataclass(frozen=True)
class Candidate:
    """A published version before it is activated for a cohort. `is_asked` is whether somebody only asks what the gates
    say: then also what none of them refuses is worth its time."""

    store: Store
    rate_card: str
    version: int
    version_id: int
    content_hash: str
    document: str
    cohort: Cohort
    is_asked: bool

    @cached_property
    def card(self) -> CompiledCard:
        """The compiled card. Raises RateCardErrors."""
        return compiled_card(self.document, f"{self.rate_card} version {self.version}")

    @property
    def gates(self) -> GatesDeclaration:
        """What the card asks of its versions."""
        return self.card.model.gates

    @property
    def scope(self) -> Scope:
        """The usage that the activation is about."""
        return Scope(self.rate_card, self.store.clock(), self.cohort)

    def versions_in_force(self, since: datetime) -> list[int]:
        """The versions that were in force for the cohort's contracts from an instant until now, by their ids."""
        statement = render("queries/reads/coverage_sources.sql.j2", **self.scope.names)
        found: list[int] = self.store.database.value(
            statement, **self.scope.parameters, since=milliseconds(since)
        )
        return found

    @cached_property
    def meterings(self) -> dict[int, Metering]:
        """How this version and every activated one meter their products."""
        return meterings(self.store, self.rate_card, self.version_id)


def candidate(store: Store, rate_card: str, version: int, cohort: Cohort, *, is_asked: bool) -> Candidate:
    """Return a published version with what gates ask about it, its prices loaded. Raises NotFound."""
    version_id = version_id_of(store, rate_card, version)
    found = get_version(store, rate_card, version)
    if version_id is None or found is None:
        raise NotFound(
            "unknown_version", f"rate card {rate_card!r} has no version {version}; publish it first"
        )
    store.load_prices(version_id)
    return Candidate(
        store, rate_card, version, version_id, found.content_hash, found.document, cohort, is_asked
    )


def meters_text(card: CompiledCard) -> str:
    """Return what a card's meters count, in one form."""
    return json.dumps(canonical_meters(card.model), ensure_ascii=False, sort_keys=True)


def meters_of(text: str) -> dict[str, dict[str, Any]]:
    """Read what `meters_text` wrote."""
    found: dict[str, dict[str, Any]] = json.loads(text)
    return found
