"""The client for asyncio; see :mod:`edge_agent.client.sync`, which says what the methods do and raise."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from edge_agent.client.address import Address, Keys
from edge_agent.client.announced import Announced
from edge_agent.client.followed import Followed
from edge_agent.client.link import Link
from edge_agent.client.requests import announcement, batches, checked

_Value = TypeVar("_Value")


class AsyncHandle(Announced):
    """One announcement that was accepted; see :class:`edge_agent.client.Handle`."""

    def __init__(self, client: AsyncSpeechClient, followed: Followed, answer: dict[str, Any]) -> None:
        super().__init__(followed, answer)
        self._client = client

    async def wait_started(self, timeout_s: float | None = None) -> bool:
        return await self._wait(self._followed.started, timeout_s, "started")

    async def wait_played(self, timeout_s: float | None = None) -> bool:
        return await self._wait(self._followed.ended, timeout_s, "ended") == "played"

    async def cancel(self) -> bool:
        return bool(await self._client.cancel(id=self.id))

    async def _wait(self, future: Future[_Value], timeout_s: float | None, what: str) -> _Value:
        waited = asyncio.wrap_future(future)
        try:
            done, _ = await asyncio.wait([waited], timeout=timeout_s)
        finally:
            if not waited.done():
                waited.cancel()  # only this waiting; what is waited for belongs to the client
        if not done:
            raise self._not_in_time(what, timeout_s)
        return waited.result()


class AsyncSpeechClient:
    """:class:`edge_agent.client.SpeechClient` for asyncio: the same arguments, methods and errors. Not bound to one event loop."""

    def __init__(self, where: str | Path | None = None, *, keys: Path | str | None = None, timeout_s: float = 5.0) -> None:
        self._timeout_s = timeout_s
        self._link = Link(Address.of(where), None if keys is None else Keys.read(keys))

    async def __aenter__(self) -> AsyncSpeechClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await asyncio.to_thread(self._link.close)

    async def say(
        self,
        text: str,
        *,
        id: str | None = None,
        lang: str | None = None,
        voice: str | None = None,
        priority: str | None = None,
        ttl_s: float | None = None,
        key: str | None = None,
        on_interrupt: str | None = None,
        chime: str | None = None,
        repeat: int | None = None,
        gap_s: float | None = None,
        volume: float | None = None,
        speed: float | None = None,
        not_before: datetime | str | None = None,
    ) -> AsyncHandle:
        given = {name: value for name, value in locals().items() if name not in ("self", "text")}
        followed, answer = self._link.say(announcement(text, given), self._timeout_s)
        return AsyncHandle(self, followed, checked(await asyncio.wrap_future(answer)))

    async def cancel(self, *, id: str | None = None, key: str | None = None) -> list[str]:
        fields = {name: value for name, value in (("id", id), ("key", key)) if value is not None}
        cancelled: list[str] = (await self._ask("cancel", fields))["cancelled"]
        return cancelled

    async def stop(self) -> str | None:
        stopped: str | None = (await self._ask("stop", {}))["stopped"]
        return stopped

    async def preload(
        self,
        texts: Sequence[str],
        *,
        lang: str | None = None,
        voice: str | None = None,
        speed: float | None = None,
        pin: bool | None = None,
        timeout_s: float | None = None,
    ) -> int:
        manner = {name: value for name, value in (("lang", lang), ("voice", voice), ("speed", speed), ("pin", pin)) if value is not None}
        until = None if timeout_s is None else time.monotonic() + timeout_s
        n_made = 0
        for batch in batches(texts):
            left_s = None if until is None else max(0.0, until - time.monotonic())
            answer = await asyncio.wrap_future(self._link.ask("preload", {"texts": batch, **manner}, left_s))
            n_made += checked(answer)["segments_made"]
        return n_made

    async def status(self) -> dict[str, Any]:
        answer = await self._ask("status", {})
        return {name: value for name, value in answer.items() if name not in ("verb", "ref", "ok", "announcements")}

    async def ping(self) -> float:
        started = time.perf_counter()
        await self._ask("ping", {})
        return time.perf_counter() - started

    async def _ask(self, verb: str, fields: dict[str, Any]) -> dict[str, Any]:
        return checked(await asyncio.wrap_future(self._link.ask(verb, fields, self._timeout_s)))
