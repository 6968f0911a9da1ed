"""Validating a rate card over HTTP: what is wrong with it, or what it would become; nothing is stored."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api.http_world import CARD, NOW, answer_of, calling, problem_of, set_up
from tests.conftest import Engine


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[httpx.Client]:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        set_up(client)
        yield client


def test_checking_a_card_stores_nothing(client: httpx.Client) -> None:
    answer = answer_of(client.post("/v1/rate-cards/validate", content=CARD.replace("acme", "other")))
    assert (answer["rate_card"], answer["products"], answer["prices"]) == ("other", 5, 6)
    problem_of(client.get("/v1/rate-cards/other/versions"), 404, "not_found")
    problem_of(client.get("/v1/rate-cards/other/activations"), 404, "not_found")
    assert (answer["rate_card_version"], answer["created"], answer["latest"]) == (1, True, None)


def test_checking_a_card_says_what_it_would_become(client: httpx.Client) -> None:
    def checked(text: str) -> Any:
        return answer_of(client.post("/v1/rate-cards/validate", content=text))

    same = checked(f"# only a comment\n{CARD}")
    assert (same["rate_card_version"], same["created"]) == (1, False)
    nothing = {"prices_added": 0, "prices_removed": 0, "prices_changed": 0, "changes": []}
    assert same["latest"] == {"rate_card_version": 1, **nothing}
    # The large model is dearer, the small one is gone, and two are new.
    other = checked(
        CARD.replace(
            '{small: "0.0000005", large: "0.00001"}', '{large: "0.00002", huge: "0.0001", tiny: "0.0000001"}'
        )
    )
    assert (other["rate_card_version"], other["created"], other["prices"]) == (2, True, 7)
    assert other["latest"] == {
        "rate_card_version": 1,
        "prices_added": 2,
        "prices_removed": 1,
        "prices_changed": 1,
        "changes": [
            {
                "product": "inference",
                "dimensions": {"model": "large"},
                "field": "unit_amount",
                "unit": "USD",
                "before": "0.00001",
                "after": "0.00002",
            }
        ],
    }
    euros = client.post("/v1/rate-cards/validate", content=CARD.replace("currency: USD", "currency: EUR"))
    problem_of(euros, 409, "currency_changed")
    wrong = problem_of(
        client.post(
            "/v1/rate-cards/validate",
            content=CARD.replace("token_price[model]", "token_prize[model]").replace(
                "quantity: tokens", "quantity: 1 +"
            ),
        ),
        422,
        "invalid_rate_card",
    )
    assert [(error["line"], error["code"]) for error in wrong["errors"]] == [
        (8, "invalid_expression"),
        (19, "unknown_name"),
    ]
    assert all(error["column"] and error["fact"] and error["fix"] for error in wrong["errors"])
    assert len(answer_of(client.get("/v1/rate-cards/acme/versions"))["items"]) == 1
