"""Every scenario of `fixtures/scenarios` on the engine: what it expects, and all the oracle works out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from api.scenarios.comparison import compare
from api.scenarios.plan import ScenarioErrors, read_scenario, scenario_of
from api.scenarios.run import StepFailed, run_scenario
from tests.conftest import Engine
from tests.oracle import differences
from tests.oracle import run_scenario as oracle_result

DIRECTORY = Path(__file__).parent.parent / "fixtures" / "scenarios"
SCENARIOS = sorted(path.parent for path in DIRECTORY.glob("*/scenario.yaml"))
PLAIN = DIRECTORY / "per_unit_exact"


def with_lines(result: Mapping[str, Any]) -> dict[str, Any]:
    """A result without the invoices of periods that had no usage, which the oracle does not make."""
    return {**result, "invoices": [invoice for invoice in result["invoices"] if invoice["lines"]]}


@pytest.mark.parametrize("directory", SCENARIOS, ids=lambda path: str(path.name))
def test_scenario(engine: Engine, directory: Path) -> None:
    scenario = read_scenario(directory)
    with engine.store(clock=lambda: scenario.now) as store:
        result = run_scenario(scenario, store)
    assert compare(scenario.expect, result) == []
    assert differences(oracle_result(directory), with_lines(result)) == []


def test_steps_in_memory_are_the_same_scenario(engine: Engine) -> None:
    plan = read_scenario(PLAIN)
    files = {path.name: path.read_text(encoding="utf-8") for path in PLAIN.iterdir()}
    steps = [{step.kind: step.value} for step in plan.steps]
    memory = scenario_of(steps, "2026-02-03T00:00:00Z", files)
    with engine.store(clock=lambda: plan.now) as first, engine.store(clock=lambda: plan.now) as second:
        assert run_scenario(plan, first) == run_scenario(memory, second)


def test_a_period_without_usage_is_an_empty_invoice(engine: Engine) -> None:
    plan = read_scenario(PLAIN)
    with engine.store(clock=lambda: plan.now) as store:
        result = run_scenario(plan, store)
    empty = [invoice for invoice in result["invoices"] if not invoice["lines"]]
    assert {invoice["period_start"] for invoice in empty} == {"2026-02-01T00:00:00Z"}
    assert {invoice["total"] for invoice in empty} == {"0.00"}


def scenario_with(step: Mapping[str, Any], files: Mapping[str, str] | None = None) -> Any:
    return scenario_of([step], "2026-02-03T00:00:00Z", files or {})


@pytest.mark.parametrize(
    ("step", "files", "told"),
    [
        ({"finalise": {"contract_id": "k1", "period_start": "2026-01-01T00:00:00Z"}}, {}, "finalise"),
        ({"publish": "absent.yaml"}, {}, "absent.yaml"),
        ({"publish": "bad.yaml"}, {"bad.yaml": "rate_card: x\n"}, "bad.yaml"),
        ({"contracts": "bad.yaml"}, {"bad.yaml": "customers: 1\n"}, "bad.yaml"),
        ({"void": {"customer_id": "c1", "event_id": "e1"}}, {}, "e1"),
        ({"amend": {"customer_id": "c1", "event_id": "e1"}}, {}, "properties"),
        (
            {"activate": {"rate_card": "x", "version": "1", "from": "2026-01-01T00:00:00Z"}},
            {},
            "publish it first",
        ),
    ],
)
def test_a_step_that_is_refused_says_why(
    engine: Engine, step: Mapping[str, Any], files: Mapping[str, str], told: str
) -> None:
    scenario = scenario_with(step, files)
    with engine.store(clock=lambda: scenario.now) as store, pytest.raises(StepFailed, match=told):
        run_scenario(scenario, store)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("steps: []\n", "`now` is missing"),
        ("now: 2026-02-03T00:00:00Z\n", "`steps` is missing"),
        ("now: 2026-02-03\nsteps: []\n", "scenario.yaml:1:6"),
        ("now: 2026-02-03T00:00:00Z\nsteps:\n  - publsh: a.yaml\n", "did you mean `publish`?"),
        ("now: 2026-02-03T00:00:00Z\nsteps:\n  - {void: {customer_id: c}, amend: {}}\n", "one thing to do"),
        ("now: 2026-02-03T00:00:00Z\nsteps:\n  - void: {customer_id: c}\n", "`event_id` is missing"),
        (
            "now: 2026-02-03T00:00:00Z\nsteps:\n  - void: {customer_id: c, event_id: e, x: 1}\n",
            "`x` means nothing",
        ),
        ("now: 2026-02-03T00:00:00Z\nsteps: []\nexpect: {totals: []}\n", "`totals` means nothing"),
        ("now: [\n", "scenario.yaml:"),
        (
            "now: 2026-02-03T00:00:00Z\nsteps:\n"
            "  - activate: {rate_card: a, version: 1, from: 2026-02-03T00:00:00Z,\n"
            "      cohort: {contracts_starting_from: x}}\n",
            "scenario.yaml:4:41 invalid_instant steps[1].activate.cohort.contracts_starting_from",
        ),
    ],
)
def test_a_scenario_that_cannot_be_read_says_where(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "scenario.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioErrors) as refused:
        read_scenario(tmp_path)
    assert told in str(refused.value)


INVOICE = {
    "contract_id": "k1",
    "period_start": "2026-01-01T00:00:00Z",
    "total": "0.10",
    "lines": [{"product": "a", "amount": "0.10", "breakdown": [{"dimensions": {"m": "x"}, "quantity": "1"}]}],
}
RESULT = {"invoices": [INVOICE], "balances": [], "unrated": {"no_contract": 2}}


@pytest.mark.parametrize(
    "expect",
    [
        {},
        {"invoices": [{"contract_id": "k1", "total": "0.1"}]},
        {"invoices": [{"period_start": "2026-01-01T01:00:00+01:00"}]},
        {"invoices": [{"lines": [{"breakdown": [{"dimensions": {"m": "x"}, "quantity": "1.0"}]}]}]},
        {"unrated": {"no_contract": "2", "bad_quantity": "0"}},
    ],
)
def test_what_holds(expect: Mapping[str, Any]) -> None:
    assert compare(expect, RESULT) == []


@pytest.mark.parametrize(
    ("expect", "path", "found"),
    [
        ({"invoices": [{"contract_id": "k1", "total": "0.11"}]}, "invoices[k1].total", "0.10"),
        ({"invoices": [{"contract_id": "k2"}]}, "invoices[k2]", {"contract_id": "k1"}),
        ({"balances": [{"grant_id": "g"}]}, "balances[g]", None),
        ({"unrated": {"no_contract": "1"}}, "unrated.no_contract", 2),
        (
            {"invoices": [{"lines": [{"product": "a", "amount": None}]}]},
            "invoices[1].lines[a].amount",
            "0.10",
        ),
    ],
)
def test_what_does_not_hold_is_told_beside_the_nearest(
    expect: Mapping[str, Any], path: str, found: Any
) -> None:
    [difference] = compare(expect, RESULT)
    assert (difference.path, difference.found) == (path, found)
