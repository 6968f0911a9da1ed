"""The random scenarios: the same for a seed, rich enough, and varied without another result."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.oracle import run_scenario, run_steps
from tests.strategies import (
    Scenario,
    Size,
    random_scenario,
    reordered,
    shuffled,
    split_batches,
    with_duplicates,
    write,
)

SEEDS = range(12)
Variation = Callable[[Scenario, int], Scenario]


@pytest.mark.parametrize("variation", [reordered, shuffled, split_batches, with_duplicates])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_variation_happens_otherwise_and_costs_the_same(variation: Variation, seed: int) -> None:
    scenario = random_scenario(seed)
    varied = variation(scenario, seed)
    assert varied != scenario
    assert run_steps(varied.steps, varied.now, varied.files) == run_steps(
        scenario.steps, scenario.now, scenario.files
    )


def test_a_seed_is_a_scenario() -> None:
    assert random_scenario(7) == random_scenario(7)
    assert random_scenario(7) != random_scenario(8)


def test_a_written_scenario_is_the_one_in_memory(tmp_path: Path) -> None:
    scenario = random_scenario(3)
    write(scenario, tmp_path / "case")
    assert run_scenario(tmp_path / "case") == run_steps(scenario.steps, scenario.now, scenario.files)


def test_the_plain_path_alone_can_be_asked_for() -> None:
    size = Size(cohorts=False, grants=False, refunds=False, revisions=False, overrides=False, charges=False)
    for seed in SEEDS:
        scenario = random_scenario(seed, size)
        steps = {kind for step in scenario.steps for kind in step}
        assert steps <= {"publish", "activate", "contracts", "events", "reconcile"}
        assert {step["activate"]["cohort"] for step in scenario.steps if "activate" in step} == {"all"}
        assert run_steps(scenario.steps, scenario.now, scenario.files)["balances"] == []
        assert "overrides" not in scenario.files["contracts.yaml"] + scenario.files["late.yaml"]


def test_the_scenarios_reach_every_reason_and_every_kind_of_line() -> None:
    seen: Counter[str] = Counter()
    for seed in range(60):
        scenario = random_scenario(seed)
        result = run_steps(scenario.steps, scenario.now, scenario.files)
        seen.update(result["unrated"].keys())
        for invoice in result["invoices"]:
            usage = [line for line in invoice["lines"] if line["kind"] == "usage"]
            versions = {line["rate_card_version"] for line in usage}
            seen["change inside a period"] += len(versions) > 1
            seen["credit"] += len(usage) < len(invoice["lines"])
            seen["custom unit"] += any("unit" in line for line in usage)
            combinations = [[(row["dimensions"], row["show"]) for row in line["breakdown"]] for line in usage]
            seen["several prices"] += any(rows.count(row) > 1 for rows in combinations for row in rows)
            seen["rows"] += any(len(line["breakdown"]) > 1 for line in usage)
            seen["negative line"] += any(line["amount"].startswith("-") for line in usage)
    reasons = ("unknown_customer", "no_contract", "no_rate_card", "no_matching_product", "bad_quantity")
    facts = ("change inside a period", "credit", "custom unit", "rows", "negative line", "several prices")
    for name in (*reasons, "unpriced_dimension", "amount_out_of_range", *facts):
        assert seen[name] >= 3, name
