"""What is known of announcements, from their events and from the daemon's status."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, InvalidStateError
from typing import Any

from edge_agent.client.errors import NoAnswer
from edge_agent.events import STARTED, TERMINAL


class Followed:
    """One announcement. Written by the client's thread, read by any.

    Attributes:
        id: the announcement's.
        started: becomes True when it began to sound, False when it ended without.
        ended: becomes the outcome.
    """

    def __init__(self, id: str) -> None:
        self.id = id
        self.started: Future[bool] = unbreakable()
        self.ended: Future[str] = unbreakable()
        self._lock = threading.Lock()
        self._events: list[dict[str, Any]] = []

    @property
    def events(self) -> tuple[dict[str, Any], ...]:
        """All events so far, each once."""
        with self._lock:
            return tuple(self._events)

    @property
    def outcome(self) -> str | None:
        """How it ended; None while it has not, or nobody knows."""
        return self.ended.result() if self.ended.done() and self.ended.exception() is None else None

    def take(self, event: dict[str, Any]) -> None:
        """An event came in; the same one may come again."""
        with self._lock:
            if any(event.get("event_id") == known.get("event_id") for known in self._events):
                return
            self._events.append(event)
        if event["event"] == STARTED:
            self.begin()
        elif event["event"] in TERMINAL:
            self.end(event["event"])

    def begin(self) -> None:
        settle(self.started, value=True)

    def end(self, outcome: str) -> None:
        settle(self.started, value=outcome == "played")
        settle(self.ended, value=outcome)

    def give_up(self, reason: str) -> None:
        """Nothing more will be heard of it."""
        for future in (self.started, self.ended):
            settle(future, error=NoAnswer(reason, self.id))


class Followers:
    """Announcements that have not ended, by id; several may follow the same one. For the client's thread only."""

    def __init__(self) -> None:
        self._by_id: dict[str, list[Followed]] = {}
        self._heard_at: dict[str, float] = {}

    def __bool__(self) -> bool:
        return bool(self._by_id)

    def __contains__(self, id: str) -> bool:
        return id in self._by_id

    def add(self, followed: Followed) -> None:
        self._by_id.setdefault(followed.id, []).append(followed)
        self._heard_at[followed.id] = time.monotonic()

    def drop(self, followed: Followed) -> None:
        """Stop to follow, as its request was refused."""
        following = self._by_id.get(followed.id, [])
        if followed in following:
            following.remove(followed)
        self._forget_ended(followed.id)

    def hear(self, event: dict[str, Any]) -> None:
        """Give an event to whoever follows its announcement."""
        about = str(event.get("id"))
        if isinstance(event.get("event"), str) and about in self._by_id:
            self._heard_at[about] = time.monotonic()
            for followed in self._by_id[about]:
                followed.take(event)
            self._forget_ended(about)

    def learn(self, whereabouts: Mapping[str, str]) -> None:
        """What the daemon's status says about those asked for."""
        for one, state in whereabouts.items():
            for followed in self._by_id.get(one, ()):
                if state == "unknown":
                    followed.give_up("the daemon knows nothing of this announcement any more")
                elif state == "speaking":
                    followed.begin()
                elif state != "waiting":
                    followed.end(state)
            if one in self._by_id:
                self._heard_at[one] = time.monotonic()
                self._forget_ended(one)

    def quiet(self, for_s: float) -> list[str]:
        """Ids of which nothing was heard for so long, the quietest first."""
        before = time.monotonic() - for_s
        return sorted((one for one, at in self._heard_at.items() if at <= before), key=self._heard_at.__getitem__)

    def give_up(self, reason: str) -> None:
        """Tell all that nothing more will be heard."""
        for one in list(self._by_id):
            for followed in self._by_id[one]:
                followed.give_up(reason)
            self._forget_ended(one)

    def _forget_ended(self, id: str) -> None:
        left = [followed for followed in self._by_id.get(id, ()) if not followed.ended.done()]
        if left:
            self._by_id[id] = left
        else:
            self._by_id.pop(id, None)
            self._heard_at.pop(id, None)


def unbreakable() -> Future[Any]:
    """A future that whoever waits for it cannot cancel, since others may wait for it too."""
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    return future


def settle(future: Future[Any], *, value: object = None, error: Exception | None = None) -> None:
    """Set the future's value or error unless it has one."""
    with contextlib.suppress(InvalidStateError):
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(value)
