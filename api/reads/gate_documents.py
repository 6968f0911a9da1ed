"""What gates answer, and what is kept of those that were forced."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a gate refuses: what is, what to do about it, and a few of the `count` things that it is about."""

    code: str
    fact: str
    fix: str
    count: int = 1
    examples: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ProductReplay:
    """What a product's usage cost, and would cost, exact and in the card's currency. `way`: priced from stored `sums`,
    from its single `events`, or `removed`: the version does not have it."""

    product: str
    way: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class GateResult:
    """A gate, and whether a version passes it. `found` is what was looked at; `forcible` whether a version that does
    not pass may be activated all the same. `products` is the replay's."""

    gate: str
    passed: bool
    found: str
    reasons: tuple[Reason, ...] = ()
    forcible: bool = True
    products: tuple[ProductReplay, ...] = ()


@dataclass(frozen=True, slots=True)
class ForcedGate:
    """A gate that refused a version, with its reasons at that time."""

    gate: str
    reasons: tuple[Reason, ...]


def forced_text(failed: tuple[GateResult, ...]) -> str:
    """Write gates that failed as they are kept with an activation."""
    return json.dumps(
        [{"gate": one.gate, "reasons": [asdict(reason) for reason in one.reasons]} for one in failed],
        ensure_ascii=False,
    )


def forced_gates(text: str) -> tuple[ForcedGate, ...]:
    """Read what `forced_text` wrote; empty where nothing was forced."""
    return tuple(
        ForcedGate(gate["gate"], tuple(Reason(**reason) for reason in gate["reasons"]))
        for gate in json.loads(text or "[]")
    )
