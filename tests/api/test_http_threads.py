"""Rate cards are compiled one at a time, and only a few wait."""

import threading

import anyio
import httpx
import pytest

from api.http.app import create_app
from api.http.problem import ProblemError
from api.http.threads import MOST_CARDS_WAITING, CardThread
from tests.api.http_world import CARD
from tests.conftest import Engine, fixed_clock


def test_cards_are_compiled_in_turn_and_more_than_a_few_are_sent_away() -> None:
    may_end = threading.Event()
    running: list[int] = []
    most = 0

    def work(number: int) -> None:
        nonlocal most
        running.append(number)
        most = max(most, len(running))
        may_end.wait(10)
        running.remove(number)

    async def use() -> None:
        compiling = CardThread("Busy")
        async with anyio.create_task_group() as tasks:
            for number in range(1 + MOST_CARDS_WAITING):
                tasks.start_soon(compiling.run, work, number)
            while not running:
                await anyio.sleep(0.01)
            with pytest.raises(ProblemError) as refused:
                await compiling.run(work, -1)
            may_end.set()
        assert (refused.value.status, refused.value.code) == (503, "too_busy")
        assert refused.value.headers["Retry-After"]

    anyio.run(use)
    assert most == 1


def test_a_version_is_put_in_force_while_cards_wait(engine: Engine) -> None:
    """Every place before the compiler is taken: a rollback has a thread of its own, and a card is sent away."""
    with engine.store(fixed_clock(2026, 2, 3)) as store:
        may_end = threading.Event()

        async def use() -> None:
            app = create_app(store, local=True)
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://runrate") as client:
                (await client.post("/v1/rate-cards", content=CARD)).raise_for_status()
                async with anyio.create_task_group() as tasks:
                    for _ in range(1 + MOST_CARDS_WAITING):
                        tasks.start_soon(app.state.compiling.run, may_end.wait, 60)
                    while app.state.compiling._limiter.statistics().tasks_waiting < MOST_CARDS_WAITING:
                        await anyio.sleep(0.01)
                    refused = await client.post("/v1/rate-cards", content=CARD)
                    body = {"rate_card_version": 1, "active_from": "2026-01-01T00:00:00Z"}
                    done = await client.post("/v1/rate-cards/acme/activations", json=body)
                    again = await client.post("/v1/rate-cards/acme/rollbacks", json={"rate_card_version": 1})
                    may_end.set()
            assert refused.status_code == 503
            assert refused.json()["code"] == "too_busy"
            assert (done.status_code, again.status_code) == (200, 200)

        anyio.run(use)
