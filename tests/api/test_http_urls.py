"""How a URL is read: percent-escapes are UTF-8, or the request is refused."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.api.http_world import NOW, answer_of, calling, event, problem_of
from tests.conftest import Engine

# Bytes that are no UTF-8: alone, half of a character, too long a way of writing one, half of a surrogate pair.
NO_UTF_8 = ["%FF", "%FF%FE", "a%C3", "%C3(", "%C0%AF", "%ED%A0%80", "%ff"]


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[httpx.Client]:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        yield client


@pytest.mark.parametrize("bytes_", NO_UTF_8)
def test_escapes_that_are_no_utf_8_are_refused(client: httpx.Client, bytes_: str) -> None:
    """Not read as U+FFFD, which would make one id of many."""
    paths = [path for path in answer_of(client.get("/openapi.json"))["paths"] if "{" in path]
    assert len(paths) > 10
    for path in paths:
        problem_of(client.get(re.sub(r"\{\w+\}", bytes_, path)), 400, "malformed_url")
    for query in ("customer_id={}", "{}=1", "customer_id=c1&contract_id={}", "customer_id=c1+{}"):
        problem_of(client.get(f"/v1/invoices?{query.format(bytes_)}"), 400, "malformed_url")
    problem_of(client.post(f"/v1/events?atomic={bytes_}", content=b"[]"), 400, "malformed_url")
    problem = problem_of(client.delete(f"/v1/events/c1/{bytes_}"), 400, "malformed_url")
    assert problem["instance"] == f"/v1/events/c1/{bytes_}"


def test_escapes_that_are_utf_8_are_read(client: httpx.Client) -> None:
    sent = event("é/%\ufffd", "tool.call", "12T00:00", customer_id="ü \ufffd")
    answer_of(client.post("/v1/events", json=[sent]))
    trace = answer_of(client.get("/v1/events/%C3%BC%20%EF%BF%BD/%C3%A9%2F%25%EF%BF%BD"))
    assert (trace["event_id"], trace["sent_customer_id"]) == (sent["event_id"], sent["customer_id"])
    listed = answer_of(client.get("/v1/unrated/events?customer_id=%C3%BC+%EF%BF%BD"))
    assert [one["event_id"] for one in listed["items"]] == [sent["event_id"]]
