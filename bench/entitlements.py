"""May a product be used: answers at a steady 200 requests a second while events come in, from a server of its own."""

import asyncio
import json
import time
from dataclasses import dataclass
from pathlib import Path

from bench.children import run_in_child
from bench.load_client import send
from bench.report import Figure, Progress, percentile
from bench.server import Address, serving
from bench.workload import CUSTOMERS, MEMORY_BYTES, RATE_CARD, Workload, set_up
from fixtures.demo.contracts import contracts_for

REQUESTS_A_SECOND = 200
CONNECTIONS = 20
ASKED = CUSTOMERS[:20]
PRODUCT = "input_tokens"
WARM_UP_SECONDS = 3
AIM_MILLISECONDS = 25


@dataclass(frozen=True, slots=True)
class Asked:
    """Milliseconds from when a request was due to its answer, so that a late one counts as late."""

    milliseconds: list[float]
    events_a_second: float


def measure(workload: Workload, folder: Path, seconds: int, progress: Progress) -> list[Figure]:
    """Ask a new store in `folder` for that many seconds, at rest and while it is loaded."""
    run_in_child(prepare, workload, folder)
    with serving(folder) as address:
        progress(f"entitlements at {REQUESTS_A_SECOND} requests/s, at rest")
        at_rest = run_in_child(ask, address, seconds)
        progress(f"entitlements at {REQUESTS_A_SECOND} requests/s, while events come in")
        loaded = run_in_child(ask_under_load, address, seconds)
    what = f"entitlement at {REQUESTS_A_SECOND} requests/s of {len(ASKED)} customers"
    return [
        Figure(f"{what}: p50", percentile(at_rest, 50), "ms"),
        Figure(f"{what}: p99", percentile(at_rest, 99), "ms", aim=AIM_MILLISECONDS),
        Figure(f"{what}, while events come in: p50", percentile(loaded.milliseconds, 50), "ms"),
        Figure(
            f"{what}, while events come in: p99",
            percentile(loaded.milliseconds, 99),
            "ms",
            aim=AIM_MILLISECONDS,
        ),
        Figure("events that come in meanwhile", loaded.events_a_second, "events/s"),
    ]


def prepare(workload: Workload, folder: Path) -> None:
    """Make a store with the card and the contracts, those of who is asked about with credits; runs in a child."""
    from api.opening import open_store
    from api.operations.contracts import apply_contracts

    document = json.loads(contracts_for(ASKED, RATE_CARD, workload.month_start))
    for contract in document["contracts"]:
        grant = {"grant_id": "credits", "unit": "USD", "amount": "1000000"}
        contract["grants"] = [{**grant, "effective_at": contract["starts_at"]}]
    with open_store(f"chdb:{folder}", memory_bytes=MEMORY_BYTES) as store:
        set_up(store, workload.month_start)
        apply_contracts(store, json.dumps(document), "contracts.json")


def ask(address: Address, seconds: int) -> list[float]:
    """Ask for that long, after a warm-up; returns the milliseconds of each answer."""
    return asyncio.run(_ask(address, seconds))


def ask_under_load(address: Address, seconds: int) -> Asked:
    """Ask while as many events as the server takes come in."""
    return asyncio.run(_both(address, seconds))


async def _both(address: Address, seconds: int) -> Asked:
    loading = asyncio.create_task(asyncio.to_thread(send, address, seconds + WARM_UP_SECONDS))
    taken = await _ask(address, seconds)
    return Asked(taken, (await loading).events_a_second)


async def _ask(address: Address, seconds: int) -> list[float]:
    began = time.perf_counter() + 0.1
    each = await asyncio.gather(*(_asker(address, number, began, seconds) for number in range(CONNECTIONS)))
    return [milliseconds for one in each for milliseconds in one]


async def _asker(address: Address, number: int, began: float, seconds: int) -> list[float]:
    """One connection's share: a request every CONNECTIONS / REQUESTS_A_SECOND seconds, whether the last was late."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    taken = []
    pause = CONNECTIONS / REQUESTS_A_SECOND
    count = int((seconds + WARM_UP_SECONDS) / pause)
    for turn in range(count):
        due = began + turn * pause + number / REQUESTS_A_SECOND
        await asyncio.sleep(max(0, due - time.perf_counter()))
        writer.write(_request(address, ASKED[(turn * CONNECTIONS + number) % len(ASKED)]))
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").lower().split("\r\n")
        length = next(int(line[15:]) for line in lines if line.startswith("content-length:"))
        body = await reader.readexactly(length)
        if " 200 " not in lines[0]:
            raise RuntimeError(f"the server answered {lines[0]}: {body[:500]!r}")
        if turn * pause >= WARM_UP_SECONDS:
            taken.append((time.perf_counter() - due) * 1_000)
    writer.close()
    return taken


def _request(address: Address, customer: str) -> bytes:
    lines = [
        f"GET /v1/customers/{customer}/entitlements/{PRODUCT} HTTP/1.1",
        f"Host: {address.host}:{address.port}",
        *(f"{name}: {value}" for name, value in address.headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
