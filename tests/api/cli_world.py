"""A served store and the command line that talks to it, with a small card, two customers and a little usage."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from api.cli.app import app
from api.http.server import serving
from api.store import Store
from tests.conftest import Engine

CARD = """
rate_card: acme-ai
currency: USD
tables:
  cost: {keys: [model], rows: {small: "0.001", large: "0.01"}}
meters:
  tokens: {event_type: llm.request, aggregation: sum, quantity: tokens, unit: token}
products:
  inference:
    name: Inference
    meter: tokens
    dimensions: {model: model}
    price: {model: per_unit, unit_amount: "cost[model]"}
"""
CONTRACTS = """
customers: [{customer_id: c1, name: Example}, {customer_id: c2, name: Another}]
contracts:
  - contract_id: k1
    customer_id: c1
    rate_card: acme-ai
    starts_at: 2025-01-01T00:00:00Z
    ends_at: null
    timezone: UTC
    billing: {interval: month, anchor_day: 1}
    grants:
      - grant_id: g1
        unit: USD
        amount: "1.00"
        paid: "1.00"
        priority: 1
        effective_at: 2025-01-01T00:00:00Z
        expires_at: null
        applies_to: {}
  - contract_id: k2
    customer_id: c2
    rate_card: acme-ai
    starts_at: 2025-01-01T00:00:00Z
    ends_at: null
    timezone: UTC
    billing: {interval: month, anchor_day: 1}
"""
NOW = datetime(2026, 2, 3, tzinfo=UTC)


@dataclass(frozen=True)
class Result:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its output, read as JSON."""
        return json.loads(self.out)


Run = Callable[..., Result]


@contextmanager
def served_command_line(engine: Engine) -> Iterator[Run]:
    """Run commands against a store that is served."""
    with command_line(engine) as (_, run):
        yield run


@contextmanager
def command_line(engine: Engine) -> Iterator[tuple[Store, Run]]:
    """A store that is served, and the commands against it."""
    with engine.store(clock=lambda: NOW) as store, serving(store) as address:
        environment = {"RUNRATE_API_KEY": address.bootstrap_key, "RUNRATE_URL": address.url, "COLUMNS": "300"}

        def invoke(*arguments: str, **more: str | None) -> Result:
            done = CliRunner().invoke(app, list(arguments), env={**environment, **more})
            assert done.exception is None or isinstance(done.exception, SystemExit)
            return Result(done.exit_code, done.stdout, done.stderr)

        yield store, invoke


def event(number: int, **more: Any) -> dict[str, Any]:
    return {
        "event_id": f"e{number}",
        "customer_id": "c1",
        "event_type": "llm.request",
        "event_time": "2026-01-10T00:00:00Z",
        "properties": {"model": "large", "tokens": "100"},
        **more,
    }


def lines(*events: dict[str, Any]) -> str:
    return "".join(json.dumps(one) + "\n" for one in events)


def fill(run: Run, folder: Path) -> None:
    """Put the card in force, store the contracts, and ingest usage: one event twice, one of a stranger."""
    for name, text in (("card.yaml", CARD), ("contracts.yaml", CONTRACTS)):
        (folder / name).write_text(text, encoding="utf-8")
    usage = lines(
        event(1),
        event(2, properties={"model": "small", "tokens": "1000"}),
        event(3, customer_id="nobody"),
        event(1),
    )
    (folder / "events.ndjson").write_text(usage, encoding="utf-8")
    for command in (
        ("ratecard", "publish", str(folder / "card.yaml")),
        ("ratecard", "activate", "acme-ai", "1", "--from", "2025-01-01T00:00:00Z"),
        ("contracts", "apply", str(folder / "contracts.yaml")),
        ("ingest", str(folder / "events.ndjson")),
    ):
        done = run(*command)
        assert done.code == 0, done
