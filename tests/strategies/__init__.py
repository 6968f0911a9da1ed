"""Seeded random scenarios in the format of SEMANTICS §9, and variations that must not change their result."""

from tests.strategies.scenarios import Scenario, Size, random_scenario, write
from tests.strategies.variations import reordered, shuffled, split_batches, with_duplicates

__all__ = [
    "Scenario",
    "Size",
    "random_scenario",
    "reordered",
    "shuffled",
    "split_batches",
    "with_duplicates",
    "write",
]
