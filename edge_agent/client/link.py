"""The client's thread: requests with deadlines, and announcements that are followed to their end."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from edge_agent import wire
from edge_agent.client.address import Address, Keys
from edge_agent.client.errors import NoAnswer, SpeechError
from edge_agent.client.followed import Followed, Followers, settle
from edge_agent.client.sockets import Sockets
from edge_agent.wakeup import Wakeup

_CHECK_EVERY_S = 1.0
"""How often the daemon is asked about announcements of which nothing was heard meanwhile: an event can be missed."""
PATIENCE_S = 10.0
"""For how long a daemon may be away (a restart takes half of it) before those who wait without a limit are told."""


@dataclass(slots=True, eq=False)
class _Asked:
    """A request. ``deadline`` None: as long as the daemon is there. ``greeting`` must have come before it is sent. Whoever waits may
    cancel ``answer``; then it is not sent any more."""

    verb: str
    payload: bytes
    deadline: float | None
    follow: Followed | None = None
    greeting: bytes | None = None
    sent: bool = False
    again: bool = False
    answer: Future[dict[str, Any]] = field(default_factory=Future)


class Link:
    """Thread-safe. Requests are sent only on a connection that is up, and are dropped at their deadline: what nobody waits for any
    more is not spoken minutes later.

    Raises:
        BadKeys: keys are needed and missing, or not needed.
    """

    def __init__(self, address: Address, keys: Keys | None) -> None:
        self._address = address
        self._sockets = Sockets(address, keys)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._jobs: deque[Callable[[], None]] = deque()
        self._wakeup = Wakeup()
        self._closing = False
        self._asked: dict[str, _Asked] = {}
        self._followers = Followers()
        self._n_returns = 0
        self._heard_at = self._check_at = 0.0
        self._checking = False
        self._thread = threading.Thread(target=self._run, name="speech-client", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread; whoever waits is told."""
        with self._lock:
            self._closing = True
            self._wakeup.wake()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def ask(self, verb: str, fields: Mapping[str, Any], timeout_s: float | None) -> Future[dict[str, Any]]:
        """Send a request; its answer, or :class:`NoAnswer` after ``timeout_s`` (None: when the daemon has gone).

        Raises:
            SpeechError: the client is closed.
        """
        return self._begin(*self._make(verb, fields, timeout_s))

    def say(self, fields: Mapping[str, Any], timeout_s: float) -> tuple[Followed, Future[dict[str, Any]]]:
        """Ask for an announcement and follow it. Its events are subscribed to before it is sent, so that none is missed.

        Raises:
            SpeechError: the client is closed.
        """
        given = fields.get("id")
        followed = Followed(str(given) if given is not None else f"{self._sockets.prefix}{next(self._numbers)}")
        ref, asked = self._make("say", {**fields, "id": followed.id}, timeout_s)
        asked.follow = followed
        return followed, self._begin(ref, asked)

    def _make(self, verb: str, fields: Mapping[str, Any], timeout_s: float | None) -> tuple[str, _Asked]:
        ref = str(next(self._numbers))
        payload = json.dumps({"verb": verb, "ref": ref, **fields}, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return ref, _Asked(verb, payload, None if timeout_s is None else time.monotonic() + timeout_s)

    def _begin(self, ref: str, asked: _Asked) -> Future[dict[str, Any]]:
        with self._lock:
            if self._closing:
                raise SpeechError("this client is closed")
            self._jobs.append(lambda: self._enter(ref, asked))
            self._wakeup.wake()
        return asked.answer

    # ---- the thread

    def _run(self) -> None:
        try:
            while not self._closing:
                self._turn()
        finally:
            with self._lock:
                self._closing = True
            while self._jobs:
                self._jobs.popleft()()
            for ref in list(self._asked):
                self._fail(ref, "this client was closed")
            self._followers.give_up("this client was closed")
            self._sockets.close()
            self._wakeup.close()

    def _turn(self) -> None:
        while self._jobs:
            self._jobs.popleft()()
        unsent = [asked for asked in self._asked.values() if not (asked.sent or asked.answer.cancelled())]
        ready = [asked for asked in unsent if self._sockets.in_force(asked.greeting)]
        for asked in ready:
            asked.sent = self._sockets.send(asked.payload)
            if asked.sent:
                self._sockets.forget(asked.greeting)
        self._sockets.wait(self._wakeup.fileno(), self._wait_ms(), to_send=not all(asked.sent for asked in ready))
        self._wakeup.drain()
        if self._sockets.n_returns != self._n_returns:
            self._n_returns = self._sockets.n_returns
            self._ask_again()
        for event in self._sockets.heard():
            self._heard_at = time.monotonic()
            self._followers.hear(event)
        for body in self._sockets.answers():
            self._heard_at = time.monotonic()
            self._take(body)
        self._expire()
        self._check()

    def _enter(self, ref: str, asked: _Asked) -> None:
        if not self._asked and not self._followers:
            self._heard_at = time.monotonic()  # nobody has listened for a while
        if asked.follow is not None:
            own = asked.follow.id.startswith(self._sockets.prefix)
            asked.greeting = self._sockets.own if own else self._sockets.subscribe(asked.follow.id)
            if not own:
                asked.follow.ended.add_done_callback(lambda _: self._sockets.unsubscribe(asked.follow.id))
            self._followers.add(asked.follow)
        self._asked[ref] = asked

    def _ask_again(self) -> None:
        """The answers went with the connection. Only a stop would do something else the second time."""
        for asked in self._asked.values():
            if asked.sent and asked.verb != "stop":
                asked.sent, asked.again, asked.greeting = False, True, None

    def _take(self, body: dict[str, Any]) -> None:
        asked = self._asked.pop(str(body.get("ref")), None)
        if asked is None:
            return
        if asked.again and body.get("status") == "duplicate":
            body["status"] = "accepted"  # it knows it from the first time
        if asked.follow is not None:
            if not body.get("ok"):
                self._drop(asked.follow)
            elif isinstance(outcome := body.get("outcome"), str):
                self._followers.learn({asked.follow.id: outcome})  # a duplicate of one that has ended
        settle(asked.answer, value=body)

    def _expire(self) -> None:
        now = time.monotonic()
        for ref, asked in list(self._asked.items()):
            if asked.answer.cancelled() or now >= (self._heard_at + PATIENCE_S if asked.deadline is None else asked.deadline):
                obstacle = self._address.obstacle
                self._fail(ref, f"no answer from the daemon at {self._address.say}{f': {obstacle}' if obstacle else ''}")

    def _fail(self, ref: str, reason: str) -> None:
        asked = self._asked.pop(ref)
        refusal = self._sockets.refusal
        if asked.follow is not None:
            self._drop(asked.follow)
        settle(
            asked.answer, error=NoAnswer(f"{reason}: {refusal}" if refusal else reason, asked.follow.id if asked.follow else None)
        )

    def _drop(self, followed: Followed) -> None:
        followed.give_up("it was not accepted")
        self._followers.drop(followed)

    def _check(self) -> None:
        """Ask about what is quiet, if only whether the daemon is there; give it up when it has been away for long."""
        now = time.monotonic()
        if now < self._check_at or not self._waiting_without_limit:
            return
        self._check_at = now + _CHECK_EVERY_S
        if now - self._heard_at > PATIENCE_S:
            self._followers.give_up(f"the daemon at {self._address.say} has not been heard of for {PATIENCE_S:g} s")
            return
        # Whether one that is still being asked for is known will be said by the answer.
        asked_for = {asked.follow.id for asked in self._asked.values() if asked.follow}
        quiet = [one for one in self._followers.quiet(_CHECK_EVERY_S) if one not in asked_for][: wire.MAX_STATUS_IDS]
        if not self._checking and (quiet or now - self._heard_at >= _CHECK_EVERY_S):
            self._checking = True
            ref, asked = self._make("status", {"ids": quiet} if quiet else {}, _CHECK_EVERY_S)
            asked.answer.add_done_callback(self._checked)
            self._enter(ref, asked)

    def _checked(self, answer: Future[dict[str, Any]]) -> None:
        self._checking = False
        if answer.exception() is None:
            whereabouts = answer.result().get("announcements")
            self._followers.learn(whereabouts if isinstance(whereabouts, dict) else {})

    @property
    def _waiting_without_limit(self) -> bool:
        return bool(self._followers) or any(asked.deadline is None for asked in self._asked.values())

    def _wait_ms(self) -> int:
        now = time.monotonic()
        times = [asked.deadline for asked in self._asked.values() if asked.deadline is not None]
        if self._waiting_without_limit:
            times.append(self._check_at)
        return max(1, round(1000 * (min(times, default=now + 60) - now)))
