"""Calling the app inside the process, without a network: for commands that open the store themselves, and
tests."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI

BASE_URL = "http://runrate"


class _InProcessTransport(httpx.BaseTransport):
    """Hands requests to the app in the portal's event loop and waits for the answer."""

    def __init__(self, app: FastAPI, portal: BlockingPortal) -> None:
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._portal = portal

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._portal.call(self._handle, request)

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        content = httpx.ByteStream(request.read())
        response = await self._transport.handle_async_request(
            httpx.Request(request.method, request.url, headers=request.headers, stream=content)
        )
        body = await response.aread()
        return httpx.Response(response.status_code, headers=response.headers, content=body, request=request)


@contextmanager
def in_process_client(app: FastAPI, headers: dict[str, str] | None = None) -> Iterator[httpx.Client]:
    """Return an HTTP client of the app; its calls block until they are answered. For any number of
    threads."""
    with (
        start_blocking_portal() as portal,
        httpx.Client(
            transport=_InProcessTransport(app, portal), base_url=BASE_URL, headers=headers, timeout=None
        ) as client,
    ):
        yield client
