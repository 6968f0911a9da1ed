"""The server: one process that owns the store, answers HTTP and keeps the ledger reconciled.

While it runs, `server.json` in the store's folder says where, so that commands find it.
"""

import contextlib
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from api.http.app import create_app
from api.http.bodies import BODY_SECONDS
from api.http.upkeep import upkeep
from api.operations.keys import ensure_bootstrap_key
from api.store import Store

SERVER_FILE = "server.json"
KEY_FILE = "api_key"
GRACE_SECONDS = 30
KEEP_ALIVE_SECONDS = 75
BACKLOG = 2048


class WorkersRefusedError(ValueError):
    """More than one worker was asked for; one process owns a store."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server answers, and the first key of a new store (None when it had one; it is not shown
    again)."""

    url: str
    bootstrap_key: str | None


Announce = Callable[[Address], None]


def serve(
    store: Store,
    host: str = "127.0.0.1",
    port: int = 8080,
    *,
    workers: int | None = None,
    announce: Announce | None = None,
    body_seconds: float = BODY_SECONDS,
) -> None:
    """Serve until SIGINT or SIGTERM, then finish what was begun and return; the caller closes the store.

    `announce` is called once requests are taken. Port 0 takes any free one. A request's body may take
    `body_seconds` to arrive. Raises WorkersRefusedError, and
    OSError when the address is taken.
    """
    asked = workers if workers is not None else int(os.environ.get("WEB_CONCURRENCY", "1"))
    if asked != 1:
        raise WorkersRefusedError(
            f"{asked} workers were asked for; one process owns a store, so there is one worker"
        )
    with upkeep(store):
        try:
            _server(store, host, port, announce, body_seconds).run()
        except SystemExit:
            raise OSError(
                f"cannot serve on {host}:{port}: the address is taken or not this machine's"
            ) from None


@contextmanager
def serving(
    store: Store, host: str = "127.0.0.1", port: int = 0, *, body_seconds: float = BODY_SECONDS
) -> Iterator[Address]:
    """Serve from another thread of this process as long as the context lasts."""
    ready: list[Address] = []
    began = threading.Event()

    def announce(address: Address) -> None:
        ready.append(address)
        began.set()

    server = _server(store, host, port, announce, body_seconds)

    def run() -> None:
        # The server leaves by SystemExit when it cannot have the address.
        with contextlib.suppress(SystemExit):
            server.run()
        began.set()

    thread = threading.Thread(target=run, name="runrate-http", daemon=True)
    with upkeep(store):
        thread.start()
        began.wait()
        if not ready:
            raise OSError(f"cannot serve on {host}:{port}: the address is taken or not this machine's")
        try:
            yield ready[0]
        finally:
            server.handle_exit(0, None)
            thread.join()


class _Server(uvicorn.Server):
    """Tells where it is once it listens, and says `closing` before it stops."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, store: Store, announce: Announce | None) -> None:
        super().__init__(config)
        self._app = app
        self._folder = store.database.location.folder
        self._store = store
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self.servers:
            address = Address(_url(self.servers[0].sockets[0]), ensure_bootstrap_key(self._store))
            if self._folder is not None:
                _tell(self._folder, address)
            if self._announce is not None:
                self._announce(address)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._folder is not None:
            (self._folder / SERVER_FILE).unlink(missing_ok=True)
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: object) -> None:
        # Not remembered, as the base does to raise the signal again afterwards: the store has to be closed
        # first.
        self._app.state.closing = True
        # A second signal gives up waiting for requests.
        self.force_exit = self.should_exit
        self.should_exit = True


def _server(store: Store, host: str, port: int, announce: Announce | None, body_seconds: float) -> _Server:
    app = create_app(store, body_seconds=body_seconds)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        workers=1,
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return _Server(config, app, store, announce)


def _url(listener: socket.socket) -> str:
    """Return a URL at which a listening socket can be reached from this machine."""
    host, port = listener.getsockname()[:2]
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def _tell(folder: Path, address: Address) -> None:
    _write(folder / SERVER_FILE, json.dumps({"url": address.url, "pid": os.getpid()}))
    if address.bootstrap_key is not None:
        _write(folder / KEY_FILE, address.bootstrap_key)


def _write(path: Path, text: str) -> None:
    """Write a file that only its owner may read; it appears whole or not at all."""
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(path)
