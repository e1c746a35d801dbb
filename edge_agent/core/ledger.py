"""The journal, on a disk that may be full or failing: what cannot be written now is written later."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from edge_agent.announcement import Announcement, Outcome
from edge_agent.database import DatabaseError
from edge_agent.events import Event
from edge_agent.journal import Accepted, Duplicate, Journal
from edge_agent.service.health import Health

log = logging.getLogger(__name__)

RETRY_S = 2.0
"""How often what is owed is tried again."""

_PART = "disk"

End = tuple[str, Outcome, Event]
"""Of an announcement, by its id."""


class Ledger:
    """Writes the life of announcements down without ever stopping one.

    Only :meth:`accept` fails loudly, because nothing was promised before it. The end of an announcement that cannot be written is
    owed: its event is sent all the same, and it is written later. A crash before that may speak it again.
    """

    def __init__(self, journal: Journal, health: Health, loop: asyncio.AbstractEventLoop) -> None:
        self._journal, self._health, self._loop = journal, health, loop
        self._owed: list[End] = []
        self._timer: asyncio.TimerHandle | None = None

    def stop(self) -> None:
        """Try no more."""
        if self._timer is not None:
            self._timer.cancel()

    def accept(self, announcement: Announcement) -> Accepted | Duplicate:
        """See :meth:`Journal.accept`.

        Raises:
            JournalFull, DatabaseError: it was not kept; do not acknowledge.
        """
        return self._journal.accept(announcement)

    def started(self, id: str, segment: int = 0, *, durable: bool = False) -> None:
        """See :meth:`Journal.started`."""
        self._written(lambda: self._journal.started(id, segment, durable=durable))

    def ending(self, id: str) -> None:
        """See :meth:`Journal.ending`."""
        self._written(lambda: self._journal.ending(id))

    def sent(self, event_id: str) -> None:
        """See :meth:`Journal.sent`; what is not forgotten is sent again after the next connection, with the same event id."""
        self._written(lambda: self._journal.sent(event_id))

    def post(self, event: Event) -> None:
        """See :meth:`Journal.post`; an event that cannot be kept is only sent."""
        self._written(lambda: self._journal.post(event))

    def finish_all(self, ends: Sequence[End]) -> list[bool]:
        """See :meth:`Journal.finish_all`; True also for those that are owed from now on."""
        known = {id for id, _, _ in self._owed}
        unknown = [end for end in ends if end[0] not in known]
        is_new = {id: True for id, _, _ in unknown}

        def write() -> None:
            is_new.update(zip(is_new, self._journal.finish_all(unknown), strict=True))

        if not self._written(write):
            self._owed += unknown
            self._try_later()
        return [is_new.get(id, False) for id, _, _ in ends]

    def _try_later(self) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(RETRY_S, self._try_again)

    def _try_again(self) -> None:
        self._timer = None
        if self._written(lambda: self._journal.finish_all(self._owed)):
            self._owed = []
        else:
            self._try_later()

    def _written(self, write: Callable[[], object]) -> bool:
        try:
            write()
        except DatabaseError as error:
            log.error("not journaled error=%r", str(error))
            self._health.degrade(_PART, f"the journal cannot be written: {error}")
            return False
        self._health.recover(_PART)
        return True
