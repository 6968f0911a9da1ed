"""The expected files of `fixtures/ratecards`, executed: in a fresh store the ledger's view is replaced by the statement
of `expected/rated_usage_mv.sql`, and what it bills for the case's events is what the oracle bills."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from api.scenarios.plan import scenario_of
from api.scenarios.results import complete_result
from api.scenarios.run import run_steps
from sql.client import DATABASE
from tests import oracle
from tests.compiler.rendering import case_folders
from tests.conftest import Engine
from tests.sql import statements_of

SQL = statements_of("golden_cards")

NOW = "2026-02-03T00:00:00Z"
CONTRACTS = """
customers: [{customer_id: c1, name: Northwind Research}]
contracts:
  - {contract_id: k1, customer_id: c1, rate_card: CARD, starts_at: 2026-01-01T00:00:00Z, timezone: UTC,
     billing: {interval: month, anchor_day: 1}}
"""
FOLDERS = [folder for folder in case_folders() if (folder / "expected").exists()]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_golden_view_bills_what_the_oracle_bills(engine: Engine, folder: Path) -> None:
    text = (folder / "ratecard.yaml").read_text(encoding="utf-8")
    rate_card = next(line for line in text.splitlines() if line.startswith("rate_card:")).split()[1]
    files = {
        "ratecard.yaml": text,
        "contracts.yaml": CONTRACTS.replace("CARD", rate_card),
        "events.ndjson": (folder / "events.ndjson").read_text(encoding="utf-8"),
    }
    terms: list[dict[str, Any]] = [
        {"publish": "ratecard.yaml"},
        {"activate": {"rate_card": rate_card, "version": 1, "from": "2026-01-01T00:00:00Z", "cohort": "all"}},
        {"contracts": "contracts.yaml"},
    ]
    usage = [{"events": "events.ndjson"}]
    now = datetime.fromisoformat(NOW)
    try:
        with engine.store(lambda: now, DATABASE) as store:
            run_steps(scenario_of(terms, NOW, files), store)
            store.database.command(SQL("drop_view"))
            store.database.command((folder / "expected" / "rated_usage_mv.sql").read_text(encoding="utf-8"))
            run_steps(scenario_of(usage, NOW, files), store)
            found = complete_result(store)
    finally:
        engine.drop(DATABASE)
    assert found["invoices"][0]["lines"]
    found["invoices"] = [invoice for invoice in found["invoices"] if invoice["lines"]]
    assert found == oracle.run_steps([*terms, *usage], NOW, files)
