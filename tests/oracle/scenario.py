"""A scenario's result, from a directory or from memory (SEMANTICS §9)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.oracle.charges import has_terms, true_ups
from tests.oracle.contracts import in_force, stays
from tests.oracle.exact import exactly, plain
from tests.oracle.invoices import Draft, balances_of, by_period, draw_down_customer
from tests.oracle.rating import Usage, rate
from tests.oracle.revenue import revenue_of
from tests.oracle.top_ups import TopUp, topped_up
from tests.oracle.totals import billable_usage
from tests.oracle.world import World, after_steps, read_yaml


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
    drafts = _drafts(world, by_period(billable_usage(rated.usage, world)))
    balances: list[dict[str, str]] = []
    for customer_id, contracts in sorted(world.contracts_by_customer().items()):
        grants = [grant for contract in contracts for grant in contract.grants]
        grants += [one.grant for one in top_ups if one.customer_id == customer_id and one.grant is not None]
        own = [draft for draft in drafts if draft.contract in contracts]
        drawdown = draw_down_customer(own, grants)
        for draft in own:
            key = (draft.period[0], draft.contract.contract_id)
            draft.apply([draw for draw in drawdown.draws if draw.step.key[:2] == key])
        balances += [{"customer_id": customer_id} | row for row in balances_of(own, grants, world.now)]
    for draft in drafts:
        same = [other for other in drafts if other.contract == draft.contract]
        spent = {other.period[0]: other.spent for other in same}
        draft.charges.lines += true_ups(draft.contract, draft.period, spent, draft.money, world.now)
    invoices = [draft.document() for draft in drafts if draft.usage or draft.charges.lines]
    return {"invoices": invoices, "balances": balances, "unrated": dict(sorted(rated.unrated.items()))}


@exactly
def run_revenue(
    steps: Sequence[Mapping[str, Any]], now: str, files: Mapping[str, str]
) -> dict[tuple[Any, ...], str]:
    """What is recognised on the days before that of `now`: (customer, day, contract, category, product, version, grant)
    and the exact amount."""
    world = after_steps(steps, now, files)
    drafts = _drafts(world, by_period(billable_usage(rate(world).usage, world)))
    found: dict[tuple[Any, ...], str] = {}
    for customer_id, contracts in world.contracts_by_customer().items():
        own = [draft for draft in drafts if draft.contract in contracts]
        currencies = {card: world.cards[card, version].currency for card, version in world.cards}
        known = [contract for contract in contracts if contract.rate_card in currencies]
        rounding = {draft.contract.contract_id: draft.money for draft in own}
        for key, amount in revenue_of(known, own, rounding, world.now).items():
            found[customer_id, *key] = plain(amount)
    return dict(sorted(found.items()))


def _drafts(world: World, usage: Mapping[tuple[str, datetime], Sequence[Usage]]) -> list[Draft]:
    """A draft of each period that has usage, and of each that has begun where the contract has charges."""
    found: list[Draft] = []
    for contract_id, contract in sorted(world.contracts.items()):
        periods = {of_period[0].period for (owner, _), of_period in usage.items() if owner == contract_id}
        versions = [version for card, version in world.cards if card == contract.rate_card]
        if has_terms(contract) and versions:
            periods |= set(contract.periods_until(world.now))
        timeline = stays(world.activations, contract, world.customers[contract.customer_id])
        for period in sorted(periods):
            in_period = in_force(timeline, period)
            # What is not usage is rounded as the last version in force says, else as the latest one.
            last = world.cards[contract.rate_card, in_period[-1][2] if in_period else max(versions)]
            own = usage.get((contract_id, period[0]), ())
            found.append(Draft(contract, period, last.currency, last.rounding, own, world.now))
    return found


def _top_up(world: World, top_ups: list[TopUp]) -> None:
    """Add the top-ups that are due after a step."""
    drafts = _drafts(world, by_period(billable_usage(rate(world).usage, world)))
    for customer_id, contracts in world.contracts_by_customer().items():
        mine = [one for one in top_ups if one.customer_id == customer_id]
        own = [draft for draft in drafts if draft.contract in contracts]
        due = topped_up(contracts, own, mine, world.now)
        if due is not None:
            top_ups.append(due)
