"""Invoices and the events behind their lines, by HTTP."""

from collections.abc import Iterator
from decimal import Decimal, localcontext
from typing import Any

import httpx
import pytest

from tests.api.http_world import (
    CARD,
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


def _lines(invoice: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {line["line_id"]: line for line in invoice["lines"]}


def test_invoice_is_complete_and_worked_by_hand(client: httpx.Client) -> None:
    invoice = answer_of(client.get(f"/v1/invoices/{INVOICE}"))
    lines = _lines(invoice)
    # 0.0143005 + 0.0162505 + 8.58001 + 0.00007 = 8.610631
    assert lines["usage:inference:1"]["exact_amount"] == "8.610631"
    assert lines["usage:inference:1"]["amount"] == "8.61"
    assert [
        (row["dimensions"], row["show"], row["amount"]) for row in lines["usage:inference:1"]["breakdown"]
    ] == [
        ({"model": "large"}, {"project": "apollo"}, "8.58"),
        ({"model": "small"}, {"project": "apollo"}, "0.01"),
        ({"model": "small"}, {"project": "zephyr"}, "0.02"),
    ]
    # 6 calls, 2 free, packages of 3: ceil(4 / 3) = 2
    assert lines["usage:calls:1"]["amount"] == "2.00"
    # 122 gigabytes, all at 0.01, and 0.5
    assert lines["usage:storage:1"]["amount"] == "1.72"
    # 4 tasks × 2 credits × 0.05, of which 5 credits are paid by the grant
    assert lines["usage:tasks:1"]["unit"] == "credit"
    assert lines["usage:tasks:1"]["amount"] == "0.40"
    assert lines["credit:tasks:g1"]["amount"] == "-0.25"
    assert lines["credit:tasks:g1"]["kind"] == "credit"
    assert invoice["state"] == "draft"
    assert invoice["period_start"] == "2026-01-01T00:00:00Z"
    assert invoice["period_end"] == "2026-02-01T00:00:00Z"
    assert invoice["credits_applied"] == "0.25"
    usage = sum(Decimal(line["amount"]) for line in invoice["lines"] if line["kind"] == "usage")
    assert Decimal(invoice["subtotal"]) == usage
    assert Decimal(invoice["total"]) == usage - Decimal("0.25")


def test_rows_of_a_breakdown_add_up_to_the_line(client: httpx.Client) -> None:
    for line in answer_of(client.get(f"/v1/invoices/{INVOICE}"))["lines"]:
        if line["kind"] == "usage":
            assert sum(Decimal(row["amount"]) for row in line["breakdown"]) == Decimal(line["amount"])
            assert sum(Decimal(row["quantity"]) for row in line["breakdown"]) == Decimal(line["quantity"])


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_events_of_a_line_add_up_to_its_exact_amount(client: httpx.Client, limit: int) -> None:
    lines = [
        line for line in answer_of(client.get(f"/v1/invoices/{INVOICE}"))["lines"] if line["kind"] == "usage"
    ]
    assert len(lines) == 5
    for line in lines:
        events = pages(client, f"/v1/invoices/{INVOICE}/lines/{line['line_id']}/events", limit)
        with localcontext(prec=100):
            assert sum(Decimal(one["amount"]) for one in events) == Decimal(line["exact_amount"]), line[
                "line_id"
            ]
            assert sum(Decimal(one["quantity"]) for one in events) == Decimal(line["quantity"])
        times = [one["event_time"] for one in events]
        assert times == sorted(times)
        assert len({(one["customer_id"], one["event_id"]) for one in events}) == len(events)


def test_an_event_of_a_tiered_line_costs_what_it_adds(client: httpx.Client) -> None:
    events = answer_of(client.get(f"/v1/invoices/{INVOICE}/lines/usage:gpu:1/events"))["items"]
    third = Decimal("0.333333333333333")
    before = Decimal("1.123456789") + Decimal("2.123456789") + Decimal("3.123456789")
    # The fourth event crosses the first bound at 10 minutes, and so enters the second tier with its flat
    # amount.
    with localcontext(prec=60):
        crossing = (
            (10 - before) * third + (before + Decimal("4.123456789") - 10) * Decimal("0.2") + Decimal("1.5")
        )
        assert Decimal(events[3]["amount"]) == crossing
        assert Decimal(events[0]["amount"]) == Decimal("1.123456789") * third
    assert all(one["unit_price"] is None for one in events)


def test_an_event_sent_under_an_alias_is_on_the_customers_line(client: httpx.Client) -> None:
    events = answer_of(client.get(f"/v1/invoices/{INVOICE}/lines/usage:inference:1/events"))["items"]
    assert [(one["customer_id"], one["event_id"], one["amount"]) for one in events][-1] == (
        "old-c1",
        "t4",
        "0.00007",
    )


def test_an_amended_and_a_voided_event_leave_the_line_exact(engine: Engine) -> None:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        set_up(client)
        answer_of(client.patch("/v1/events/c1/gpu4", json={"properties": {"minutes": "0.5"}}))
        answer_of(client.patch("/v1/events/c1/gpu2", json={"event_time": "2026-01-08T23:00:00Z"}))
        answer_of(client.delete("/v1/events/c1/gpu1"))
        line = _lines(answer_of(client.get(f"/v1/invoices/{INVOICE}")))["usage:gpu:1"]
        events = pages(client, f"/v1/invoices/{INVOICE}/lines/usage:gpu:1/events", 2)
        assert [one["event_id"] for one in events] == ["gpu3", "gpu4", "gpu5", "gpu6", "gpu7", "gpu8", "gpu2"]
        with localcontext(prec=100):
            assert sum(Decimal(one["amount"]) for one in events) == Decimal(line["exact_amount"])


def test_a_version_change_splits_lines_and_their_events(engine: Engine) -> None:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        set_up(client)
        answer_of(client.post("/v1/rate-cards", content=CARD.replace('"0.2"', '"0.15"')))
        body = {"rate_card_version": 2, "active_from": "2026-01-08T05:00:00Z"}
        answer_of(client.post("/v1/rate-cards/acme/activations", json=body))
        lines = _lines(answer_of(client.get(f"/v1/invoices/{INVOICE}")))
        for line_id, ids in (
            ("usage:gpu:1", ["gpu1", "gpu2", "gpu3", "gpu4"]),
            ("usage:gpu:2", ["gpu5", "gpu6", "gpu7", "gpu8"]),
        ):
            events = answer_of(client.get(f"/v1/invoices/{INVOICE}/lines/{line_id}/events"))["items"]
            assert [one["event_id"] for one in events] == ids
            with localcontext(prec=100):
                assert sum(Decimal(one["amount"]) for one in events) == Decimal(
                    lines[line_id]["exact_amount"]
                )


def test_two_reads_with_nothing_between_are_equal_to_the_byte(client: httpx.Client) -> None:
    assert client.get(f"/v1/invoices/{INVOICE}").content == client.get(f"/v1/invoices/{INVOICE}").content


def test_an_acknowledged_event_is_in_the_next_read(engine: Engine) -> None:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        set_up(client)
        before = Decimal(answer_of(client.get(f"/v1/invoices/{INVOICE}"))["total"])
        answer_of(
            client.post(
                "/v1/events", json=[event("n1", "llm.request", "11T00:00", model="large", tokens="100000")]
            )
        )
        assert Decimal(answer_of(client.get(f"/v1/invoices/{INVOICE}"))["total"]) == before + 1


def test_list_has_every_period_that_began_with_the_invoices_totals(client: httpx.Client) -> None:
    listed = answer_of(client.get("/v1/invoices"))["items"]
    assert [one["invoice_id"] for one in listed] == [INVOICE, "k2:eu/1:2026-01-01"]
    for one in listed:
        path = one["invoice_id"].replace("/", "%2F")
        invoice = answer_of(client.get(f"/v1/invoices/{path}"))
        assert one == {name: value for name, value in invoice.items() if name not in ("lines", "calculation")}


def test_list_by_customer_contract_and_time(client: httpx.Client) -> None:
    def ids(**parameters: str) -> list[str]:
        return [
            one["invoice_id"] for one in answer_of(client.get("/v1/invoices", params=parameters))["items"]
        ]

    assert ids(customer_id="c1") == [INVOICE]
    assert ids(contract_id="k2:eu/1") == ["k2:eu/1:2026-01-01"]
    assert ids(start="2026-01-01T00:00:00Z") == [INVOICE]
    assert ids(end="2026-01-01T00:00:00Z") == ["k2:eu/1:2026-01-01"]


def test_pages_of_one_are_the_whole_list(client: httpx.Client) -> None:
    assert pages(client, "/v1/invoices", 1) == answer_of(client.get("/v1/invoices"))["items"]


def test_after_the_periods_end_it_is_in_grace(engine: Engine) -> None:
    with engine.store(lambda: NOW.replace(month=2, day=1)) as store, calling(store) as client:
        set_up(client)
        assert answer_of(client.get(f"/v1/invoices/{INVOICE}"))["state"] == "grace"
        assert answer_of(client.get("/v1/invoices/k1:2026-02-01"))["state"] == "draft"
        listed = answer_of(client.get("/v1/invoices", params={"contract_id": "k1"}))["items"]
        assert [one["state"] for one in listed] == ["draft", "grace"]


def test_after_grace_what_nobody_finalised_is_a_draft(engine: Engine) -> None:
    with engine.store(lambda: NOW.replace(month=2, day=3)) as store, calling(store) as client:
        set_up(client)
        assert answer_of(client.get(f"/v1/invoices/{INVOICE}"))["state"] == "draft"


@pytest.mark.parametrize(
    "invoice_id",
    [
        "k1",
        "k1:",
        ":2026-01-01",
        "k1:2026-01-02",
        "k1:2026-1-1",
        "k1:20260101",
        "k1:2026-02-30",
        "k9:2026-01-01",
    ],
)
def test_an_invoice_that_is_none_is_not_found(client: httpx.Client, invoice_id: str) -> None:
    problem_of(client.get(f"/v1/invoices/{invoice_id}"), 404, "not_found")


@pytest.mark.parametrize(
    "line_id", ["usage:gpu:2", "usage:gpu", "usage::1", "credit:tasks:g1", "gpu", "usage:gpu:9e9"]
)
def test_a_line_that_is_none_is_not_found(client: httpx.Client, line_id: str) -> None:
    problem_of(client.get(f"/v1/invoices/{INVOICE}/lines/{line_id}/events"), 404, "not_found")


def test_usage_that_has_no_price_is_on_no_line(client: httpx.Client) -> None:
    quantity = _lines(answer_of(client.get(f"/v1/invoices/{INVOICE}")))["usage:inference:1"]["quantity"]
    priced = [one for one in EVENTS if one["event_id"] in ("t1", "t2", "t3", "t4")]
    assert Decimal(quantity) == sum(Decimal(one["properties"]["tokens"]) for one in priced)
