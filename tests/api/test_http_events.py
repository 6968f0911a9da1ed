"""Taking events in by HTTP: every event has its answer, and one bad event never fails the others."""

import gzip
import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from api.events import EventLimits
from api.http.app import create_app
from api.http.bodies import Budget
from api.http.in_process import in_process_client
from tests.api.http_world import INVOICE, NOW, answer_of, calling, event, problem_of, set_up
from tests.conftest import Engine


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[httpx.Client]:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        set_up(client)
        yield client


def _request(event_id: str, tokens: str = "100", **changes: Any) -> dict[str, Any]:
    return (
        event(event_id, "llm.request", "12T10:00", model="small", project="apollo", tokens=tokens) | changes
    )


def test_accepted_duplicate_conflict_and_rejected_in_one_request(client: httpx.Client) -> None:
    answer_of(client.post("/v1/events", json=[_request("mix1"), _request("mix2")]))
    sent = [
        _request("mix3"),
        _request("mix1"),
        _request("mix2", "7"),
        _request("mix4", event_time="2026-02-30"),
    ]
    answer = answer_of(client.post("/v1/events", json=sent))
    counts = {name: answer[name] for name in ("accepted", "duplicate", "conflict", "rejected")}
    assert counts == {"accepted": 1, "duplicate": 1, "conflict": 1, "rejected": 1}
    assert [(one["index"], one["status"]) for one in answer["events"]] == [
        (1, "duplicate"),
        (2, "conflict"),
        (3, "rejected"),
    ]
    assert answer["events"][2]["code"] == "bad_event_time"
    assert answer["events"][2]["field"] == "event_time"
    assert "2026-02-30" in answer["events"][2]["message"]


def test_verbose_answers_every_event_in_request_order(client: httpx.Client) -> None:
    sent = [_request("v1"), _request("v2", customer_id=""), _request("v3")]
    answer = answer_of(client.post("/v1/events?verbose=true", json=sent))
    assert [(one["index"], one["status"]) for one in answer["events"]] == [
        (0, "accepted"),
        (1, "rejected"),
        (2, "accepted"),
    ]


def test_a_repeat_inside_one_request_counts_once(client: httpx.Client) -> None:
    answer = answer_of(client.post("/v1/events?verbose=true", json=[_request("twice"), _request("twice")]))
    assert [one["status"] for one in answer["events"]] == ["accepted", "duplicate"]


def test_atomic_stores_all_or_nothing(client: httpx.Client) -> None:
    problem = problem_of(
        client.post("/v1/events?atomic=true", json=[_request("all1"), {"event_id": "all2"}]),
        422,
        "batch_rejected",
    )
    assert problem["errors"][0]["index"] == 1
    problem_of(client.get("/v1/events/c1/all1"), 404, "not_found")
    assert answer_of(client.post("/v1/events?atomic=true", json=[_request("all1")]))["accepted"] == 1


def test_422_when_not_one_event_can_be_stored(client: httpx.Client) -> None:
    problem = problem_of(client.post("/v1/events", json=[{"event_id": "n1"}, 5]), 422, "all_events_rejected")
    assert [error["index"] for error in problem["errors"]] == [0, 1]
    assert [error["code"] for error in problem["errors"]] == ["missing_field", "not_an_object"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", json.dumps(_request("k1")).encode()),
        ("application/json; charset=utf-8", json.dumps({"events": [_request("k2")]}).encode()),
        ("application/x-ndjson", (json.dumps(_request("k3")) + "\n\n" + json.dumps(_request("k4"))).encode()),
        (
            "application/cloudevents+json",
            b'{"specversion":"1.0","id":"k5","source":"/s","type":"tool.call","subject":"c1",'
            b'"time":"2026-01-12T10:00:00Z","data":{}}',
        ),
    ],
)
def test_every_kind_of_body(client: httpx.Client, content_type: str, body: bytes) -> None:
    answer = answer_of(client.post("/v1/events", content=body, headers={"Content-Type": content_type}))
    assert answer["rejected"] == 0
    assert answer["accepted"] >= 1


def test_gzip(client: httpx.Client) -> None:
    body = gzip.compress(json.dumps([_request("z1")]).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    assert answer_of(client.post("/v1/events", content=body, headers=headers))["accepted"] == 1
    problem_of(client.post("/v1/events", content=body[:-4], headers=headers), 400, "malformed_gzip")
    problem_of(client.post("/v1/events", content=b"[]", headers=headers), 400, "malformed_gzip")
    bomb = gzip.compress(b" " * (200 << 20))
    problem_of(client.post("/v1/events", content=bomb, headers=headers), 413, "body_too_large")


def test_an_encoding_that_is_not_read(client: httpx.Client) -> None:
    headers = {"Content-Encoding": "br", "Content-Type": "application/json"}
    problem_of(client.post("/v1/events", content=b"[]", headers=headers), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("content_type", "body", "status", "code"),
    [
        ("application/json", b"", 400, "no_events"),
        ("application/json", b"[]", 400, "no_events"),
        ("application/json", b"[", 400, "malformed_json"),
        ("application/json", b"NaN", 400, "unexpected_json"),
        ("application/json", b"[NaN", 400, "malformed_json"),
        ("application/json", b'"events"', 400, "unexpected_json"),
        ("application/json", b"[" * 100_000, 400, "too_deeply_nested"),
        ("text/csv", b"a,b", 415, "unsupported_media_type"),
        ("application/json; charset=utf-16", b"[]", 415, "unsupported_media_type"),
        ("application/json", b"[" + b"{}," * 10_000 + b"{}]", 413, "too_many_events"),
        ("application/json", b" " * ((5 << 20) + 1), 413, "body_too_large"),
        ("application/json", b" " * (50 << 20), 413, "body_too_large"),
    ],
)
def test_a_body_that_cannot_be_taken(
    client: httpx.Client, content_type: str, body: bytes, status: int, code: str
) -> None:
    problem_of(client.post("/v1/events", content=body, headers={"Content-Type": content_type}), status, code)


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ('"event_id": ""', "event_id"),
        ('"event_id": 5', "event_id"),
        ('"event_id": "a\\u0000"', "event_id"),
        ('"customer_id": "\\ud800"', None),
        ('"event_time": "0001-01-01T00:00:00Z"', "event_time"),
        ('"event_time": "9999-12-31T23:59:59Z"', "event_time"),
        ('"event_time": null', "event_time"),
        ('"properties": {"tokens": NaN}', None),
        ('"properties": {"tokens": 1e400}', None),
        ('"properties": {"tokens": 123456789012345678901234567890}', "properties.tokens"),
        ('"properties": []', "properties"),
        ('"quantity": 5', "quantity"),
    ],
)
def test_one_bad_event_is_rejected_and_the_others_stand(
    client: httpx.Client, fault: str, field: str | None
) -> None:
    name = f"stands-{abs(hash(fault))}"
    good = json.dumps(_request(name))
    parts = {
        "event_id": '"bad"',
        "customer_id": '"c1"',
        "event_type": '"t"',
        "event_time": '"2026-01-12T10:00:00Z"',
    }
    key, _, value = fault.partition(": ")
    parts[key.strip('"')] = value
    bad = "{" + ", ".join(f'"{name}": {text}' for name, text in parts.items()) + "}"
    response = client.post(
        "/v1/events", content=f"[{bad}, {good}]", headers={"Content-Type": "application/json"}
    )
    if response.status_code == 400:
        # What is no JSON at all fails the array that it is in, never the server; a line of its own would
        # stand.
        assert problem_of(response, 400, "malformed_json")
        lines = f"{bad}\n{good}\n"
        response = client.post("/v1/events", content=lines, headers={"Content-Type": "application/x-ndjson"})
    answer = answer_of(response)
    assert (answer["accepted"], answer["rejected"]) == (1, 1)
    assert answer["events"][0]["index"] == 0
    assert answer["events"][0]["message"]
    if field is not None:
        assert answer["events"][0]["field"] == field


def test_requests_at_the_same_time_share_inserts_and_each_gets_its_own_answers(engine: Engine) -> None:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        set_up(client)
        before = Decimal(answer_of(client.get(f"/v1/invoices/{INVOICE}"))["lines"][0]["quantity"])
        answers: dict[int, Any] = {}

        def send(number: int) -> None:
            # Every request shares half of its events with the next one.
            sent = [_request(f"p{place}") for place in range(number * 10, number * 10 + 20)]
            answers[number] = answer_of(client.post("/v1/events", json=sent))

        threads = [threading.Thread(target=send, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(answer["accepted"] for answer in answers.values()) == 130
        assert sum(answer["duplicate"] for answer in answers.values()) == 110
        lines = {line["product"]: line for line in answer_of(client.get(f"/v1/invoices/{INVOICE}"))["lines"]}
        assert Decimal(lines["calls"]["quantity"]) == before
        assert Decimal(lines["inference"]["quantity"]) == 28601 + 32501 + 858001 + 7 + 130 * 100


def test_amending_changes_the_invoice_and_voiding_takes_it_back(client: httpx.Client) -> None:
    def total() -> Decimal:
        return Decimal(answer_of(client.get(f"/v1/invoices/{INVOICE}"))["total"])

    before = total()
    answer_of(client.post("/v1/events", json=[_request("change", "2000000")]))
    assert total() == before + 1
    changed = client.patch(
        "/v1/events/c1/change", json={"properties": {"model": "small", "tokens": "4000000"}}
    )
    assert answer_of(changed)["revision"] == 1
    assert total() == before + 2
    assert answer_of(client.delete("/v1/events/c1/change"))["event_id"] == "change"
    assert total() == before


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "",
        "[]",
        "[" * 10_000,
        '{"properties": {"tokens": NaN}}',
        '{"properties": {"tokens": 1e9}}',
        '{"event_time": "2026-02-30T00:00:00Z"}',
        '{"properties": null}',
        '{"event_type": "x"}',
        '{"properties": {"tokens": "1"}, "properties": {"tokens": "2"}}',
        '{"properties": {"tokens": "1", "tokens": "2"}}',
        '{"properties": {"\\ud800": "1", "\\ud800": "2"}}',
        '{"properties": {"a": "\\ud800"}}',
        '{"properties": {"": "x"}}',
        '{"properties": {"a\\u0000": "x"}}',
        '{"event_time": "2014-12-31T00:00:00Z"}',
        '{"event_time": "2100-01-01T00:00:00Z"}',
        '{"event_time": "2026-01-20T12:06:00Z"}',
    ],
)
def test_an_amendment_that_makes_no_sense(client: httpx.Client, body: str) -> None:
    problem = problem_of(client.patch("/v1/events/c1/t1", content=body), 422, "invalid_body")
    assert problem["errors"][0]["message"]


def test_an_amendment_is_refused_with_the_codes_of_events(client: httpx.Client) -> None:
    for body, code in [
        ('{"event_time": "2026-02-30T00:00:00Z"}', "bad_event_time"),
        ('{"properties": {"a": "1", "a": "2"}}', "duplicate_field"),
    ]:
        problem = problem_of(client.patch("/v1/events/c1/t1", content=body), 422, "invalid_body")
        assert problem["errors"][0]["code"] == code


def test_an_amended_number_is_kept_as_it_was_sent(client: httpx.Client) -> None:
    answer_of(client.post("/v1/events", json=[_request("exact")]))
    time = "2026-01-12T11:00:00.5+01:00"
    body = f'{{"properties": {{"model": "small", "tokens": 0.100000000}}, "event_time": "{time}"}}'
    answer_of(client.patch("/v1/events/c1/exact", content=body))
    trace = answer_of(client.get("/v1/events/c1/exact"))
    assert trace["properties"] == {"model": "small", "tokens": "0.100000000"}
    assert trace["event_time"] == "2026-01-12T10:00:00.500Z"


def test_amending_or_voiding_what_is_not_there(client: httpx.Client) -> None:
    assert client.patch("/v1/events/c1/none", json={"properties": {}}).status_code == 404
    assert client.delete("/v1/events/c1/none").status_code == 404


def test_limits_are_the_apps(engine: Engine) -> None:
    with engine.store(lambda: NOW) as store:
        app = create_app(store, local=True, limits=EventLimits(max_events=2, max_bytes=2_000))
        with in_process_client(app) as client:
            assert (
                answer_of(client.post("/v1/events", json=[_request("l1"), _request("l2")]))["accepted"] == 2
            )
            three = [_request("l1"), _request("l2"), _request("l3")]
            problem_of(client.post("/v1/events", json=three), 413, "too_many_events")
            problem_of(client.post("/v1/events", content=b" " * 2_001), 413, "body_too_large")


def test_more_bodies_than_can_be_held_are_sent_away(engine: Engine) -> None:
    with engine.store(lambda: NOW) as store:
        app = create_app(store, local=True)
        app.state.budget = Budget(100)
        with in_process_client(app) as client:
            response = client.post("/v1/events", json=[_request("b1")])
            problem_of(response, 503, "too_busy")
            assert response.headers["retry-after"] == "1"
