"""A small company behind the API: one card with every price model, two customers, and its events."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx

from api.http.app import create_app
from api.http.in_process import in_process_client
from api.store import Store

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)

CARD = """\
rate_card: acme
currency: USD
units:
  credit: {name: Acme credit, value: "0.05"}
tables:
  token_price: {keys: [model], rows: {small: "0.0000005", large: "0.00001"}}
meters:
  tokens: {event_type: llm.request, aggregation: sum, quantity: tokens, unit: token}
  calls: {event_type: tool.call, aggregation: count, unit: call}
  minutes: {event_type: gpu.usage, aggregation: sum, quantity: minutes, unit: minute}
  storage: {event_type: storage, aggregation: sum, quantity: gigabytes, unit: gigabyte}
  tasks: {event_type: agent.task, aggregation: count, unit: task}
products:
  inference:
    name: Inference
    meter: tokens
    dimensions: {model: model}
    show: {project: project}
    price: {model: per_unit, unit_amount: "token_price[model]"}
  calls:
    meter: calls
    price: {model: package, package_size: "3", package_amount: "1.00", free_units: "2"}
  gpu:
    meter: minutes
    price:
      model: graduated
      tiers:
        - {up_to: "10", unit_amount: "0.333333333333333"}
        - {up_to: "20", unit_amount: "0.2", flat_amount: "1.5"}
        - {up_to: null, unit_amount: "0.1"}
  storage:
    meter: storage
    price:
      model: volume
      tiers: [{up_to: "100", unit_amount: "0.02"}, {up_to: null, unit_amount: "0.01", flat_amount: "0.5"}]
  tasks:
    meter: tasks
    price: {model: per_unit, unit_amount: "2", unit: credit}
"""

CONTRACTS = """\
customers:
  - {customer_id: c1, name: Blue Harbor, attributes: {segment: enterprise}, aliases: [old-c1]}
  - {customer_id: c2, name: Kiwi, attributes: {}}
contracts:
  - contract_id: k1
    customer_id: c1
    rate_card: acme
    starts_at: 2026-01-01T00:00:00Z
    ends_at: null
    timezone: UTC
    billing: {interval: month, anchor_day: 1}
    grants:
      - grant_id: g1
        unit: credit
        amount: "5"
        paid: "0.20"
        priority: 1
        effective_at: 2026-01-01T00:00:00Z
        expires_at: null
        applies_to: {}
  - contract_id: "k2:eu/1"
    customer_id: c2
    rate_card: acme
    starts_at: 2025-12-31T23:00:00Z
    ends_at: null
    timezone: Europe/Berlin
    billing: {interval: month, anchor_day: 1}
"""


def event(
    event_id: str, event_type: str, at: str, customer_id: str = "c1", **properties: str
) -> dict[str, Any]:
    """One event of the API; `at` is a time in January 2026, like `05T10:00`."""
    return {
        "event_id": event_id,
        "customer_id": customer_id,
        "event_type": event_type,
        "event_time": f"2026-01-{at}:00Z",
        "properties": properties,
    }


EVENTS = [
    event("t1", "llm.request", "05T10:00", model="small", project="apollo", tokens="28601"),
    event("t2", "llm.request", "05T11:00", model="small", project="zephyr", tokens="32501"),
    event("t3", "llm.request", "06T10:00", model="large", project="apollo", tokens="858001"),
    event("t4", "llm.request", "06T10:30", customer_id="old-c1", model="large", project="apollo", tokens="7"),
    *(event(f"call{n}", "tool.call", f"07T10:0{n}") for n in range(6)),
    *(event(f"gpu{n}", "gpu.usage", f"08T0{n}:00", minutes=f"{n}.123456789") for n in range(1, 9)),
    *(event(f"disk{n}", "storage", f"09T0{n}:30", gigabytes="30.5") for n in range(4)),
    *(event(f"task{n}", "agent.task", f"10T1{n}:00") for n in range(4)),
    event("e1", "llm.request", "05T10:00", customer_id="c2", model="small", project="", tokens="1000000"),
    event("odd1", "llm.request", "05T12:00", model="huge", project="apollo", tokens="5"),
    event("odd2", "llm.request", "05T12:01", model="small", project="apollo", tokens="many"),
    event("odd3", "fax.sent", "05T12:02"),
    event("lost1", "tool.call", "05T12:03", customer_id="nobody"),
]

INVOICE = "k1:2026-01-01"


@contextmanager
def calling(store: Store) -> Iterator[httpx.Client]:
    """The API of a store, called inside the process and without a key."""
    with in_process_client(create_app(store, local=True)) as client:
        yield client


def set_up(client: httpx.Client) -> None:
    """Publish, activate, apply the contracts and send the events."""
    answer_of(client.post("/v1/rate-cards", content=CARD))
    answer_of(
        client.post(
            "/v1/rate-cards/acme/activations",
            json={"rate_card_version": 1, "active_from": "2026-01-01T00:00:00Z"},
        )
    )
    answer_of(client.put("/v1/contracts", content=CONTRACTS))
    answer_of(client.post("/v1/events", json=EVENTS))


def answer_of(response: httpx.Response) -> Any:
    """The answer of a request that must succeed."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    return response.json()


def problem_of(response: httpx.Response, status: int, code: str) -> Mapping[str, Any]:
    """The problem of a request that must be refused, complete and with nothing internal in it."""
    assert (response.status_code, response.json().get("code")) == (status, code), response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "instance"} <= set(problem)
    assert problem["status"] == status
    assert problem["type"] == f"/problems/{code}"
    for inner in ("Traceback", "DB::Exception", "clickhouse", "chdb", "/work/", ".py"):
        assert inner.lower() not in response.text.lower()
    return problem


def pages(client: httpx.Client, path: str, limit: int, **parameters: Any) -> list[Any]:
    """All entries of a list, read page by page."""
    found: list[Any] = []
    cursor = None
    while True:
        page = answer_of(
            client.get(path, params={**parameters, "limit": limit} | ({"cursor": cursor} if cursor else {}))
        )
        assert len(page["items"]) <= limit
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found
        assert len(page["items"]) == limit
