"""How commands talk to a store: always by the HTTP API.

Over the network when a server runs for the store, else to the same application in this process.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import quote

import httpx

from api.cli.failures import CommandFailed
from api.cli.settings import Settings
from sql.client import Location
from sql.errors import StoreInUse

# A reconcile over a large range answers when it is done.
TIMEOUT = httpx.Timeout(600, connect=10)
PAGE = 1_000
SERVER_FILE = "server.json"
KEY_FILE = "api_key"


@dataclass
class Session:
    """An open way to a store. Use it as a context manager."""

    settings: Settings
    _stack: ExitStack = field(default_factory=ExitStack, init=False)
    _client: httpx.Client = field(init=False)
    address: str = field(default="", init=False)

    def __enter__(self) -> Self:
        server = server_of(self.settings)
        if server is None:
            self._client = self._in_process()
            self.address = self.settings.store
        else:
            headers = {"Authorization": f"Bearer {server.api_key}"} if server.api_key else {}
            self._client = self._stack.enter_context(
                httpx.Client(base_url=server.url, headers=headers, timeout=TIMEOUT)
            )
            self.address = server.url
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def get(self, path: str, **parameters: Any) -> Any:
        """Read a resource. Parameters that are None are left out. Raises CommandFailed."""
        return self._call("GET", path, parameters)

    def save(self, path: str, sink: IO[bytes], **parameters: Any) -> None:
        """Write a resource that is a file into `sink` as it comes. Parameters that are None are left out. Raises
        CommandFailed."""
        try:
            with self._client.stream("GET", path, params=_given(parameters)) as response:
                if not response.is_success:
                    response.read()
                    raise _failure(response)
                for chunk in response.iter_bytes():
                    sink.write(chunk)
        except httpx.TransportError as error:
            raise self._no_answer(error) from None

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str = "application/json",
        **parameters: Any,
    ) -> Any:
        """Change something. `body` is bytes, or a value to be sent as JSON. Raises CommandFailed."""
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        return self._call(method, path, parameters, content, content_type)

    def listing(self, path: str, **parameters: Any) -> dict[str, Any]:
        """Read a whole list, in the shape of one of its pages: the last and only one. Raises CommandFailed."""
        page = self.get(path, limit=PAGE, **parameters)
        items = page["items"]
        while page["next_cursor"] is not None:
            page = self.get(path, limit=PAGE, cursor=page["next_cursor"], **parameters)
            items += page["items"]
        return {**page, "items": items}

    def pages(self, path: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Read a list page by page, entry by entry. Raises CommandFailed."""
        page = self.get(path, limit=PAGE, **parameters)
        yield from page["items"]
        while page["next_cursor"] is not None:
            page = self.get(path, limit=PAGE, cursor=page["next_cursor"], **parameters)
            yield from page["items"]

    def _call(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any],
        content: bytes | None = None,
        content_type: str | None = None,
    ) -> Any:
        response = self._answer(method, path, parameters, content, content_type)
        return response.json() if response.content else None

    def _answer(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any],
        content: bytes | None = None,
        content_type: str | None = None,
    ) -> httpx.Response:
        try:
            response = self._client.request(
                method,
                path,
                params=_given(parameters),
                content=content,
                headers={"Content-Type": content_type} if content is not None and content_type else None,
            )
        except httpx.TransportError as error:
            raise self._no_answer(error) from None
        if response.is_success:
            return response
        raise _failure(response)

    def _no_answer(self, error: httpx.TransportError) -> CommandFailed:
        return CommandFailed(
            f"no answer from {self.address}: {error}. Start a server with `runrate serve`, or leave --url out"
        )

    def _in_process(self) -> httpx.Client:
        # Loading the engine and the web framework takes a second that `--help` need not wait for.
        from api.http.app import create_app
        from api.http.in_process import in_process_client
        from api.opening import open_store

        try:
            store = self._stack.enter_context(open_store(self.settings.store))
        except StoreInUse as error:
            raise CommandFailed(
                f"{error.folder} is in use by process {error.owner}, which is no server that answers here. "
                "Wait until it ends, stop it, or name another folder with --store"
            ) from None
        return self._stack.enter_context(in_process_client(create_app(store, local=True)))


def _given(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and the key for it."""

    url: str
    api_key: str | None


def server_of(settings: Settings) -> Server | None:
    """The server that `--url` names or that owns the store's folder; None where there is no live one."""
    if settings.url:
        return Server(settings.url.rstrip("/"), settings.api_key or _key_in(settings.store))
    folder = Location.parse(settings.store).folder
    if folder is None:
        return None
    try:
        told = json.loads((folder / SERVER_FILE).read_text(encoding="utf-8"))
        url, process = str(told["url"]), int(told["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Server(url, settings.api_key or _key_in(settings.store)) if _lives(process) else None


def _key_in(store: str) -> str | None:
    """The key that the server wrote into its folder, readable by its owner only."""
    folder = Location.parse(store).folder
    try:
        return None if folder is None else (folder / KEY_FILE).read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def part(text: str) -> str:
    """A text as one part of a path, whatever is in it."""
    return quote(text, safe="")


def _failure(response: httpx.Response) -> CommandFailed:
    try:
        problem = response.json()
        message, code = str(problem["detail"]), str(problem["code"])
    except (ValueError, KeyError, TypeError):
        return CommandFailed(f"{response.request.url.path} answered {response.status_code}")
    if response.status_code == 401:
        message = f"{message} Set RUNRATE_API_KEY, or run the command where the server's folder is"
    details = tuple(place_text(error) for error in problem.get("errors", []))
    return CommandFailed(message, details, code, problem)


def place_text(error: Mapping[str, Any]) -> str:
    """One entry of a problem's `errors`, as `file:line:column gate code path: fact — fix`."""
    place = ":".join(str(error[name]) for name in ("file", "line", "column") if error.get(name) is not None)
    subject = " ".join(str(error[name]) for name in ("gate", "code", "path", "field") if error.get(name))
    told = " — ".join(str(error[name]) for name in ("fact", "message", "fix") if error.get(name))
    head = " ".join(text for text in (place, subject) if text)
    return f"{head}: {told}" if head else told
