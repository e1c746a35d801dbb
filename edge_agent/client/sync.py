"""The client for ordinary programs."""

from __future__ import annotations

import concurrent.futures
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


class Handle(Announced):
    """One announcement that was accepted. May be shared by threads, and thrown away at any time."""

    def __init__(self, client: SpeechClient, followed: Followed, answer: dict[str, Any]) -> None:
        super().__init__(followed, answer)
        self._client = client

    def wait_started(self, timeout_s: float | None = None) -> bool:
        """Wait until it begins to sound; False if it ended without.

        Raises:
            NoAnswer: neither happened in time, or (without a limit too) the daemon has gone.
        """
        return self._wait(self._followed.started, timeout_s, "started")

    def wait_played(self, timeout_s: float | None = None) -> bool:
        """Wait until it has ended; whether it was played to its end, as the device reports it. Else see :attr:`outcome`.

        Raises:
            NoAnswer: it has not ended in time, or (without a limit too) the daemon has gone.
        """
        return self._wait(self._followed.ended, timeout_s, "ended") == "played"

    def cancel(self) -> bool:
        """Have it not spoken, or cut short; whether there was anything left to cancel. A daemon that restarted before it answered is
        asked again, and may have cancelled it the first time: False then, and :attr:`outcome` says which.

        Raises:
            NoAnswer, Refused: as for every request.
        """
        return bool(self._client.cancel(id=self.id))

    def _wait(self, future: Future[_Value], timeout_s: float | None, what: str) -> _Value:
        try:
            return future.result(timeout_s)
        except concurrent.futures.TimeoutError as error:
            if future.done():
                raise
            raise self._not_in_time(what, timeout_s) from error


class SpeechClient:
    """Asks a daemon to speak. Thread-safe; close it, or use it as a context manager.

    Args:
        where: None for this computer's daemon, a folder with its sockets, or ``tcp://host:port``.
        keys: the file from ``edge-agent keys zmq client``; needed with TCP only.
        timeout_s: how long to wait for an answer. No method takes longer, but those that wait for speech or rendering.

    Raises:
        BadKeys: the key file cannot be used.
        ValueError: ``where`` is no address.

    A daemon that is not there yet, or restarts, is found as soon as it is there.
    """

    def __init__(self, where: str | Path | None = None, *, keys: Path | str | None = None, timeout_s: float = 5.0) -> None:
        self._timeout_s = timeout_s
        self._link = Link(Address.of(where), None if keys is None else Keys.read(keys))

    def __enter__(self) -> SpeechClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the daemon; what it has accepted it speaks all the same."""
        self._link.close()

    def say(
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
    ) -> Handle:
        """Ask for an announcement; returns when it is safely in the daemon's journal. What is None is left to the daemon.

        Raises:
            Rejected: it cannot be spoken, or may not be; says why.
            NoAnswer: the daemon was not there in time; whether it will be spoken is not known. Say it again with the error's ``id``.
            ValueError: ``not_before`` has no time zone.
        """
        given = {name: value for name, value in locals().items() if name not in ("self", "text")}
        followed, answer = self._link.say(announcement(text, given), self._timeout_s)
        return Handle(self, followed, checked(answer.result()))

    def cancel(self, *, id: str | None = None, key: str | None = None) -> list[str]:
        """Cancel what has an id or a key, spoken or waiting; the ids that were found. A daemon that restarted before it answered is
        asked again, and does not name what it had cancelled the first time: none of the id or key is left in either case.

        Raises:
            NoAnswer: the daemon was not there in time.
            Refused: neither or both were given.
        """
        fields = {name: value for name, value in (("id", id), ("key", key)) if value is not None}
        cancelled: list[str] = self._ask("cancel", fields)["cancelled"]
        return cancelled

    def stop(self) -> str | None:
        """Silence what is being spoken; its id, None in silence. What waits is spoken next.

        Raises:
            NoAnswer: the daemon was not there in time.
        """
        stopped: str | None = self._ask("stop", {})["stopped"]
        return stopped

    def preload(
        self,
        texts: Sequence[str],
        *,
        lang: str | None = None,
        voice: str | None = None,
        speed: float | None = None,
        pin: bool | None = None,
        timeout_s: float | None = None,
    ) -> int:
        """Render texts into the phrase cache, when the daemon has nothing to say; how many segments were not there yet.

        Returns when all are there. ``pin`` keeps them for good. The same ``lang``, ``voice`` and ``speed`` must then be given to
        :meth:`say`.

        Raises:
            Refused: some text cannot be spoken; the others were rendered, but not those of later requests of a long list.
            NoAnswer: not done within ``timeout_s``, or (without a limit too) the daemon has gone.
        """
        manner = {name: value for name, value in (("lang", lang), ("voice", voice), ("speed", speed), ("pin", pin)) if value is not None}
        until = None if timeout_s is None else time.monotonic() + timeout_s
        n_made = 0
        for batch in batches(texts):
            left_s = None if until is None else max(0.0, until - time.monotonic())
            n_made += checked(self._link.ask("preload", {"texts": batch, **manner}, left_s).result())["segments_made"]
        return n_made

    def status(self) -> dict[str, Any]:
        """How the daemon is: ``state`` (online or degraded), ``why``, ``queue_length``, ``speaking``, ``voice``, ``volume``, ``version``.

        Raises:
            NoAnswer: it was not there in time.
        """
        answer = self._ask("status", {})
        return {name: value for name, value in answer.items() if name not in ("verb", "ref", "ok", "announcements")}

    def ping(self) -> float:
        """Seconds for a round trip to the daemon's core.

        Raises:
            NoAnswer: it was not there in time.
        """
        started = time.perf_counter()
        self._ask("ping", {})
        return time.perf_counter() - started

    def _ask(self, verb: str, fields: dict[str, Any]) -> dict[str, Any]:
        return checked(self._link.ask(verb, fields, self._timeout_s).result())
