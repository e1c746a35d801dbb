"""Requests that wait, unacknowledged, for a journal that takes nothing now."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from edge_agent.errors import EdgeAgentError
from edge_agent.ingress import Message
from edge_agent.journal import JournalFull
from edge_agent.service.health import Health

log = logging.getLogger(__name__)

RETRY_S = 2.0
"""How often they are tried again."""
MAX_HELD = 64
"""Of requests that nobody delivers again. Of the others, the broker has at most its receive maximum with us."""

_PART = "journal"


class Held:
    """A request in here is neither lost nor promised."""

    def __init__(self, health: Health, loop: asyncio.AbstractEventLoop) -> None:
        self._health, self._loop = health, loop
        self._waiting: dict[object, Callable[[], None]] = {}
        self._n_once = 0
        self._timer: asyncio.TimerHandle | None = None
        self._trying = False

    def keep(self, error: EdgeAgentError, message: Message, again: Callable[[], None]) -> bool:
        """Have a request tried ``again`` until the disk takes it. False if too many wait already: then it is to be refused.

        What the transport delivers again takes the place of its first copy, whose acknowledgement went with its connection.
        """
        is_once = message.packet_id is None
        if is_once and self._n_once >= MAX_HELD:
            return False
        self._n_once += is_once
        name = object() if is_once else message.fingerprint()
        if name in self._waiting and not message.redelivered:
            name = object()  # the broker has begun a new session, and to count anew
        self._waiting[name] = again
        why = error.reason if isinstance(error, JournalFull) else str(error)
        if not self._trying:
            log.error("request held held=%d error=%r", len(self._waiting), why)
        self._health.degrade(_PART, f"no announcement is accepted: {why}")
        if self._timer is None:
            self._timer = self._loop.call_later(RETRY_S, self._try_again)
        return True

    def stop(self) -> None:
        """Try no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _try_again(self) -> None:
        self._timer = None
        waiting, self._waiting, self._n_once = self._waiting, {}, 0
        self._trying = True
        try:
            for again in waiting.values():
                again()
        finally:
            self._trying = False
        if not self._waiting:
            log.info("held requests taken number=%d", len(waiting))
            self._health.recover(_PART)
