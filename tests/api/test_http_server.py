"""The server process: where it says it is, how it ends, and what it does by itself."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.http import server, upkeep
from api.http.bodies import BUDGET_BYTES
from api.http.server import WorkersRefusedError, serve, serving
from api.store import Store
from tests.api.http_world import CARD, CONTRACTS, EVENTS, answer_of, event, problem_of
from tests.conftest import Engine

# A process that opens the folder and serves it, as the command does.
PROGRAM = """\
import sys
from api.http.server import serve
from api.opening import open_store
with open_store(f"chdb:{sys.argv[1]}") as store:
    serve(store, port=0, announce=lambda address: print(address.url, flush=True))
print("closed", flush=True)
"""


@dataclass(frozen=True)
class Running:
    """A server in a process of its own."""

    process: "subprocess.Popen[str]"
    folder: Path
    client: httpx.Client

    def stop(self, number: int = signal.SIGTERM) -> str:
        """End it and return what it printed after its address."""
        self.process.send_signal(number)
        printed, _ = self.process.communicate(timeout=60)
        return printed


@contextmanager
def _running(folder: Path) -> Iterator[Running]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, "the server did not start"
        headers = {"X-API-Key": (folder / server.KEY_FILE).read_text()}
        with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
            yield Running(process, folder, client)
    finally:
        process.kill()
        process.communicate()


def _told(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / server.SERVER_FILE).read_text())
    return told


def test_it_says_where_it_is_ends_on_a_signal_and_keeps_what_it_took(tmp_path: Path) -> None:
    with _running(tmp_path) as running:
        told = _told(tmp_path)
        assert told == {"url": str(running.client.base_url).rstrip("/"), "pid": running.process.pid}
        for name in (server.SERVER_FILE, server.KEY_FILE):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
        answer_of(running.client.get("/readyz"))
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        sent = [event("s1", "tool.call", "01T00:00") | {"event_time": now}]
        assert answer_of(running.client.post("/v1/events", json=sent))["accepted"] == 1
        assert running.stop() == "closed\n"
        assert running.process.returncode == 0
        assert not (tmp_path / server.SERVER_FILE).exists()
    with _running(tmp_path) as running:
        # The key of the first start is still good, and no second one is made.
        assert answer_of(running.client.post("/v1/events", json=sent))["duplicate"] == 1
        assert running.stop(signal.SIGINT) == "closed\n"


def test_a_request_that_was_begun_is_answered_before_the_end(tmp_path: Path) -> None:
    with _running(tmp_path) as running:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        body = json.dumps(
            [event(f"g{n}", "t", "01T00:00") | {"event_time": now} for n in range(10_000)]
        ).encode()
        host, port = running.client.base_url.host, running.client.base_url.port
        assert port is not None
        with socket.create_connection((host, port)) as connection:
            key = running.client.headers["X-API-Key"]
            head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n"
            connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:-10])
            time.sleep(0.2)
            running.process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            connection.sendall(body[-10:])
            answer = connection.makefile("rb").read()
        assert b" 200 " in answer.splitlines()[0]
        assert b'"accepted":10000' in answer
        assert running.process.wait(60) == 0


def test_a_body_of_50_megabytes_gets_its_answer(tmp_path: Path) -> None:
    with _running(tmp_path) as running:
        headers = {"Content-Type": "application/json"}
        response = running.client.post("/v1/events", content=b" " * (50 << 20), headers=headers)
        problem_of(response, 413, "body_too_large")

        def chunks() -> Iterator[bytes]:
            for _ in range(50):
                yield b" " * (1 << 20)

        problem_of(
            running.client.post("/v1/events", content=chunks(), headers=headers), 413, "body_too_large"
        )
        answer_of(running.client.get("/v1/customers"))


def _begin(url: str, key: str, path: str, declared: int, body: bytes) -> socket.socket:
    """A request whose body is not sent to its end."""
    address = httpx.URL(url)
    assert address.port is not None
    connection = socket.create_connection((address.host, address.port), timeout=30)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n"
    connection.sendall(f"{head}Content-Length: {declared}\r\n\r\n".encode() + body)
    return connection


@pytest.mark.parametrize("path", ["/v1/events", "/v1/rate-cards", "/v1/reconcile"])
def test_a_body_that_trickles_is_given_up(store: Store, path: str) -> None:
    with serving(store, body_seconds=0.5) as address:
        assert address.bootstrap_key is not None
        with _begin(address.url, address.bootstrap_key, path, 1000, b"[") as connection:
            for _ in range(3):
                time.sleep(0.1)
                connection.sendall(b" ")
            # Until the server closes the connection.
            answer = connection.makefile("rb").read()
        head, _, body = answer.partition(b"\r\n\r\n")
        assert b" 408 " in head.splitlines()[0]
        assert b"application/problem+json" in head
        assert json.loads(body)["code"] == "body_too_slow"


def test_what_is_declared_and_not_sent_takes_no_memory_from_others(store: Store) -> None:
    with serving(store) as address, ExitStack() as connections:
        key = address.bootstrap_key
        assert key is not None
        # Together more than all bodies may take.
        for _ in range(BUDGET_BYTES // (5 << 20) + 1):
            connections.enter_context(_begin(address.url, key, "/v1/events", 5 << 20, b"["))
        time.sleep(0.2)
        sent = [event("s1", "tool.call", "05T10:00")]
        answer = httpx.post(f"{address.url}/v1/events", json=sent, headers={"X-API-Key": key}, timeout=30)
        assert answer.status_code != 503, answer.text


def test_paths_as_a_real_server_gets_them(tmp_path: Path) -> None:
    with _running(tmp_path) as running:
        problem_of(running.client.get("/v1/customers/%ED%A0%80"), 400, "malformed_url")
        problem_of(running.client.get("/v1/customers/%00"), 422, "invalid_parameter")
        problem = problem_of(running.client.get("/v1/events/a%2Fb/c%252Fd"), 404, "not_found")
        assert "'c%2Fd' of customer 'a/b'" in problem["detail"]
        assert problem["instance"] == "/v1/events/a%2Fb/c%252Fd"


def test_the_same_over_the_network_as_inside_the_process(engine: Engine) -> None:
    """From a thread of this process, too: what the demo does."""
    with engine.store() as store:
        before = store.database.location.folder
        assert before is not None
        with serving(store) as address:
            assert address.bootstrap_key is not None
            headers = {"X-API-Key": address.bootstrap_key}
            with httpx.Client(base_url=address.url, headers=headers) as client:
                answer_of(client.post("/v1/rate-cards", content=CARD))
                answer_of(client.put("/v1/contracts", content=CONTRACTS))
                assert answer_of(client.post("/v1/events", json=EVENTS))["accepted"] == len(EVENTS)
            assert _told(before) == {"url": address.url, "pid": os.getpid()}
        assert not (before / server.SERVER_FILE).exists()
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{address.url}/healthz")


def test_while_it_closes_it_is_not_ready(engine: Engine) -> None:
    from api.http.app import create_app
    from api.http.in_process import in_process_client

    with engine.store() as store:
        app = create_app(store, local=True)
        with in_process_client(app) as client:
            answer_of(client.get("/readyz"))
            app.state.closing = True
            problem = problem_of(client.get("/readyz"), 503, "not_ready")
            assert problem["errors"] == [{"message": "the server is closing"}]
            answer_of(client.get("/healthz"))
            app.state.closing = False
            store.ready = False
            problem_of(client.get("/readyz"), 503, "not_ready")


def test_an_address_that_is_taken_is_refused(store: Store) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="cannot serve on 127"), serving(store, port=port):
            pass
        with pytest.raises(OSError, match="cannot serve on 127"):
            serve(store, port=port)


@pytest.mark.parametrize("workers", [0, 2, 8])
def test_more_than_one_worker_is_refused(store: Store, workers: int) -> None:
    with pytest.raises(WorkersRefusedError, match="one process owns a store"):
        serve(store, port=0, workers=workers)


def test_the_environment_cannot_ask_for_workers_either(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "4")
    with pytest.raises(WorkersRefusedError):
        serve(store, port=0)


def test_upkeep_reconciles_what_came_in(store: Store) -> None:
    """An event re-used with another time is answered `accepted` and found a round later."""
    from api.http.app import create_app
    from api.http.in_process import in_process_client

    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86_400 * 3))
    with in_process_client(create_app(store, local=True)) as client:
        for hour in ("10", "11"):
            sent = [event("same", "t", "01T00:00") | {"event_time": f"{day}T{hour}:00:00Z"}]
            assert answer_of(client.post("/v1/events", json=sent))["accepted"] == 1
        done = threading.Event()
        upkeep_ran = upkeep.run_once

        def run_once(store: Store) -> None:
            upkeep_ran(store)
            done.set()

        patch = pytest.MonkeyPatch()
        patch.setattr(upkeep, "run_once", run_once)
        try:
            with upkeep.upkeep(store, interval_seconds=0):
                assert done.wait(60)
        finally:
            patch.undo()
        trace = answer_of(client.get("/v1/events/c1/same"))
        assert sorted(revision["status"] for revision in trace["revisions"]) == ["conflict", "current"]


def test_a_failing_round_does_not_end_upkeep(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(store: Store) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(upkeep, "reconcile", fail)
    upkeep.run_once(store)
    assert "fail failed" in caplog.text
