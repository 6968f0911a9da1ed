"""The OpenAPI document: complete, with examples that are what they say, and answers that are what it says."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from api.http.app import create_app
from api.http.in_process import in_process_client
from api.http.problem import CODES
from tests.api.http_world import CARD, CONTRACTS, INVOICE, NOW, answer_of, event, set_up
from tests.conftest import Engine


def _key(key_id: str) -> dict[str, Any]:
    """What is stored of a key whose id is known beforehand."""
    texts = dict.fromkeys(("key_hash", "salt", "name"), "made up")
    return {"key_id": key_id, **texts, "created_at": NOW, "revoked": False}


def _topped_up(*customers: str) -> str:
    """Contracts of these customers whose first top-ups wait for their payments."""
    top_up = {"unit": "USD", "threshold": "1", "amount": "5", "payment": "external"}
    terms = {"rate_card": "acme", "starts_at": "2026-01-01T00:00:00Z", "top_up": top_up}
    contracts = [{"contract_id": name.replace("c", "k"), "customer_id": name, **terms} for name in customers]
    return json.dumps({"customers": [{"customer_id": name} for name in customers], "contracts": contracts})


def _held(customer_id: str, hold_id: str) -> dict[str, Any]:
    """What is stored of a hold."""
    what = {"customer_id": customer_id, "hold_id": hold_id, "product": "calls", "unit": "USD"}
    state = {"units": Decimal("0.25"), "state": "held", "confirmed_units": None}
    return {**what, **state, "held_at": NOW, "expires_at": NOW + timedelta(hours=1), "recorded_at": NOW}


@pytest.fixture(scope="module")
def app_and_client(engine: Engine) -> Iterator[tuple[FastAPI, httpx.Client]]:
    with engine.store(lambda: NOW) as store:
        store.database.insert("api_keys", [_key("0" * 12), _key("1" * 12)])
        app = create_app(store, local=True)
        with in_process_client(app) as client:
            set_up(client)
            answer_of(client.put("/v1/contracts", content=_topped_up("c3", "c4")))
            store.top_ups.settle()
            store.database.insert("hold_records", [_held("c3", "h2")])
            yield app, client


@pytest.fixture(scope="module")
def document(app_and_client: tuple[FastAPI, httpx.Client]) -> dict[str, Any]:
    found: dict[str, Any] = answer_of(app_and_client[1].get("/openapi.json"))
    return found


def _operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for operation in path.values()
    }


def _models() -> dict[str, Any]:
    """The model of each operation's answer, from the routes themselves; None where it is a file."""
    from api.http.app import ROUTERS
    from api.http.routes import health

    return {
        str(route.operation_id): route.responses[200].get("model")
        for router in (*ROUTERS, health.router)
        for route in router.routes
        if isinstance(route, APIRoute)
    }


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    operations = _operations(document)
    assert len(operations) == sum(len(path) for path in document["paths"].values()), "operation ids repeat"
    assert set(operations) == set(_models())
    for name, operation in operations.items():
        assert name.replace("_", "").isalpha(), name
        assert operation["summary"], name
        assert operation["description"], name


def test_every_operation_has_an_example_that_is_what_it_says(document: dict[str, Any]) -> None:
    models = _models()
    for name, operation in _operations(document).items():
        if models[name] is not None:
            content = operation["responses"]["200"]["content"]["application/json"]
            assert content["schema"], name
            TypeAdapter(models[name]).validate_python(content["example"])
        for media_type in operation.get("requestBody", {}).get("content", {}).values():
            assert media_type["example"], name
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), (name, parameter["name"])


def _property_names(node: Any) -> set[str]:
    if isinstance(node, list):
        return set[str]().union(*map(_property_names, node))
    if not isinstance(node, dict):
        return set()
    properties = node.get("properties", {})
    return set(properties).union(*map(_property_names, node.values()))


def test_a_rate_card_s_version_has_one_name(document: dict[str, Any]) -> None:
    """And the store's own number of it is nobody else's."""
    names = _property_names(document)
    assert "rate_card_version" in names
    assert names & {"version", "version_id"} == set()


def test_every_operation_names_its_problems(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        if path.startswith("/v1"):
            for operation in operations.values():
                for status in ("400", "401", "422", "503"):
                    (media_type,) = operation["responses"][status]["content"]
                    assert media_type == "application/problem+json"
                    assert operation["responses"][status]["content"][media_type]["example"]["code"] in CODES
                assert operation["security"]


WALKED = ("404", "408", "413", "415")


def _nonsense(path: str) -> str:
    """The path with ids that nothing has; a version is a number."""
    return re.sub(r"\{(\w+)\}", lambda part: "999" if part[1] == "version" else "none", path)


def _documented(operation: dict[str, Any]) -> dict[str, str]:
    """Status and code of every problem that the document gives an operation."""
    return {
        status: response["content"]["application/problem+json"]["example"]["code"]
        for status, response in operation["responses"].items()
        if status != "200"
    }


async def _never_ending() -> AsyncIterator[bytes]:
    yield b"{"
    await anyio.sleep_forever()


def _too_slow(app: FastAPI, method: str, path: str) -> httpx.Response:
    """The answer to a request whose body does not arrive."""

    async def call() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://runrate") as client:
            return await client.request(method, path, content=_never_ending())

    return anyio.run(call)


def test_refusals_are_documented_exactly_where_they_occur(
    app_and_client: tuple[FastAPI, httpx.Client], document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every operation is asked for what is not there, and sent too much, too slowly and of a wrong type."""
    app, client = app_and_client
    monkeypatch.setattr(app.state.budget, "seconds", 0.01)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            name, place = operation["operationId"], _nonsense(path)
            responses = [
                client.request(method, place, **CALLS[name][2]),
                client.request(method, place, content=b"x" * (11 << 20)),
                client.request(method, place, content=b"x", headers={"Content-Type": "image/png"}),
                _too_slow(app, method, place),
            ]
            found = {
                str(response.status_code): response.json()["code"]
                for response in responses
                if response.status_code in (404, 408, 413, 415)
            }
            documented = _documented(operation)
            assert found == {one: documented[one] for one in documented if one in WALKED}, name


def test_every_problem_of_the_document_is_one_that_is_explained(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status != "200":
                    example = response["content"]["application/problem+json"]["example"]
                    assert (str(example["status"]), example["instance"]) == (status, path)
                    assert example["code"] in CODES


def test_a_change_of_currency_is_documented(
    app_and_client: tuple[FastAPI, httpx.Client], document: dict[str, Any]
) -> None:
    response = app_and_client[1].post("/v1/rate-cards", content=CARD.replace("USD", "EUR"))
    operation = document["paths"]["/v1/rate-cards"]["post"]
    assert _documented(operation)[str(response.status_code)] == response.json()["code"] == "currency_changed"


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                assert value["$ref"].removeprefix("#/components/schemas/") in schemas
            for part in value.values():
                walk(part)
        elif isinstance(value, list):
            for part in value:
                walk(part)

    walk(document)


def test_no_number_of_money_is_a_json_number(document: dict[str, Any]) -> None:
    money = {
        "amount",
        "total",
        "subtotal",
        "credits_applied",
        "quantity",
        "unit_price",
        "unit_amount",
        "remaining",
    }
    seen = set()
    for schema in document["components"]["schemas"].values():
        for name, field in schema.get("properties", {}).items():
            if name in money:
                seen.add(name)
                kinds = {field.get("type")} | {option.get("type") for option in field.get("anyOf", [])}
                assert not kinds & {"number", "integer"}, name
    assert seen == money


CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "ingest_events": (
        "POST",
        "/v1/events?verbose=true",
        {"json": [event("oa1", "tool.call", "12T00:00"), 5]},
    ),
    "amend_event": ("PATCH", "/v1/events/c1/t2", {"json": {"properties": {"model": "small", "tokens": "1"}}}),
    "void_event": ("DELETE", "/v1/events/c1/call0", {}),
    "explain_event": ("GET", "/v1/events/c1/t1", {}),
    "list_invoices": ("GET", "/v1/invoices", {}),
    "get_invoice": ("GET", f"/v1/invoices/{INVOICE}", {}),
    "list_line_events": ("GET", f"/v1/invoices/{INVOICE}/lines/usage:gpu:1/events", {}),
    "list_customers": ("GET", "/v1/customers", {}),
    "get_customer": ("GET", "/v1/customers/c1", {}),
    "list_balances": ("GET", "/v1/customers/c1/balances", {}),
    "list_credit_entries": ("GET", "/v1/customers/c1/credit-ledger", {}),
    "void_grant": ("POST", "/v1/customers/c1/grants/g1/void", {"json": {"reason": "cancelled"}}),
    "list_top_ups": ("GET", "/v1/customers/c3/top-ups", {}),
    "confirm_top_up": ("POST", "/v1/customers/c3/top-ups/top-up-k3-1/confirm", {"json": {}}),
    "fail_top_up": ("POST", "/v1/customers/c4/top-ups/top-up-k4-1/fail", {"json": {"reason": "declined"}}),
    "get_entitlement": ("GET", "/v1/customers/c1/entitlements/tasks", {}),
    "check_entitlement": ("POST", "/v1/customers/c1/entitlements/tasks/check", {"json": {"units": "1"}}),
    # After its payment is confirmed.
    "place_hold": (
        "POST",
        "/v1/customers/c3/holds",
        {"json": {"hold_id": "h1", "product": "calls", "units": "0.25", "expires_in": "1h"}},
    ),
    "confirm_hold": ("POST", "/v1/customers/c3/holds/h1/confirm", {"json": {"units": "0.2"}}),
    "release_hold": ("POST", "/v1/customers/c3/holds/h2/release", {}),
    "list_revenue": ("GET", "/v1/customers/c1/revenue", {}),
    "export_revenue": ("GET", "/v1/exports/revenue", {}),
    "export_journal": ("GET", "/v1/exports/journal", {}),
    "list_usage": ("GET", "/v1/customers/c1/usage?group_by=model", {}),
    "list_customer_prices": ("GET", "/v1/customers/c1/prices", {}),
    "list_contracts": ("GET", "/v1/contracts", {}),
    "get_contract": ("GET", "/v1/contracts/k1", {}),
    "apply_contracts": ("PUT", "/v1/contracts", {"content": CONTRACTS}),
    "plan_contracts": ("POST", "/v1/contracts/plan", {"content": CONTRACTS}),
    "import_contracts": (
        "POST",
        "/v1/contracts/import",
        {
            "json": {
                "mapping": 'uniqueness_key: id\ncustomer: {customer_id: "c-{id}"}\ncontract: {contract_id: "{id}", '
                'customer_id: "c-{id}", rate_card: acme, starts_at: "2027-01-01T00:00:00Z"}',
                "export": "id\nk9\n",
                "dry_run": True,
            }
        },
    ),
    "list_rate_cards": ("GET", "/v1/rate-cards", {}),
    "publish_rate_card": ("POST", "/v1/rate-cards", {"content": CARD}),
    "validate_rate_card": ("POST", "/v1/rate-cards/validate", {"content": CARD}),
    "audit_rate_card": ("POST", "/v1/rate-cards/audit", {"content": CARD}),
    "list_rate_card_versions": ("GET", "/v1/rate-cards/acme/versions", {}),
    "get_rate_card_version": ("GET", "/v1/rate-cards/acme/versions/1", {}),
    "list_version_prices": ("GET", "/v1/rate-cards/acme/versions/1/prices", {}),
    "diff_rate_cards": (
        "POST",
        "/v1/rate-cards/diff",
        {"json": {"before": {"rate_card": "acme", "rate_card_version": 1}, "after": {"document": CARD}}},
    ),
    "ask_gates": ("POST", "/v1/rate-cards/acme/gates", {"json": {"rate_card_version": 1}}),
    "activate_version": (
        "POST",
        "/v1/rate-cards/acme/activations",
        {"json": {"rate_card_version": 1, "active_from": "2026-01-01T00:00:00Z"}},
    ),
    "roll_back": ("POST", "/v1/rate-cards/acme/rollbacks", {"json": {"rate_card_version": 1}}),
    "list_activations": ("GET", "/v1/rate-cards/acme/activations", {}),
    "change_numbers": (
        "POST",
        "/v1/rate-cards/acme/numbers",
        {
            "json": {
                "numbers": {"token_price[large]": "0.00002"},
                "active_from": "2026-01-01T00:00:00Z",
                "dry_run": True,
            }
        },
    ),
    "list_audit_entries": ("GET", "/v1/audit", {}),
    "summarise_unrated": ("GET", "/v1/unrated", {}),
    "list_unrated_events": ("GET", "/v1/unrated/events", {}),
    "reconcile": ("POST", "/v1/reconcile", {"json": {}}),
    "verify": ("POST", "/v1/verify", {}),
    "list_keys": ("GET", "/v1/keys", {}),
    "create_key": ("POST", "/v1/keys", {"json": {"name": "gateway"}}),
    "revoke_key": ("DELETE", f"/v1/keys/{'0' * 12}", {}),
    "health": ("GET", "/healthz", {}),
    "ready": ("GET", "/readyz", {}),
    "explain_problem": ("GET", "/problems/not_found", {}),
}


def test_every_answer_is_what_the_document_says(
    app_and_client: tuple[FastAPI, httpx.Client], document: dict[str, Any]
) -> None:
    _, client = app_and_client
    models = _models()
    assert set(CALLS) == set(models)
    for name, (method, path, options) in CALLS.items():
        answer = client.request(method, path, **options)
        if models[name] is None:
            content = _operations(document)[name]["responses"]["200"]["content"]
            assert answer.headers["content-type"].partition(";")[0] in content, name
            header, *_ = content["text/csv"]["example"].splitlines()
            assert answer.text.splitlines()[0] == header, name
            continue
        answer_of(answer)
        TypeAdapter(models[name]).validate_json(answer.content, strict=True)
        fields = set(answer.json())
        schema = _operations(document)[name]["responses"]["200"]["content"]["application/json"]["schema"]
        properties = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["properties"]
        assert fields == set(properties), name


def test_interactive_documentation_is_served(app_and_client: tuple[FastAPI, httpx.Client]) -> None:
    response = app_and_client[1].get("/docs")
    assert response.status_code == 200
    assert "text/html" in response.headers["content-type"]
