"""A real server for the benchmarks: `runrate serve` as a child process, and a plain connection to it."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

START_SECONDS = 300
STOP_SECONDS = 60
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server answers, a key for it, and its process."""

    host: str
    port: int
    key: str
    process_id: int

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"Authorization": f"Bearer {self.key}"}


def cpu_seconds_of(process_id: int) -> float | None:
    """CPU-seconds that a running process has used so far; None where the system does not tell."""
    place = Path(f"/proc/{process_id}/stat")
    if not place.exists():
        return None
    # The name, in parentheses, may hold spaces; the 14th and 15th fields are user and system time.
    fields = place.read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(folder: Path) -> Iterator[Address]:
    """Serve the store in `folder` from a process of its own as long as the context lasts."""
    command = Path(sys.executable).with_name("runrate")
    process = subprocess.Popen(
        [str(command), "serve", "--store", f"chdb:{folder}", "--port", "0"], stdout=subprocess.DEVNULL
    )
    try:
        yield _address(folder, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)


def _address(folder: Path, process: "subprocess.Popen[bytes]") -> Address:
    place = folder / "server.json"
    deadline = time.monotonic() + START_SECONDS
    while not place.exists():
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with exit code {process.returncode}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"the server did not answer within {START_SECONDS} s")
        time.sleep(0.05)
    url = urlsplit(json.loads(place.read_text(encoding="utf-8"))["url"])
    if url.hostname is None or url.port is None:
        raise ValueError(f"{place} names no address")
    return Address(
        url.hostname, url.port, (folder / "api_key").read_text(encoding="utf-8").strip(), process.pid
    )


class Connection:
    """One kept connection; every answer that is not 200 raises."""

    def __init__(self, address: Address) -> None:
        self._headers = address.headers
        self._connection = http.client.HTTPConnection(address.host, address.port, timeout=60)

    def get(self, path: str) -> Any:
        """Return the JSON of an answer."""
        return self._request("GET", path, None, {})

    def post(self, path: str, document: object) -> Any:
        """Send JSON and return the JSON of the answer."""
        return self._request("POST", path, json.dumps(document), JSON)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def _request(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Any:
        self._connection.request(method, path, body, self._headers | headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {text[:500]!r}")
        return json.loads(text)
