from __future__ import annotations

import asyncio

import pytest

from edge_agent.agent.lifetime import Lifetime
from edge_agent.errors import EdgeAgentError


class Part:
    def __init__(self, name: str, told: list[str]) -> None:
        self._name, self._told = name, told

    def close(self) -> None:
        self._told.append(f"{self._name} closed")


def test_the_last_that_was_opened_or_started_ends_first_after_the_tasks() -> None:
    told: list[str] = []

    async def task() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            told.append("task ended")

    async def life() -> None:
        lifetime = Lifetime()
        lifetime.opened(Part("a", told))
        lifetime.begin(lambda: told.append("b started"), lambda: told.append("b stopped"))
        lifetime.run("task", task())
        lifetime.opened(Part("c", told))
        await asyncio.sleep(0)
        await lifetime.end()

    asyncio.run(life())
    assert told == ["b started", "task ended", "c closed", "b stopped", "a closed"]


def test_what_did_not_start_is_not_stopped() -> None:
    def fail() -> None:
        raise EdgeAgentError("no")

    async def life() -> None:
        lifetime = Lifetime()
        with pytest.raises(EdgeAgentError):
            lifetime.begin(fail, lambda: pytest.fail("stopped what never began"))
        await lifetime.end()

    asyncio.run(life())


def test_a_task_that_failed_keeps_no_part_open(caplog) -> None:
    told: list[str] = []

    async def fail() -> None:
        raise ValueError("a defect")

    async def life() -> None:
        lifetime = Lifetime()
        lifetime.opened(Part("a", told))
        lifetime.run("feeble", fail())
        await asyncio.sleep(0)
        await lifetime.end()

    asyncio.run(life())
    assert told == ["a closed"]
    assert "task=feeble" in caplog.text
    assert "a defect" in caplog.text


@pytest.mark.parametrize("error", [EdgeAgentError("not now"), OSError("not now")])
def test_what_is_done_every_so_often_goes_on_after_an_error(caplog, error: Exception) -> None:
    times = 0
    thrice = asyncio.Event()

    def fail_once() -> None:
        nonlocal times
        times += 1
        if times == 1:
            raise error
        if times == 3:
            thrice.set()

    async def life() -> None:
        lifetime = Lifetime()
        lifetime.repeat("task", 0.001, fail_once)
        await asyncio.wait_for(thrice.wait(), 20)
        await lifetime.end()

    asyncio.run(life())
    assert "not now" in caplog.text
