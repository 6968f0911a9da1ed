"""Clients that send events over many connections and cost little themselves.

Bodies are made before the clock starts. What changes from request to request (ids, and times, which are now, as
a live stream's are) is written over marks in them.
"""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import msgspec

from bench.children import Stopwatch
from bench.freshness import Prober
from bench.server import Address
from bench.workload import CUSTOMERS, EVENT_MIX, MODELS, REGIONS, SEED
from fixtures.demo.generator import generate, to_events

CONNECTIONS = 16
EVENTS_A_REQUEST = 1_000
BODIES = 64
WARM_UP_SECONDS = 2
PROBE_PAUSE_SECONDS = 0.2

ID_MARK = b"@@@@@@@@"
SECOND_MARK = b"yyyy-mm-ddThh:mm:ss"


@dataclass(frozen=True, slots=True)
class Load:
    """What a load came to: events sent in all, events a second answered as accepted after the warm-up,
    CPU-seconds a second of all clients, milliseconds from request to answer, and from the POST of one event more to
    the invoice that shows it."""

    events_sent: int
    events_a_second: float
    client_cores: float
    answer_milliseconds: list[float]
    fresh_milliseconds: list[float]


@dataclass(frozen=True, slots=True)
class _Answer:
    at: float
    seconds: float


def send(address: Address, seconds: int) -> Load:
    """Send for that long, after a warm-up, on every connection."""
    return asyncio.run(_send(address, _bodies(), seconds))


async def _send(address: Address, bodies: Sequence[bytes], seconds: int) -> Load:
    numbers = count()
    begins = time.perf_counter() + WARM_UP_SECONDS
    ends = begins + seconds
    watch = Stopwatch()
    probing = asyncio.create_task(asyncio.to_thread(_probe_until, address, begins, ends))
    answers = await asyncio.gather(*(_sender(address, bodies, numbers, ends) for _ in range(CONNECTIONS)))
    fresh = await probing
    cost = watch.cost()
    counted = [answer for some in answers for answer in some if begins <= answer.at < ends]
    return Load(
        sum(len(some) for some in answers) * EVENTS_A_REQUEST,
        len(counted) * EVENTS_A_REQUEST / seconds,
        cost.cpu_seconds / cost.wall_seconds,
        [answer.seconds * 1_000 for answer in counted],
        fresh,
    )


async def _sender(
    address: Address, bodies: Sequence[bytes], numbers: Iterator[int], ends: float
) -> list[_Answer]:
    reader, writer = await asyncio.open_connection(address.host, address.port)
    answers = []
    while time.perf_counter() < ends:
        number = next(numbers)
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}".encode()
        body = (
            bodies[number % len(bodies)].replace(ID_MARK, f"{number:08x}".encode()).replace(SECOND_MARK, now)
        )
        began = time.perf_counter()
        writer.write(_head(address, len(body)))
        writer.write(body)
        answer = await _read_answer(reader)
        ended = time.perf_counter()
        if answer["accepted"] != EVENTS_A_REQUEST:
            raise AssertionError(f"not all events were accepted: {answer}")
        answers.append(_Answer(ended, ended - began))
    writer.close()
    return answers


def _head(address: Address, length: int) -> bytes:
    lines = [
        "POST /v1/events HTTP/1.1",
        f"Host: {address.host}:{address.port}",
        "Content-Type: application/json",
        f"Content-Length: {length}",
        *(f"{name}: {value}" for name, value in address.headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _read_answer(reader: asyncio.StreamReader) -> Any:
    head = await reader.readuntil(b"\r\n\r\n")
    status, *fields = head.decode("latin-1").split("\r\n")
    length = next(int(field[15:]) for field in fields if field.lower().startswith("content-length:"))
    body = await reader.readexactly(length)
    if " 200 " not in status:
        raise RuntimeError(f"the server answered {status}: {body[:500]!r}")
    return json.loads(body)


def _probe_until(address: Address, begins: float, ends: float) -> list[float]:
    """Probe now and then under the load; runs in a thread of its own, because it waits."""
    prober = Prober(address)
    time.sleep(max(0, begins - time.perf_counter()))
    taken = []
    while time.perf_counter() < ends:
        taken.append(prober.milliseconds())
        time.sleep(PROBE_PAUSE_SECONDS)
    return taken


def _bodies() -> list[bytes]:
    """JSON arrays of events with marks where their ids begin and where the second of their time is."""
    start = datetime(2020, 1, 1, tzinfo=UTC)
    batches = generate(
        BODIES * EVENTS_A_REQUEST,
        SEED,
        start,
        start + timedelta(hours=1),
        customers=CUSTOMERS,
        models=MODELS,
        regions=REGIONS,
        event_mix=EVENT_MIX,
        batch_rows=EVENTS_A_REQUEST,
    )
    bodies = []
    for batch in batches:
        events = to_events(batch)
        for number, event in enumerate(events):
            event["event_id"] = f"{ID_MARK.decode()}-{number:04d}"
            event["event_time"] = f"{SECOND_MARK.decode()}.{number:03d}Z"
        bodies.append(msgspec.json.encode(events))
    return bodies
