"""Whatever is sent, the answer to what is wrong is a problem with a 4xx status, and nothing internal
leaks."""

import ast
import base64
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.http import cursors
from api.http.problem import CODES
from tests.api.http_world import CARD, INVOICE, NOW, answer_of, calling, problem_of, set_up
from tests.conftest import Engine


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[httpx.Client]:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        set_up(client)
        yield client


LISTS = [
    "/v1/invoices",
    f"/v1/invoices/{INVOICE}/lines/usage:gpu:1/events",
    "/v1/customers",
    "/v1/customers/c1/balances",
    "/v1/customers/c1/usage",
    "/v1/customers/c1/prices",
    "/v1/contracts",
    "/v1/rate-cards",
    "/v1/rate-cards/acme/versions",
    "/v1/rate-cards/acme/versions/1/prices",
    "/v1/rate-cards/acme/activations",
    "/v1/unrated",
    "/v1/unrated/events",
]

REFUSALS = {
    "BadRequest",
    "Conflicting",
    "NotFound",
    "OperationRefused",
    "ProblemError",
    "StoreUnavailable",
    "Unprocessable",
}

# Percent-encoded ids that no customer, event, invoice, line or card can have.
HOSTILE_IDS = [
    "%00",
    "a%00b",
    "a%0Ab",
    "a%1Fb",
    "%7F",
    "%C2%85",
    "x" * 257,
    "x" * 10_000,
    "%01",
]
# Odd, but possible as ids: nothing has them.
UNKNOWN_IDS = [
    "'%20OR%201=1%20--",
    "%7Bcustomer_id:String%7D",
    "%5C",
    "%25",
    "..;",
    "%F0%9F%92%A9",
]

PATHS = [
    "/v1/customers/{}",
    "/v1/customers/{}/balances",
    "/v1/customers/{}/usage",
    "/v1/customers/{}/prices",
    "/v1/contracts/{}",
    "/v1/events/{}/t1",
    "/v1/events/c1/{}",
    "/v1/invoices/{}",
    "/v1/invoices/k1:2026-01-01/lines/{}/events",
    "/v1/rate-cards/{}/versions",
    "/v1/rate-cards/{}/versions/1",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("hostile", HOSTILE_IDS)
def test_an_id_that_cannot_be_is_refused(client: httpx.Client, path: str, hostile: str) -> None:
    problem = problem_of(client.get(path.format(hostile)), 422, "invalid_parameter")
    assert problem["errors"][0]["in"] == "path"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("unknown", UNKNOWN_IDS)
def test_an_odd_id_is_just_not_found(client: httpx.Client, path: str, unknown: str) -> None:
    problem_of(client.get(path.format(unknown)), 404, "not_found")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "limit", ["0", "-1", "1001", "1e9", "1000000000000000000000", "NaN", "1.5", "ten", "", "1_0"]
)
def test_a_limit_out_of_range_is_refused(client: httpx.Client, path: str, limit: str) -> None:
    problem = problem_of(client.get(path, params={"limit": limit}), 422, "invalid_parameter")
    assert problem["errors"][0]["field"] == "limit"


@pytest.mark.parametrize(
    "instant",
    [
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-02-30T00:00:00Z",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00+99:00",
        "2014-12-31T23:59:59.999Z",
        "2100-01-01T00:00:00.001Z",
        "0001-01-01T00:00:00+14:00",
        "yesterday",
        "",
        "1767225600",
        "NaN",
        "2026-01-01T00:00:00Z' OR 1=1",
    ],
)
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/customers/c1/prices", "at"),
        ("/v1/customers/c1/usage", "start"),
        ("/v1/invoices", "end"),
    ],
)
def test_an_instant_that_is_none_is_refused(client: httpx.Client, path: str, name: str, instant: str) -> None:
    problem = problem_of(client.get(path, params={name: instant}), 422, "invalid_parameter")
    assert problem["errors"][0]["field"] == name


@pytest.mark.parametrize(
    "instant", ["2015-01-01T00:00:00Z", "2100-01-01T00:00:00Z", "2026-01-01T00:00:00+14:00"]
)
@pytest.mark.parametrize(
    ("path", "name"),
    [("/v1/invoices", "start"), ("/v1/invoices", "end")],
)
def test_an_instant_at_the_edges_is_taken(client: httpx.Client, path: str, name: str, instant: str) -> None:
    answer_of(client.get(path, params={name: instant}))


def test_the_whole_range_of_usage_can_be_asked_for(client: httpx.Client) -> None:
    for by in ("hour", "day", "month"):
        bounds = {"start": "2015-01-01T00:00:00Z", "end": "2100-01-01T00:00:00Z", "by": by}
        assert answer_of(client.get("/v1/customers/c1/usage", params=bounds))["items"]


def test_a_range_that_ends_before_it_starts_is_refused(client: httpx.Client) -> None:
    bounds = {"start": "2026-02-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"}
    problem_of(client.get("/v1/customers/c1/usage", params=bounds), 422, "invalid_parameter")


@pytest.mark.parametrize("path", LISTS)
def test_a_misspelt_parameter_is_refused(client: httpx.Client, path: str) -> None:
    problem = problem_of(client.get(path, params={"limti": "5"}), 400, "unknown_parameter")
    assert problem["errors"] == [{"field": "limti", "in": "query", "message": "it is not known here"}]


def test_a_parameter_given_twice_is_refused(client: httpx.Client) -> None:
    problem_of(client.get("/v1/invoices?customer_id=c1&customer_id=c2"), 400, "unknown_parameter")


def test_a_repeatable_parameter_may_be_repeated(client: httpx.Client) -> None:
    usage = answer_of(client.get("/v1/customers/c1/usage?group_by=model&group_by=project"))
    assert set(usage["items"][0]["dimensions"]) == {"model", "project"}


def test_nine_groups_are_too_many(client: httpx.Client) -> None:
    query = "&".join(f"group_by=d{number}" for number in range(9))
    problem_of(client.get(f"/v1/customers/c1/usage?{query}"), 422, "invalid_parameter")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "%00",
        "....",
        "A" * 4096,
        base64.urlsafe_b64encode(b"[]").decode(),
        base64.urlsafe_b64encode(b'["0123456789abcdef01234567",[1,"a"]]').decode(),
        base64.urlsafe_b64encode(b'["\\ud800",[NaN]]').decode(),
        base64.urlsafe_b64encode(b"[" * 2000).decode(),
    ],
)
def test_a_cursor_that_was_not_given_out_is_refused(client: httpx.Client, path: str, cursor: str) -> None:
    problem_of(client.get(path, params={"cursor": cursor}), 400, "invalid_cursor")


@pytest.mark.parametrize("path", LISTS)
def test_an_oversized_cursor_is_refused(client: httpx.Client, path: str) -> None:
    problem_of(client.get(path, params={"cursor": "A" * 20_000}), 422, "invalid_parameter")


def test_every_changed_character_of_a_cursor_is_noticed(client: httpx.Client) -> None:
    cursor = answer_of(client.get("/v1/invoices?limit=1"))["next_cursor"]
    for place, character in enumerate(cursor):
        changed = cursor[:place] + ("A" if character != "A" else "B") + cursor[place + 1 :]
        problem_of(client.get("/v1/invoices", params={"limit": 1, "cursor": changed}), 400, "invalid_cursor")


def test_a_cursor_is_good_for_its_own_list_and_filters_only(client: httpx.Client) -> None:
    cursor = answer_of(client.get("/v1/invoices?limit=1"))["next_cursor"]
    problem_of(
        client.get("/v1/invoices", params={"cursor": cursor, "customer_id": "c1"}), 400, "invalid_cursor"
    )
    problem_of(client.get("/v1/customers", params={"cursor": cursor}), 400, "invalid_cursor")


# What a forger who knows how cursors are made could put into one.
FORGED: dict[str, list[list[str | int]]] = {
    "/v1/invoices": [[2**63, "a"], [-1, "a"], ["a", "a"], [0], [0, "a" * 3000]],
    "/v1/rate-cards/acme/activations": [[2**64], [-5], ["x"]],
    "/v1/unrated/events": [[2**60, "", "", ""], [0, "\u0000", "'", "\\"], [0, "", ""]],
}
FILTERS: dict[str, tuple[str, dict[str, object]]] = {
    "/v1/invoices": ("invoices", dict.fromkeys(("customer_id", "contract_id", "start", "end"))),
    "/v1/rate-cards/acme/activations": ("activations", {"rate_card": "acme"}),
    "/v1/unrated/events": ("unrated_events", dict.fromkeys(("customer_id", "reason"))),
}


@pytest.mark.parametrize("path", FORGED)
def test_a_forged_cursor_never_reaches_the_engine_with_nonsense(client: httpx.Client, path: str) -> None:
    listing, filters = FILTERS[path]
    for position in FORGED[path]:
        cursor = cursors.encode_cursor(listing, filters, tuple(position))
        assert client.get(path, params={"cursor": cursor}).status_code in (200, 400), position


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/", "/v2/events", "/v1/invoices/", "/v1/customers//balances", "/..%2f"]
)
def test_a_path_that_is_none(client: httpx.Client, method: str, path: str) -> None:
    problem_of(client.request(method, path), 404, "unknown_path")


def test_a_method_that_a_path_does_not_have(client: httpx.Client) -> None:
    response = client.delete("/v1/invoices")
    problem_of(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET"


def test_a_card_with_errors_says_where(client: httpx.Client) -> None:
    wrong = CARD.replace("meter: calls", "meter: cals").replace("token_price[model]", "token_prise[model]")
    for path in ("/v1/rate-cards", "/v1/rate-cards/validate"):
        problem = problem_of(
            client.post(path, content=wrong, params={"file_name": "my card.yaml"}), 422, "invalid_rate_card"
        )
        assert [error["code"] for error in problem["errors"]] == ["unknown_name", "unknown_meter"]
        for error in problem["errors"]:
            assert error["file"] == "my card.yaml"
            assert error["line"] > 1
            assert error["column"] > 1
            assert error["fix"]


def test_contracts_with_errors_say_where(client: httpx.Client) -> None:
    text = "contracts:\n  - {contract_id: k9, customer_id: c1, rate_card: acme, starts_at: soon}\n"
    problem = problem_of(client.put("/v1/contracts", content=text), 422, "invalid_contracts")
    assert problem["errors"][0]["line"] == 2


@pytest.mark.parametrize("body", [b"", b"  \n", b"\xff\xfe", b"a: \xed\xa0\x80"])
@pytest.mark.parametrize(("method", "path"), [("PUT", "/v1/contracts"), ("POST", "/v1/rate-cards")])
def test_a_document_that_is_no_text(client: httpx.Client, method: str, path: str, body: bytes) -> None:
    problem_of(client.request(method, path, content=body), 400, "invalid_body")


@pytest.mark.parametrize(
    "body", [b"\x00", b"[1]", b"{", b"&a [*a]", b"%%%", b"- " * 5000, b"{" * 5000, b"a" * 100_000]
)
@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("PUT", "/v1/contracts", "invalid_contracts"),
        ("POST", "/v1/rate-cards", "invalid_rate_card"),
        ("POST", "/v1/rate-cards/validate", "invalid_rate_card"),
    ],
)
def test_a_document_that_is_no_document(
    client: httpx.Client, method: str, path: str, code: str, body: bytes
) -> None:
    problem_of(client.request(method, path, content=body), 422, code)


def test_an_oversized_document_is_refused(client: httpx.Client) -> None:
    problem_of(client.put("/v1/contracts", content=b"#" * (11 << 20)), 413, "body_too_large")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "null",
        "NaN",
        '{"rate_card_version": NaN}',
        '{"rate_card_version": "1", "active_from": "2026-01-01T00:00:00Z"}',
        '{"rate_card_version": 1.0, "active_from": "2026-01-01T00:00:00Z"}',
        '{"rate_card_version": true, "active_from": "2026-01-01T00:00:00Z"}',
        '{"rate_card_version": 99999999999999999999, "active_from": "2026-01-01T00:00:00Z"}',
        '{"rate_card_version": 0, "active_from": "2026-01-01T00:00:00Z"}',
        '{"rate_card_version": 1}',
        '{"rate_card_version": 1, "active_from": 1767225600}',
        '{"rate_card_version": 1, "active_from": "0001-01-01T00:00:00Z"}',
        '{"rate_card_version": 1, "active_from": "2026-02-30T00:00:00Z"}',
        '{"rate_card_version": 1, "active_from": "\\ud800"}',
        '{"rate_card_version": 1, "active_from": "2026-01-01T00:00:00Z", "cohort": "vip"}',
        '{"rate_card_version": 1, "active_from": "2026-01-01T00:00:00Z", "cohort": null}',
        '{"rate_card_version": 1, "active_from": "2026-01-01T00:00:00Z", "cohort": {}}',
        '{"rate_card_version": 1, "active_from": "2026-01-01T00:00:00Z", "cohort": {"percent": 0.5}}',
        '{"rate_card_version": 1, "active_from": "2026-01-01T00:00:00Z", "cohort": {"where": "1 = 1; DROP"}}',
        '{"rate_card_version": 1, "active_from": "2026-01-01T00:00:00Z", "note": "a\\nb"}',
        '{"rate_card_version": 1, "active_from": "2026-01-01T00:00:00Z", "from": "x"}',
    ],
)
def test_an_activation_that_makes_no_sense(client: httpx.Client, body: str) -> None:
    problem = problem_of(client.post("/v1/rate-cards/acme/activations", content=body), 422, "invalid_body")
    assert problem["errors"]


def test_a_reconcile_that_ends_before_it_starts_is_refused(client: httpx.Client) -> None:
    for end in ("2026-01-01T00:00:00Z", "2025-12-31T00:00:00Z"):
        body = {"start": "2026-01-01T00:00:00Z", "end": end}
        problem = problem_of(client.post("/v1/reconcile", json=body), 422, "invalid_body")
        assert problem["errors"][0]["field"] == "start"


def test_an_oversized_json_body_is_refused(client: httpx.Client) -> None:
    problem_of(client.post("/v1/reconcile", content=b" " * 100_000), 413, "body_too_large")


def test_activating_what_is_not_there(client: httpx.Client) -> None:
    body = {"rate_card_version": 9, "active_from": "2026-01-01T00:00:00Z"}
    for path in ("/v1/rate-cards/acme/activations", "/v1/rate-cards/none/activations"):
        response = client.post(path, json=body)
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("version", ["0", "-1", "4294967296", "1e3", "one", "1.0"])
def test_a_version_that_is_no_number(client: httpx.Client, version: str) -> None:
    problem_of(client.get(f"/v1/rate-cards/acme/versions/{version}"), 422, "invalid_parameter")


def test_every_code_that_is_given_out_is_explained_and_the_other_way_round() -> None:
    api = Path(__file__).parents[2] / "api"
    given: set[str] = set()
    for path in api.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSALS:
                given |= {str(one.value) for one in node.args[:2] if isinstance(one, ast.Constant)} & set(
                    CODES
                )
                first = node.args[1 if node.func.id == "ProblemError" else 0]
                assert not isinstance(first, ast.Constant) or first.value in CODES, (path.name, first.value)
    # Those are chosen by what was raised, not written out at a call.
    given |= {"invalid_rate_card", "invalid_contracts", "engine_busy"}
    assert given == set(CODES)


def test_a_problem_type_leads_to_its_explanation(client: httpx.Client) -> None:
    problem = client.get("/v1/customers/nobody").json()
    page = answer_of(client.get(problem["type"]))
    assert page["code"] == "not_found"
    assert page["title"] == problem["title"]
    problem_of(client.get("/problems/none"), 404, "not_found")


def test_instance_is_the_path_as_it_was_sent(client: httpx.Client) -> None:
    assert client.get("/v1/customers/a%2Fb?limit=1").json()["instance"] == "/v1/customers/a%2Fb"


def test_all_of_it_is_json(client: httpx.Client) -> None:
    assert json.loads(client.get("/nope").content)["code"] == "unknown_path"
