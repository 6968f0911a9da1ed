"""Why an event costs what it costs, by HTTP."""

from collections.abc import Iterator
from decimal import Decimal, localcontext
from typing import Any

import httpx
import pytest

from tests.api.http_world import (
    CONTRACTS,
    EVENTS,
    INVOICE,
    NOW,
    answer_of,
    calling,
    event,
    pages,
    problem_of,
    set_up,
)
from tests.conftest import Engine


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[httpx.Client]:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        set_up(client)
        yield client


def _trace(client: httpx.Client, customer_id: str, event_id: str) -> dict[str, Any]:
    trace: dict[str, Any] = answer_of(client.get(f"/v1/events/{customer_id}/{event_id}"))
    return trace


def test_a_rated_event_shows_every_step(client: httpx.Client) -> None:
    trace = _trace(client, "c1", "t1")
    assert trace["customer_id"] == "c1"
    assert trace["customer_name"] == "Blue Harbor"
    assert trace["status"] == "current"
    assert trace["properties"]["tokens"] == "28601"
    (rated,) = trace["rated"]
    assert rated["invoice_id"] == INVOICE
    assert rated["line_id"] == "usage:inference:1"
    assert (rated["rate_card"], rated["rate_card_version"]) == ("acme", 1)
    assert rated["active_from"] == "2026-01-01T00:00:00Z"
    assert rated["dimensions"] == {"model": "small"}
    assert rated["show"] == {"project": "apollo"}
    assert rated["price"]["unit_amount"] == rated["unit_price"] == "0.0000005"
    assert rated["text"] == "28601 token × 0.0000005 USD = 0.0143005 USD"
    (entry,) = trace["ledger"]
    assert (entry["sign"], entry["reason"], entry["amount"]) == (1, "rated", "0.0143005")
    assert any("28601 token × 0.0000005 USD = 0.0143005 USD" in sentence for sentence in trace["explanation"])


def test_custom_units_are_shown_in_units_and_in_currency(client: httpx.Client) -> None:
    (rated,) = _trace(client, "c1", "task0")["rated"]
    assert (rated["unit"], rated["unit_amount"], rated["currency"], rated["amount"]) == (
        "credit",
        "2",
        "USD",
        "0.1",
    )
    assert rated["text"] == "1 task × 2 credit = 2 credit × 0.05 USD = 0.1 USD"


def test_an_event_under_an_alias_is_found_by_both_names(client: httpx.Client) -> None:
    by_alias, by_owner = _trace(client, "old-c1", "t4"), _trace(client, "c1", "t4")
    assert by_alias == by_owner
    assert (by_owner["sent_customer_id"], by_owner["customer_id"]) == ("old-c1", "c1")
    assert any("alias" in sentence for sentence in by_owner["explanation"])


def test_the_name_in_the_path_decides_between_two_events_with_one_id(engine: Engine) -> None:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        set_up(client)
        twice = [
            event("both", "tool.call", "13T10:00", customer_id=customer_id, tool=customer_id)
            for customer_id in ("c1", "old-c1")
        ]
        answer_of(client.post("/v1/events", json=twice))
        for customer_id in ("c1", "old-c1"):
            assert _trace(client, customer_id, "both")["properties"] == {"tool": customer_id}


@pytest.mark.parametrize("event_id", [f"gpu{number}" for number in range(1, 9)])
def test_amounts_that_depend_on_position_are_those_of_the_line(client: httpx.Client, event_id: str) -> None:
    listed = {
        one["event_id"]: one for one in pages(client, f"/v1/invoices/{INVOICE}/lines/usage:gpu:1/events", 100)
    }
    (rated,) = _trace(client, "c1", event_id)["rated"]
    assert rated["amount"] == listed[event_id]["amount"]
    assert rated["unit_price"] is None
    assert "graduated" in rated["text"]


def test_traces_of_all_events_add_up_to_the_lines(client: httpx.Client) -> None:
    sums: dict[str, Decimal] = {}
    with localcontext(prec=100):
        for one in EVENTS:
            for rated in _trace(client, one["customer_id"], one["event_id"])["rated"]:
                if rated["invoice_id"] == INVOICE:
                    line_id = rated["line_id"]
                    sums[line_id] = sums.get(line_id, Decimal(0)) + Decimal(rated["amount"])
    lines = answer_of(client.get(f"/v1/invoices/{INVOICE}"))["lines"]
    assert sums == {
        line["line_id"]: Decimal(line["exact_amount"]) for line in lines if line["kind"] == "usage"
    }


@pytest.mark.parametrize(
    ("customer_id", "event_id", "reason", "product"),
    [
        ("c1", "odd1", "unpriced_dimension", "inference"),
        ("c1", "odd2", "bad_quantity", "inference"),
        ("c1", "odd3", "no_matching_product", None),
        ("nobody", "lost1", "unknown_customer", None),
    ],
)
def test_an_unrated_event_says_why_and_what_mends_it(
    client: httpx.Client, customer_id: str, event_id: str, reason: str, product: str | None
) -> None:
    trace = _trace(client, customer_id, event_id)
    assert trace["rated"] == []
    (unrated,) = trace["unrated"]
    assert (unrated["reason"], unrated["product"]) == (reason, product)
    assert unrated["meaning"] in " ".join(trace["explanation"])
    assert unrated["fix"] in " ".join(trace["explanation"])


def test_amended_and_voided(engine: Engine) -> None:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        set_up(client)
        answer_of(client.patch("/v1/events/c1/t1", json={"properties": {"model": "large", "tokens": "10"}}))
        trace = _trace(client, "c1", "t1")
        assert [one["status"] for one in trace["revisions"]] == ["amended", "current"]
        assert trace["properties"] == {"model": "large", "tokens": "10"}
        assert [rated["amount"] for rated in trace["rated"]] == ["0.0001"]
        signs = sorted((entry["sign"], entry["amount"]) for entry in trace["ledger"])
        assert signs == [(-1, "0.0143005"), (1, "0.0001"), (1, "0.0143005")]
        answer_of(client.delete("/v1/events/c1/t1"))
        trace = _trace(client, "c1", "t1")
        assert trace["status"] == "voided"
        assert trace["rated"] == []
        assert sum(entry["sign"] for entry in trace["ledger"]) == 0
        assert any("voided" in sentence for sentence in trace["explanation"])


def test_a_conflict_is_shown_and_not_billed(engine: Engine) -> None:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        set_up(client)
        other = event("t1", "llm.request", "05T10:00", model="large", project="apollo", tokens="999999")
        assert answer_of(client.post("/v1/events", json=[other]))["conflict"] == 1
        trace = _trace(client, "c1", "t1")
        assert [(one["status"], one["properties"]["tokens"]) for one in trace["revisions"]] == [
            ("current", "28601"),
            ("conflict", "999999"),
        ]
        assert [rated["amount"] for rated in trace["rated"]] == ["0.0143005"]


def test_a_late_contract_rates_what_waited(engine: Engine) -> None:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        set_up(client)
        text = "customers:\n  - {customer_id: c9, name: Late, attributes: {}, aliases: [nobody]}\n"
        text += "contracts:\n  - contract_id: k9\n    customer_id: c9\n    rate_card: acme\n"
        text += "    starts_at: 2026-01-01T00:00:00Z\n    ends_at: null\n    timezone: UTC\n"
        text += "    billing: {interval: month, anchor_day: 1}\n"
        answer_of(client.put("/v1/contracts", content=text))
        trace = _trace(client, "nobody", "lost1")
        assert trace["customer_id"] == "c9"
        assert [rated["product"] for rated in trace["rated"]] == ["calls"]
        assert [(entry["sign"], entry["unrated"]) for entry in trace["ledger"]] == [
            (1, "unknown_customer"),
            (-1, "unknown_customer"),
            (1, ""),
        ]


def test_ids_with_slashes_and_percents(client: httpx.Client) -> None:
    odd = event("a/b%2Fc?d#e é", "tool.call", "12T00:00")
    answer_of(client.post("/v1/events", json=[odd]))
    path = "/v1/events/c1/a%2Fb%252Fc%3Fd%23e%20%C3%A9"
    assert answer_of(client.get(path))["event_id"] == "a/b%2Fc?d#e é"


def test_an_event_that_is_none(client: httpx.Client) -> None:
    problem_of(client.get("/v1/events/c1/none"), 404, "not_found")
    problem_of(client.get("/v1/events/none/t1"), 404, "not_found")
    problem_of(client.get("/v1/events/c2/t1"), 404, "not_found")


FORMULAS = """\
rate_card: acme
currency: USD
constants: {margin: "1.30"}
tables:
  cost: {keys: [model], rows: {small: "0.0000005", large: "0.00001"}}
  factor: {keys: [region], rows: {us: "1", "*": "1.25"}}
formulas:
  token_price: cost[model] * margin * factor[region]
meters:
  tokens: {event_type: llm.request, aggregation: sum, quantity: tokens, unit: token}
products:
  inference:
    meter: tokens
    dimensions: {model: model, region: region}
    price: {model: per_unit, unit_amount: token_price}
  thirds:
    meter: tokens
    dimensions: {region: region}
    price:
      model: graduated
      tiers: [{up_to: "10", unit_amount: "0.5"}, {up_to: null, unit_amount: "factor[region] / 3", flat_amount: "0.1"}]
"""


def test_the_formulas_of_a_price_are_shown_down_to_their_numbers(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        answer_of(client.post("/v1/rate-cards", content=FORMULAS))
        body = {"rate_card_version": 1, "active_from": "2026-01-01T00:00:00Z"}
        answer_of(client.post("/v1/rate-cards/acme/activations", json=body))
        answer_of(client.put("/v1/contracts", content=CONTRACTS.replace("unit: credit", "unit: USD")))
        sent = event("f1", "llm.request", "05T10:00", model="large", region="apac", tokens="100")
        answer_of(client.post("/v1/events", json=[sent]))
        # The card in force is another one by now: the event is explained by what rated it.
        answer_of(client.post("/v1/rate-cards", content=FORMULAS.replace("1.30", "9.90")))
        trace = _trace(client, "c1", "f1")
        inference, thirds = sorted(trace["rated"], key=lambda one: str(one["product"]))
        # 0.00001 × 1.30 = 0.000013; × 1.25, which prices any other region, = 0.00001625; 100 of them are 0.001625.
        assert inference["amount"] == "0.001625"
        assert inference["formulas"] == [
            {
                "name": "unit_amount",
                "formula": "token_price",
                "with_numbers": "0.00001625",
                "result": "0.00001625",
                "numbers": {},
            },
            {
                "name": "token_price",
                "formula": "cost[model] * margin * factor[region]",
                "with_numbers": "0.00001 * 1.30 * 1.25",
                "result": "0.00001625",
                "numbers": {"cost[large]": "0.00001", "factor[*]": "1.25", "margin": "1.3"},
            },
        ]
        assert (
            "Its unit_amount = token_price = 0.00001625; token_price = cost[model] * margin * factor[region] "
            "= 0.00001 * 1.30 * 1.25 = 0.00001625."
        ) in trace["explanation"]
        # Of the tiers only one has a formula: 1.25 / 3, published with 15 decimals.
        (step,) = thirds["formulas"]
        assert (step["name"], step["with_numbers"], step["result"]) == (
            "tiers[2].unit_amount",
            "1.25 / 3",
            "0.416666666666667",
        )
        assert step["result"] == thirds["price"]["tiers"][1]["unit_amount"]
        monkeypatch.setattr("api.reads.formulas.MOST_BYTES", 100)
        assert [one["formulas"] for one in _trace(client, "c1", "f1")["rated"]] == [[], []]


def test_a_price_that_is_written_in_numbers_has_no_formulas(client: httpx.Client) -> None:
    (calls,) = _trace(client, "c1", "call0")["rated"]
    assert calls["formulas"] == []
    (inference,) = _trace(client, "c1", "t1")["rated"]
    assert [one["formula"] for one in inference["formulas"]] == ["token_price[model]"]
