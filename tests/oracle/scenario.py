"""A scenario's result, from a directory or from memory (SEMANTICS §9)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.oracle.contracts import Contract
from tests.oracle.exact import exactly
from tests.oracle.invoices import balances_of, by_period, draw_down_customer, invoice
from tests.oracle.rating import Usage, rate
from tests.oracle.top_ups import TopUp, topped_up
from tests.oracle.totals import billable_usage
from tests.oracle.world import World, after_steps, read_yaml

# Usage by contract id and period start.
Periods = Mapping[tuple[str, datetime], list[Usage]]


def run_scenario(directory: Path) -> dict[str, Any]:
    """What `runrate scenario DIRECTORY --json` must print; see `run_steps`."""
    scenario = read_yaml((directory / "scenario.yaml").read_text(encoding="utf-8"))
    names = [step[kind] for step in scenario["steps"] for kind in step if isinstance(step[kind], str)]
    files = {name: (directory / name).read_text(encoding="utf-8") for name in names}
    return run_steps(scenario["steps"], scenario["now"], files)


@exactly
def run_steps(steps: Sequence[Mapping[str, Any]], now: str, files: Mapping[str, str]) -> dict[str, Any]:
    """`{"invoices": […], "balances": […], "unrated": {…}}`, complete, decimals as text.

    Invoices are ordered by contract id and period start, lines by product id and version with credits after
    usage, rows by dimension values, balances by customer id and grant id. NotCovered: a rule that the
    oracle does not know.
    """
    world = after_steps(steps, now, files)
    top_ups: list[TopUp] = []
    if any(contract.top_up for contract in world.contracts.values()):
        for number in range(1, len(steps)):
            _top_up(after_steps(steps[:number], now, files), top_ups)
        _top_up(world, top_ups)
    rated = rate(world)
    periods = by_period(billable_usage(rated.usage, world))
    draws = []
    balances: list[dict[str, str]] = []
    for customer_id, contracts in sorted(world.contracts_by_customer().items()):
        grants = [grant for contract in contracts for grant in contract.grants]
        grants += [one.grant for one in top_ups if one.customer_id == customer_id and one.grant is not None]
        own = _usage_of(contracts, periods)
        drawdown = draw_down_customer(own, grants)
        draws += drawdown.draws
        balances += [{"customer_id": customer_id} | row for row in balances_of(own, grants, world.now)]
    invoices = []
    for (contract_id, start), usage in periods.items():
        own_draws = [draw for draw in draws if draw.step.key[:2] == (start, contract_id)]
        invoices.append(invoice(usage, own_draws, world.now))
    return {"invoices": invoices, "balances": balances, "unrated": dict(sorted(rated.unrated.items()))}


def _usage_of(contracts: Sequence[Contract], periods: Periods) -> list[list[Usage]]:
    identifiers = {contract.contract_id for contract in contracts}
    return [usage for (contract_id, _), usage in periods.items() if contract_id in identifiers]


def _top_up(world: World, top_ups: list[TopUp]) -> None:
    """Add the top-ups that are due after a step."""
    periods = by_period(billable_usage(rate(world).usage, world))
    for customer_id, contracts in world.contracts_by_customer().items():
        mine = [one for one in top_ups if one.customer_id == customer_id]
        due = topped_up(contracts, _usage_of(contracts, periods), mine, world.now)
        if due is not None:
            top_ups.append(due)
