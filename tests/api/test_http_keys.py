"""Keys: who may call, and what is open to all."""

import hashlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.http import auth
from api.http.app import create_app
from api.http.auth import KeyRing
from api.http.in_process import in_process_client
from api.operations.keys import create_key, ensure_bootstrap_key, revoke_key, stored_keys
from api.store import Store
from tests.api.http_world import NOW, answer_of, pages, problem_of
from tests.conftest import Engine


@pytest.fixture(scope="module")
def keyed(engine: Engine) -> Iterator[tuple[Store, str, httpx.Client]]:
    with engine.store() as store:
        key = ensure_bootstrap_key(store)
        assert key is not None
        with in_process_client(create_app(store)) as client:
            yield store, key, client


def test_a_store_gets_one_bootstrap_key(keyed: tuple[Store, str, httpx.Client]) -> None:
    store, key, _ = keyed
    prefix, key_id, secret = key.split("_")
    assert prefix == "rr"
    assert len(key_id) == 12
    assert len(secret) == 64
    assert ensure_bootstrap_key(store) is None


def test_the_secret_is_not_stored(keyed: tuple[Store, str, httpx.Client]) -> None:
    store, key, _ = keyed
    _, key_id, secret = key.split("_")
    rows = [row for row in stored_keys(store) if row["key_id"] == key_id]
    assert len(rows) == 1
    assert all(secret not in str(value) for value in rows[0].values())
    assert rows[0]["key_hash"] == hashlib.sha256(f"{rows[0]['salt']}{secret}".encode()).hexdigest()


def test_both_headers_take_the_key(keyed: tuple[Store, str, httpx.Client]) -> None:
    _, key, client = keyed
    for headers in (
        {"Authorization": f"Bearer {key}"},
        {"authorization": f"bearer {key}"},
        {"X-API-Key": key},
    ):
        answer_of(client.get("/v1/customers", headers=headers))


def test_a_wrong_key_is_refused_everywhere(keyed: tuple[Store, str, httpx.Client]) -> None:
    _, key, client = keyed
    wrong = [
        "",
        "rr_",
        "rr__",
        key[:-1],
        key + "0",
        key[:-1] + ("0" if key[-1] != "0" else "1"),
        key.replace("rr_", "xx_"),
        key.upper(),
        "rr_000000000000_" + "0" * 64,
        "x" * 5_000,
    ]
    for one in wrong:
        response = client.get("/v1/customers", headers={"X-API-Key": one})
        problem_of(response, 401, "invalid_api_key")
        assert response.headers["www-authenticate"] == "Bearer"
        problem_of(
            client.get("/v1/customers", headers={"Authorization": f"Bearer {one}"}), 401, "invalid_api_key"
        )
    problem_of(client.get("/v1/customers", headers={"Authorization": f"Basic {key}"}), 401, "invalid_api_key")
    problem_of(
        client.get("/v1/customers", headers={b"X-API-Key": "clé".encode()}),
        401,
        "invalid_api_key",
    )


def test_every_route_of_the_api_needs_a_key(keyed: tuple[Store, str, httpx.Client]) -> None:
    _, _, client = keyed
    document = answer_of(client.get("/openapi.json"))
    paths = [path for path in document["paths"] if path.startswith("/v1")]
    assert len(paths) > 20
    for path in paths:
        for method in document["paths"][path]:
            # Before anything else about the request is looked at: the ids, the body and the parameters are
            # nonsense.
            response = client.request(method, f"{path}?nonsense=1", content=b"\x00")
            problem_of(response, 401, "invalid_api_key")


def test_a_body_is_not_read_without_a_key(keyed: tuple[Store, str, httpx.Client]) -> None:
    _, _, client = keyed
    problem_of(client.put("/v1/contracts", content=b"x" * (20 << 20)), 401, "invalid_api_key")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json", "/problems/not_found"])
def test_what_is_open_to_all(keyed: tuple[Store, str, httpx.Client], path: str) -> None:
    answer_of(keyed[2].get(path))


def _with(key: str) -> dict[str, str]:
    return {"X-API-Key": key}


def test_a_key_is_made_listed_and_taken_back_at_once(keyed: tuple[Store, str, httpx.Client]) -> None:
    _, key, client = keyed
    made = answer_of(client.post("/v1/keys", headers=_with(key), json={"name": "gateway é"}))
    assert made["key"].startswith(f"rr_{made['key_id']}_")
    listed = answer_of(client.get("/v1/keys", headers=_with(made["key"])))["items"]
    assert [one["state"] for one in listed if one["key_id"] == made["key_id"]] == ["good"]
    assert all(set(one) == {"key_id", "name", "state", "since"} for one in listed)
    path = f"/v1/keys/{made['key_id']}"
    for _ in range(2):
        revoked = answer_of(client.delete(path, headers=_with(key)))
        assert (revoked["state"], revoked["name"]) == ("revoked", "gateway é")
        problem_of(client.get("/v1/customers", headers=_with(made["key"])), 401, "invalid_api_key")
    assert revoked in answer_of(client.get("/v1/keys", headers=_with(key)))["items"]
    answer_of(client.get("/v1/customers", headers=_with(key)))


def test_a_key_may_take_itself_back(keyed: tuple[Store, str, httpx.Client]) -> None:
    _, key, client = keyed
    made = answer_of(client.post("/v1/keys", headers=_with(key), json={"name": "brief"}))
    path = f"/v1/keys/{made['key_id']}"
    answer_of(client.delete(path, headers=_with(made["key"])))
    problem_of(client.delete(path, headers=_with(made["key"])), 401, "invalid_api_key")


def test_the_last_good_key_cannot_be_taken_back(engine: Engine) -> None:
    with engine.store() as store, in_process_client(create_app(store)) as client:
        first, second = (create_key(store, name) for name in ("first", "second"))
        answer_of(client.delete(f"/v1/keys/{first.key_id}", headers=_with(second.key)))
        problem = problem_of(
            client.delete(f"/v1/keys/{second.key_id}", headers=_with(second.key)), 409, "last_key"
        )
        assert "create another one" in problem["detail"]
        answer_of(client.get("/v1/customers", headers=_with(second.key)))
        problem_of(client.delete("/v1/keys/none", headers=_with(second.key)), 404, "not_found")


def test_a_key_is_taken_back_in_the_millisecond_in_which_it_was_made(engine: Engine) -> None:
    with engine.store(lambda: NOW) as store, in_process_client(create_app(store)) as client:
        first, second = (create_key(store, name) for name in ("first", "second"))
        answer_of(client.delete(f"/v1/keys/{first.key_id}", headers=_with(second.key)))
        listed = answer_of(client.get("/v1/keys", headers=_with(second.key)))["items"]
        assert {one["name"]: one["state"] for one in listed} == {"first": "revoked", "second": "good"}
        problem_of(client.get("/v1/keys", headers=_with(first.key)), 401, "invalid_api_key")


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": 5}, {"name": "a\n"}, {"name": "a", "secret": "b"}]
)
def test_a_key_without_a_proper_name_is_refused(
    keyed: tuple[Store, str, httpx.Client], body: dict[str, Any]
) -> None:
    _, key, client = keyed
    problem_of(client.post("/v1/keys", headers=_with(key), json=body), 422, "invalid_body")


def test_keys_are_listed_page_by_page(keyed: tuple[Store, str, httpx.Client]) -> None:
    store, key, client = keyed
    create_key(store, "one more")
    client.headers["X-API-Key"] = key
    whole = answer_of(client.get("/v1/keys"))["items"]
    assert pages(client, "/v1/keys", 1) == whole
    assert len(whole) > 1
    del client.headers["X-API-Key"]


def test_what_another_process_made_or_took_back_counts_after_a_while(
    keyed: tuple[Store, str, httpx.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, key, client = keyed
    monkeypatch.setattr(auth, "RETRY_SECONDS", 0)
    monkeypatch.setattr(auth, "REFRESH_SECONDS", 0)
    later = create_key(store, "later")
    answer_of(client.get("/v1/customers", headers=_with(later.key)))
    revoke_key(store, later.key_id)
    problem_of(client.get("/v1/customers", headers=_with(later.key)), 401, "invalid_api_key")
    answer_of(client.get("/v1/customers", headers=_with(key)))


def test_unknown_keys_do_not_make_us_read_the_store_each_time(
    keyed: tuple[Store, str, httpx.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, key, _ = keyed
    ring = KeyRing(store)
    reads: list[Store] = []

    def counted(store: Store) -> list[dict[str, Any]]:
        reads.append(store)
        return stored_keys(store)

    monkeypatch.setattr(auth, "stored_keys", counted)
    assert ring.holds(key)
    for number in range(100):
        assert not ring.holds(f"rr_{number:012x}_{'0' * 64}")
    assert len(reads) <= 2
