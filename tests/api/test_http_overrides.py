"""Contract overrides by HTTP: list price, override and resulting price, for a customer and in an event's trace."""

from collections.abc import Iterator
from decimal import Decimal

import httpx
import pytest

from tests.api.http_world import NOW, answer_of, calling, event, pages, problem_of
from tests.conftest import Engine

CARD = """\
rate_card: acme
currency: USD
constants: {margin: "2"}
tables:
  token_price: {keys: [model], rows: {small: "0.0000005", "*": "0.00001"}}
meters:
  tokens: {event_type: llm.request, aggregation: sum, quantity: tokens, unit: token}
  minutes: {event_type: gpu.usage, aggregation: sum, quantity: minutes, unit: minute}
products:
  inference:
    name: Inference
    meter: tokens
    dimensions: {model: model}
    price: {model: per_unit, unit_amount: "token_price[model] * margin"}
  gpu:
    name: GPU
    meter: minutes
    price: {model: graduated, tiers: [{up_to: "10", unit_amount: "0.3"}, {up_to: null, unit_amount: "0.1"}]}
"""

CONTRACTS = """\
customers:
  - {customer_id: c1, name: Blue Harbor}
contracts:
  - contract_id: k1
    customer_id: c1
    rate_card: acme
    starts_at: 2026-01-01T00:00:00Z
    overrides:
      - {multiplier: "0.5", from: 2026-01-06T00:00:00Z, to: 2026-01-16T00:00:00Z}
      - {products: [inference], dimensions: {model: large}, unit_amount: "0.000007"}
"""

EVENTS = [
    event("small", "llm.request", "05T10:00", model="small", tokens="1000000"),
    event("large", "llm.request", "05T11:00", model="large", tokens="1000000"),
    event("half", "llm.request", "07T10:00", model="small", tokens="1000000"),
    event("gpu1", "gpu.usage", "05T10:00", minutes="8"),
    event("gpu2", "gpu.usage", "07T10:00", minutes="8"),
]


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[httpx.Client]:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        answer_of(client.post("/v1/rate-cards", content=CARD))
        activation = {"rate_card_version": 1, "active_from": "2026-01-01T00:00:00Z"}
        answer_of(client.post("/v1/rate-cards/acme/activations", json=activation))
        answer_of(client.put("/v1/contracts", content=CONTRACTS))
        answer_of(client.post("/v1/events", json=EVENTS))
        yield client


def test_prices_of_a_customer_show_what_overrides_made_of_them(client: httpx.Client) -> None:
    def at(day: str) -> dict[tuple[str, ...], tuple[str | None, ...]]:
        found = pages(client, "/v1/customers/c1/prices", 2, at=f"2026-01-{day}T00:00:00Z")
        return {
            (one["product"], *one["dimensions"].values()): (
                one["unit_amount"],
                one["list_price"] and one["list_price"]["unit_amount"],
                one["override"] and one["override"]["multiplier"],
            )
            for one in found
        }

    assert at("05") == {
        ("inference", "small"): ("0.000001", None, None),
        ("inference", "large"): ("0.000007", "0.00002", None),
        ("inference", "*"): ("0.00002", None, None),
        ("gpu",): (None, None, None),
    }
    assert at("06") == {
        ("inference", "small"): ("0.0000005", "0.000001", "0.5"),
        ("inference", "large"): ("0.000007", "0.00002", None),
        ("inference", "*"): ("0.00001", "0.00002", "0.5"),
        ("gpu",): (None, None, "0.5"),
    }
    assert at("16") == at("05")
    terms = answer_of(client.get("/v1/customers/c1/prices?at=2026-01-06T00:00:00Z"))["terms"]
    assert (terms["rate_card_version"], terms["activation_id"]) == (1, 1)


def test_the_trace_of_an_event_names_the_override(client: httpx.Client) -> None:
    [rated] = answer_of(client.get("/v1/events/c1/large"))["rated"]
    assert (rated["unit_price"], rated["amount"], rated["rate_card_version"]) == ("0.000007", "7", 1)
    assert rated["active_from"] == "2026-01-01T00:00:00Z"
    assert rated["list_price"]["dimensions"] == {"model": "*"}
    assert rated["list_price"]["unit_amount"] == "0.00002"
    assert rated["override"] == {
        "products": ["inference"],
        "tags": [],
        "dimensions": {"model": "large"},
        "multiplier": None,
        "unit_amount": "0.000007",
        "tiers": [],
        "valid_from": None,
        "valid_to": None,
    }
    trace = answer_of(client.get("/v1/events/c1/half"))
    [rated] = trace["rated"]
    assert (rated["override"]["valid_from"], rated["override"]["valid_to"]) == (
        "2026-01-06T00:00:00Z",
        "2026-01-16T00:00:00Z",
    )
    assert rated["formulas"][0]["with_numbers"] == "0.0000005 * 2"
    assert trace["explanation"][-2:] == [
        "The contract's override for everything from 2026-01-06T00:00:00Z to 2026-01-16T00:00:00Z made this price: "
        "× 0.5, where the list price is per_unit for model small, 0.000001 USD.",
        "The list price's unit_amount = token_price[model] * margin = 0.0000005 * 2 = 0.000001.",
    ]
    [rated] = answer_of(client.get("/v1/events/c1/small"))["rated"]
    assert (rated["override"], rated["list_price"]) == (None, None)


def test_a_line_goes_on_over_an_override_and_its_events_add_up_to_it(client: httpx.Client) -> None:
    # GPU: 8 × 0.3, then 2 × 0.15 + 6 × 0.05 = 2.40 + 0.60; inference: 1.00 + 7.00 + 0.50.
    lines = answer_of(client.get("/v1/invoices/k1:2026-01-01"))["lines"]
    assert [(line["line_id"], line["amount"]) for line in lines] == [
        ("usage:gpu:1", "3.00"),
        ("usage:inference:1", "8.50"),
    ]
    for line in lines:
        events = pages(client, f"/v1/invoices/k1:2026-01-01/lines/{line['line_id']}/events", 2)
        assert sum(Decimal(one["amount"]) for one in events) == Decimal(line["exact_amount"])
    [rated] = answer_of(client.get("/v1/events/c1/gpu2"))["rated"]
    assert (rated["unit_price"], rated["amount"]) == (None, "0.6")
    assert [tier["unit_amount"] for tier in rated["list_price"]["tiers"]] == ["0.3", "0.1"]


def test_what_prices_do_not_bear_is_refused_where_it_comes_in(client: httpx.Client) -> None:
    large = CONTRACTS.replace('unit_amount: "0.000007"', 'multiplier: "999999"').replace("0.5", "1")
    dear = CARD.replace('margin: "2"', 'margin: "99999999"').replace('"*": "0.00001"', '"*": "99999"')
    answer_of(client.post("/v1/rate-cards", content=dear.replace("rate_card: acme", "rate_card: dear")))
    document = large.replace("rate_card: acme", "rate_card: dear")
    for answer in (
        client.post("/v1/contracts/plan", content=document),
        client.put("/v1/contracts", content=document),
    ):
        [error] = problem_of(answer, 422, "invalid_contracts")["errors"]
        assert (error["code"], error["path"]) == ("number_out_of_range", "contracts[1].overrides[2]")
    pooled = CARD.replace(
        'per_unit, unit_amount: "token_price[model] * margin"',
        ('volume, tiers_over: product, tiers: [{up_to: null, unit_amount: "1"}]'),
    )
    problem = problem_of(client.post("/v1/rate-cards", content=pooled), 409, "overrides_do_not_fit")
    assert "contract 'k1'" in problem["detail"]
    # Nothing of it is published: the next version has its number.
    again = CARD.replace('margin: "2"', 'margin: "3"')
    assert answer_of(client.post("/v1/rate-cards", content=again))["rate_card_version"] == 2
