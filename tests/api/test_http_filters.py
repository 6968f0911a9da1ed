"""Filters that name what nobody knows are refused; those that may match nothing are not."""

from collections.abc import Iterator

import httpx
import pytest

from tests.api.http_world import NOW, answer_of, calling, problem_of, set_up
from tests.conftest import Engine


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[httpx.Client]:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        set_up(client)
        yield client


@pytest.mark.parametrize(
    ("path", "parameters", "named"),
    [
        ("/v1/customers/c1/usage", {"group_by": "modle"}, "known are: model, project"),
        ("/v1/customers/c1/usage", {"group_by": ["model", ""]}, "it is empty"),
        ("/v1/customers/c1/usage", {"product": "inferense"}, "calls, gpu, inference, storage, tasks"),
        ("/v1/customers/c1/prices", {"product": "inferense"}, "calls, gpu, inference, storage, tasks"),
        ("/v1/rate-cards/acme/versions/1/prices", {"product": "x"}, "calls, gpu, inference, storage, tasks"),
        ("/v1/invoices", {"customer_id": "c3"}, "there is no such customer"),
        ("/v1/invoices", {"contract_id": "k3"}, "there is no such contract"),
        ("/v1/contracts", {"customer_id": "c3"}, "there is no such customer"),
    ],
)
def test_a_filter_that_names_what_nobody_knows_is_refused(
    client: httpx.Client, path: str, parameters: dict[str, str | list[str]], named: str
) -> None:
    problem = problem_of(client.get(path, params=parameters), 422, "invalid_parameter")
    assert named in problem["errors"][0]["message"]
    assert problem["errors"][0]["field"].partition(".")[0] in parameters


def test_filters_that_may_match_nothing(client: httpx.Client) -> None:
    for path, parameters in [
        ("/v1/customers/c2/usage", {"product": "gpu", "group_by": "project"}),
        ("/v1/unrated", {"customer_id": "never-seen"}),
        ("/v1/unrated/events", {"customer_id": "never-seen"}),
    ]:
        assert answer_of(client.get(path, params=parameters))["items"] == []


def test_a_filter_takes_an_alias(client: httpx.Client) -> None:
    for path in ("/v1/invoices", "/v1/contracts"):
        of_alias, of_id = (
            answer_of(client.get(path, params={"customer_id": customer}))["items"]
            for customer in ("old-c1", "c1")
        )
        assert of_alias == of_id != []
