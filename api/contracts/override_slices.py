"""Which overrides of a contract hold from when: slices of its time, as rows, so that no query decides it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from api.contracts.document import Contract, ContractOverride
from ratecard_compiler.overrides import OverrideSet


@dataclass(frozen=True, slots=True)
class OverrideSlice:
    """What holds from an instant on, until the contract's next slice; no overrides: list prices."""

    start: datetime
    overrides: tuple[ContractOverride, ...]

    @property
    def set(self) -> OverrideSet | None:
        """The set of what holds; None where nothing does."""
        return OverrideSet(tuple(one.override for one in self.overrides)) if self.overrides else None

    @property
    def set_hash(self) -> str:
        """The set's hash; empty where nothing holds."""
        return self.set.hash if self.set is not None else ""


def override_slices(contract: Contract) -> list[OverrideSlice]:
    """Return the slices of a contract in time order; none where no override is ever in force."""
    found: list[OverrideSlice] = []
    before = ""
    for start in sorted(set(_cuts(contract))):
        one = OverrideSlice(start, tuple(item for item in contract.overrides if item.holds_at(start)))
        if one.set_hash != before:
            found.append(one)
        before = one.set_hash
    return found


def _cuts(contract: Contract) -> Iterator[datetime]:
    """Instants of the contract at which an override starts or ends."""
    yield contract.starts_at
    for override in contract.overrides:
        for at in (override.starts_at, override.ends_at):
            if (
                at is not None
                and at > contract.starts_at
                and (contract.ends_at is None or at < contract.ends_at)
            ):
                yield at
