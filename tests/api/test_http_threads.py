"""Rate cards are compiled one at a time, and only a few wait."""

import threading

import anyio
import pytest

from api.http.problem import ProblemError
from api.http.threads import MOST_CARDS_WAITING, CompileThread


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
        compiling = CompileThread()
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
