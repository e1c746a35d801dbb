from __future__ import annotations

import asyncio
import inspect

import pytest

from edge_agent.client import AsyncHandle, AsyncSpeechClient, Handle, NoAnswer, Refused, Rejected, SpeechClient
from edge_agent.ingress import Ping
from tests.rigs.zmq_peer import Station


def test_the_same_methods_and_arguments_as_the_other_client() -> None:
    for ordinary, twin in ((SpeechClient, AsyncSpeechClient), (Handle, AsyncHandle)):
        methods = {name for name in vars(ordinary) if not name.startswith("_")}
        assert methods == {name for name in vars(twin) if not name.startswith("_")}
        for name in methods:
            if callable(getattr(ordinary, name)):
                one, other = inspect.signature(getattr(ordinary, name)), inspect.signature(getattr(twin, name))
                assert list(one.parameters) == list(other.parameters)


def test_hundreds_at_once(station: Station) -> None:
    async def talk() -> list[bool]:
        async with AsyncSpeechClient(station.folder, timeout_s=60) as speech:
            handles = await asyncio.gather(*(speech.say(str(number), lang="zh") for number in range(300)))
            assert await handles[0].wait_started(20)
            return await asyncio.gather(*(handle.wait_played(20) for handle in handles))

    assert asyncio.run(talk()) == [True] * 300


def test_verbs_and_errors(station: Station) -> None:
    async def talk() -> None:
        async with AsyncSpeechClient(station.folder, timeout_s=20) as speech:
            with pytest.raises(Rejected):
                await speech.say("x", speed=9)
            with pytest.raises(Refused):
                await speech.cancel()
            assert await speech.stop() is None
            assert (await speech.status())["state"] == "online"
            assert await speech.ping() > 0
            assert await speech.preload(["a", "b"]) == 2

    asyncio.run(talk())


def test_waiting_may_end_early_and_begin_again(station: Station) -> None:
    station.core.kinds = ("accepted",)

    async def talk() -> None:
        async with AsyncSpeechClient(station.folder, timeout_s=20) as speech:
            handle = await speech.say("x", lang="en")
            with pytest.raises(NoAnswer):
                await handle.wait_played(0.02)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(handle.wait_played(), 0.02)
            assert await handle.cancel()
            assert not await handle.wait_played(20)
            assert handle.outcome == "cancelled"

    asyncio.run(talk())


def test_what_is_cancelled_before_the_daemon_is_there_is_not_said_later(station: Station) -> None:
    station.stop()

    async def talk() -> None:
        async with AsyncSpeechClient(station.folder, timeout_s=60) as speech:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(speech.say("too late", lang="en"), 0.05)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(speech.preload(["too late"]), 0.05)
            station.start()
            assert await speech.ping() > 0

    asyncio.run(talk())
    assert not station.core.messages
    assert station.core.commands == [Ping()]


def test_a_client_outlives_an_event_loop(station: Station) -> None:
    station.core.kinds = ("accepted",)
    speech = AsyncSpeechClient(station.folder, timeout_s=20)
    handle = asyncio.run(speech.say("x", lang="en"))
    station.core.event("played", handle.id)
    assert asyncio.run(handle.wait_played(20))
    asyncio.run(speech.close())
