"""The journal, on a disk that may be full or failing: what cannot be written now is written later."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from functools import partial

from edge_agent.announcement import Announcement, Outcome
from edge_agent.database import DatabaseError
from edge_agent.errors import EdgeAgentError
from edge_agent.events import Event
from edge_agent.journal import Accepted, Duplicate, Journal
from edge_agent.service.health import Health

log = logging.getLogger(__name__)

RETRY_S = 2.0
"""How often a journal that could not be written is tried again."""
MAX_HELD = 64
"""Requests kept unacknowledged for a journal without room. The broker has at most its receive maximum with us; beyond this
number are only those that nobody would deliver again."""

_PART = "disk"


class Ledger:
    """Writes the life of announcements down without ever stopping one.

    Only :meth:`accept` fails loudly, because nothing was promised before it; who calls it may have it :meth:`hold` the request
    until the disk takes it. The end of an announcement that cannot be written is owed: its event is sent all the same, and it
    is written later. A crash before that may speak it again.
    """

    def __init__(self, journal: Journal, health: Health, loop: asyncio.AbstractEventLoop) -> None:
        self._journal, self._health, self._loop = journal, health, loop
        self._owed: list[tuple[str, Outcome, Event]] = []
        self._held: deque[Callable[[], None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def stop(self) -> None:
        """Try no more."""
        if self._timer is not None:
            self._timer.cancel()

    def hold(self, error: EdgeAgentError, again: Callable[[], None]) -> None:
        """Keep a request that cannot be journaled, unacknowledged, until it can: it is neither lost nor promised."""
        log.error("request held held=%d error=%r", len(self._held) + 1, str(error))
        self._health.degrade("journal", f"no announcement is accepted: {error}")
        if len(self._held) < MAX_HELD:
            self._held.append(again)
        self._try_later()

    def accept(self, announcement: Announcement) -> Accepted | Duplicate:
        """See :meth:`Journal.accept`.

        Raises:
            JournalFull, DatabaseError: it was not kept; do not acknowledge.
        """
        return self._journal.accept(announcement)

    def started(self, id: str, segment: int = 0) -> None:
        """See :meth:`Journal.started`."""
        self._written(lambda: self._journal.started(id, segment))

    def ending(self, id: str) -> None:
        """See :meth:`Journal.ending`."""
        self._written(lambda: self._journal.ending(id))

    def sent(self, event_id: str) -> None:
        """See :meth:`Journal.sent`; what is not forgotten is sent again after the next connection, with the same event id."""
        self._written(lambda: self._journal.sent(event_id))

    def post(self, event: Event) -> None:
        """See :meth:`Journal.post`; an event that cannot be kept is only sent."""
        self._written(lambda: self._journal.post(event))

    def finish(self, id: str, outcome: Outcome, event: Event) -> bool:
        """See :meth:`Journal.finish`; True also when it is owed."""
        if any(id == owed for owed, _, _ in self._owed):
            return False
        new = True

        def write() -> None:
            nonlocal new
            new = self._journal.finish(id, outcome, event)

        if not self._written(write):
            self._owed.append((id, outcome, event))
            self._try_later()
        return new

    def _try_later(self) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(RETRY_S, self._try_again)

    def _try_again(self) -> None:
        self._timer = None
        self._settle()
        held, self._held = self._held, deque()
        for again in held:
            again()
        if held and not self._held:
            self._health.recover("journal")
        if self._owed:
            self._try_later()

    def _settle(self) -> None:
        owed, self._owed = self._owed, []
        for number, end in enumerate(owed):
            if not self._written(partial(self._journal.finish, *end)):
                self._owed = owed[number:]
                return

    def _written(self, write: Callable[[], object]) -> bool:
        try:
            write()
        except DatabaseError as error:
            log.error("not journaled error=%r", str(error))
            self._health.degrade(_PART, f"the journal cannot be written: {error}")
            return False
        self._health.recover(_PART)
        return True
