"""The entries of a line add up to it, whatever its price follows from (SEMANTICS §8)."""

from decimal import Decimal
from pathlib import Path

import pytest

from api.operations.reconcile import reconcile
from api.operations.verify import verify
from api.reads.invoices import get_invoice, list_invoices
from api.reads.line_events import LineEvent, list_line_events
from api.reads.traces import explain_event
from api.scenarios.plan import read_scenario
from api.scenarios.run import run_steps
from api.store import Store
from tests.conftest import Engine

SCENARIOS = Path(__file__).parents[2] / "fixtures" / "scenarios"
CASES = (
    "totals_of_the_whole_period",
    "percentage_of_a_total",
    "percentage_refunds",
    "weighted_sum_is_held_and_carried",
    "max_is_priced_at_the_end_of_the_period",
    "percentage_free_events_and_bounds",
    "percentage_free_events_over_versions",
    "flat_once_a_period",
    "line_minimum_and_maximum",
    "line_maximum_over_versions",
    "line_limits_of_each_version",
    "flat_after_another_model",
    "tier_flat_amounts_over_changed_bounds",
    "grant_pays_what_is_due_without_usage",
)


def entries_of(store: Store) -> dict[str, tuple[LineEvent, ...]]:
    """The entries of every usage line, having checked that they add up to it."""
    found: dict[str, tuple[LineEvent, ...]] = {}
    for summary in list_invoices(store).items:
        invoice = get_invoice(store, summary.invoice_id)
        assert invoice is not None
        for line in invoice.lines:
            if line.kind == "usage":
                page = list_line_events(store, invoice.invoice_id, line.line_id)
                assert page is not None
                assert sum(Decimal(one.amount) for one in page.items) == Decimal(line.exact_amount)
                found[f"{invoice.period_start[:7]} {line.line_id}"] = page.items
    return found


@pytest.mark.parametrize("case", CASES)
def test_entries_add_up_and_every_check_holds(engine: Engine, case: str) -> None:
    scenario = read_scenario(SCENARIOS / case)
    with engine.store(clock=lambda: scenario.now) as store:
        run_steps(scenario, store)
        reconcile(store)
        assert entries_of(store)
        assert [check.name for check in verify(store) if check.offending] == []


def test_what_no_event_made_is_an_entry_of_its_own(engine: Engine) -> None:
    """6 gigabytes are carried into February; a flat amount stands before the calls, which cost nothing more."""
    for case, line, wanted in (
        ("weighted_sum_is_held_and_carried", "2026-02 usage:disk:1", [("carried", None, "6", "12")]),
        (
            "flat_once_a_period",
            "2026-01 usage:platform:1",
            [("without_usage", None, "0", "20"), *(("event", f"e{n}", "1", "0") for n in (1, 2, 3))],
        ),
    ):
        scenario = read_scenario(SCENARIOS / case)
        with engine.store(clock=lambda: scenario.now) as store:  # noqa: B023 - called within the loop
            run_steps(scenario, store)
            entries = entries_of(store)[line]
        assert [(one.entry, one.event_id, one.quantity, one.amount) for one in entries] == wanted


def test_an_event_of_a_total_shows_the_line_that_bills_it(engine: Engine) -> None:
    """3 seats under version 1 are billed at version 2, in force at the period's end: 3 × 20.00; 2 later change
    nothing."""
    scenario = read_scenario(SCENARIOS / "max_is_priced_at_the_end_of_the_period")
    with engine.store(clock=lambda: scenario.now) as store:
        run_steps(scenario, store)
        traces = [explain_event(store, "c1", event_id) for event_id in ("e1", "e2")]
    rated = [trace.rated[0] for trace in traces if trace is not None]
    assert [(one.rate_card_version, one.line_id, one.amount) for one in rated] == [
        (1, "usage:seats:2", "60"),
        (2, "usage:seats:2", "0"),
    ]
