"""Keys: who may call, and what is open to all."""

import hashlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.http import auth
from api.http.app import create_app
from api.http.auth import KeyRing, create_key, ensure_bootstrap_key
from api.http.in_process import in_process_client
from api.store import Store
from tests.api.http_world import answer_of, problem_of
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
    rows = [row for row in auth.stored_keys(store) if row["key_id"] == key_id]
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


def test_a_key_made_later_is_found_and_a_revoked_one_ends(
    keyed: tuple[Store, str, httpx.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, key, client = keyed
    monkeypatch.setattr(auth, "RETRY_SECONDS", 0)
    monkeypatch.setattr(auth, "REFRESH_SECONDS", 0)
    later = create_key(store, "later")
    answer_of(client.get("/v1/customers", headers={"X-API-Key": later}))
    auth.revoke_key(store, later.split("_")[1])
    problem_of(client.get("/v1/customers", headers={"X-API-Key": later}), 401, "invalid_api_key")
    answer_of(client.get("/v1/customers", headers={"X-API-Key": key}))


def test_unknown_keys_do_not_make_us_read_the_store_each_time(
    keyed: tuple[Store, str, httpx.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, key, _ = keyed
    ring = KeyRing(store)
    reads: list[Store] = []
    read = auth.stored_keys

    def counted(store: Store) -> list[dict[str, Any]]:
        reads.append(store)
        return read(store)

    monkeypatch.setattr(auth, "stored_keys", counted)
    assert ring.holds(key)
    for number in range(100):
        assert not ring.holds(f"rr_{number:012x}_{'0' * 64}")
    assert len(reads) <= 2
