"""Numbers of a card set over HTTP: at the same time by several, and refused with every reason."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.api.http_world import CARD, NOW, answer_of, calling, set_up
from tests.conftest import Engine

ROUTE = "/v1/rate-cards/acme/numbers"
FROM = "2026-01-10T00:00:00Z"


@pytest.fixture
def client(engine: Engine) -> Iterator[httpx.Client]:
    """The API of a store with a card in force and usage."""
    with engine.store(clock=lambda: NOW) as store, calling(store) as called:
        set_up(called)
        yield called


def test_numbers_that_are_set_at_the_same_time_all_hold(client: httpx.Client) -> None:
    """Each change is made to the version that the one before it put in force."""
    wanted = {
        "token_price[small]": "0.0000006",
        "token_price[large]": "0.00002",
    }
    with ThreadPoolExecutor(len(wanted)) as threads:
        done = list(
            threads.map(
                lambda one: answer_of(
                    client.post(ROUTE, json={"numbers": {one[0]: one[1]}, "active_from": FROM})
                ),
                wanted.items(),
            )
        )
    assert sorted((one["base_version"], one["rate_card_version"]) for one in done) == [(1, 2), (2, 3)]
    document = answer_of(client.get("/v1/rate-cards/acme/versions/3"))["document"]
    assert document == CARD.replace('"0.0000005"', '"0.0000006"').replace('"0.00001"', '"0.00002"')
    assert answer_of(client.post("/v1/verify"))["holds"]


def test_every_reason_is_told_and_nothing_is_stored(client: httpx.Client) -> None:
    numbers = {"token_price[smal]": "1", "token_price[large]": "0,5", "token_price[small]": "2"}
    refused = client.post(ROUTE, json={"numbers": numbers, "active_from": FROM})
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (422, "invalid_change")
    assert [one["message"].partition(";")[0] for one in problem["errors"]] == [
        "token_price has no row [smal]",
        "token_price[large]: '0,5' is not a plain decimal",
    ]
    assert len(answer_of(client.get("/v1/rate-cards/acme/versions"))["items"]) == 1


def test_a_number_that_is_no_text_is_refused(client: httpx.Client) -> None:
    refused = client.post(ROUTE, json={"numbers": {"token_price[small]": 0.5}, "active_from": FROM})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_body")
