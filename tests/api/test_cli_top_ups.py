"""`runrate top-ups`, `top-up`, `entitlement` and `hold`, against a served store."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.cli_world import Run, fill, served_command_line
from tests.conftest import Engine

TERM = {"unit": "USD", "threshold": "1", "amount": "5", "paid": "4.50", "payment": "external"}
TERMS = {"rate_card": "acme-ai", "starts_at": "2026-01-01T00:00:00Z", "top_up": TERM}


@pytest.fixture(scope="module")
def run(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Two customers, whose contracts have nothing left and wait for payments."""
    folder = tmp_path_factory.mktemp("files")
    document = {
        "customers": [{"customer_id": name} for name in ("t1", "t2")],
        "contracts": [{"contract_id": f"k-{name}", "customer_id": name, **TERMS} for name in ("t1", "t2")],
    }
    with served_command_line(engine) as command_line:
        fill(command_line, folder)
        (folder / "topped.json").write_text(json.dumps(document), encoding="utf-8")
        assert command_line("contracts", "apply", str(folder / "topped.json")).code == 0
        yield command_line


def waiting(run: Run, customer: str) -> dict[str, Any]:
    """The customer's only top-up, which comes a moment after its contract."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if items := run("top-ups", customer, "--json").json["items"]:
            [one] = items
            assert isinstance(one, dict)
            return one
        time.sleep(0.1)
    raise AssertionError("nothing was topped up")


def test_a_payment_is_confirmed(run: Run) -> None:
    assert "never topped up" in run("top-ups", "c1").out
    one = waiting(run, "t1")
    assert (one["top_up_id"], one["state"], one["amount"], one["paid"]) == (
        "top-up-k-t1-1",
        "pending",
        "5",
        "4.5",
    )
    assert run("balance", "t1", "--json").json["items"] == []
    done = run("top-up", "confirm", "t1", "top-up-k-t1-1", "--note", "payment 4711")
    assert done.out == "top-up-k-t1-1 is granted since 2026-02-03T00:00:00Z\n"
    again = run("top-up", "confirm", "t1", "top-up-k-t1-1")
    assert again.out == "top-up-k-t1-1 was already granted since 2026-02-03T00:00:00Z\n"
    [balance] = run("balance", "t1", "--json").json["items"]
    assert (balance["grant_id"], balance["source"], balance["remaining"]) == ("top-up-k-t1-1", "top_up", "5")
    assert "granted" in run("top-ups", "t1").out


def test_a_payment_fails(run: Run) -> None:
    waiting(run, "t2")
    done = run("top-up", "fail", "t2", "top-up-k-t2-1", "--reason", "declined", "--json")
    assert (done.json["state"], done.json["granted_at"], done.json["changed"]) == ("failed", None, True)
    refused = run("top-up", "confirm", "t2", "top-up-k-t2-1")
    assert refused.code == 1
    assert "has failed" in refused.err
    assert "no top-up" in run("top-up", "confirm", "t2", "none").err


def test_an_entitlement_and_holds(run: Run) -> None:
    # 1.00 of credits, all used by two events of c1; overage is allowed.
    answer = run("entitlement", "c1", "inference").out
    assert answer.splitlines()[0] == "inference may be used: overage"
    assert "0 remaining, 0 held, 0 available (USD, as of " in answer
    found = run("entitlement", "c1", "inference", "--units", "0.5", "--json").json
    assert (found["allowed"], found["reason"], found["contract_id"]) == (True, "overage", "k1")
    assert "no_such_product" in run("entitlement", "c1", "nothing").out
    refused = run("hold", "place", "c1", "job", "inference", "--units", "0.5")
    assert refused.code == 1
    assert "0.5 USD are more than the 0 that are available" in refused.err
    assert "no hold" in run("hold", "release", "c1", "job").err
    waiting(run, "t1")
    assert run("top-up", "confirm", "t1", "top-up-k-t1-1").code == 0
    held = run("hold", "place", "t1", "job", "inference", "--units", "4", "--for", "30m")
    assert held.out == "job: 4 USD for inference held until 2026-02-03T00:30:00Z\n"
    assert "5 remaining, 4 held, 1 available" in run("entitlement", "t1", "inference").out
    done = run("hold", "confirm", "t1", "job", "--units", "3.5")
    assert done.out == "job: 4 USD for inference confirmed, came to 3.5\n"
    run("hold", "place", "t1", "other", "inference", "--units", "1")
    assert run("hold", "release", "t1", "other").out == "other: 1 USD for inference released\n"
    assert (
        "write a whole number"
        in run("hold", "place", "t1", "x", "inference", "--units", "1", "--for", "1y").err
    )
