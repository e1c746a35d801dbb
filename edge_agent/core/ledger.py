"""The journal, on a disk that may be full or failing: what cannot be written now is written later."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from edge_agent.announcement import Announcement, Outcome
from edge_agent.database import DatabaseError
from edge_agent.events import Event
from edge_agent.journal import Accepted, Duplicate, Journal
from edge_agent.service.health import Health

log = logging.getLogger(__name__)

_PART = "disk"


class Ledger:
    """Writes the life of announcements down without ever stopping one.

    Only :meth:`accept` fails loudly, because nothing was promised before it. The end of an announcement that cannot be
    written is owed: its event is sent all the same, and :meth:`settle` writes it once the disk takes it. A crash before that
    may speak it again.
    """

    def __init__(self, journal: Journal, health: Health) -> None:
        self._journal, self._health = journal, health
        self._owed: list[tuple[str, Outcome, Event]] = []

    @property
    def owes(self) -> bool:
        """Whether there is something to settle."""
        return bool(self._owed)

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
        return new

    def settle(self) -> None:
        """Write what is owed, as far as the disk takes it."""
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
