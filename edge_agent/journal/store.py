"""The durable inbox and outbox in one SQLite file, so that an outcome and its event are one transaction."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from edge_agent.announcement import Announcement, Outcome
from edge_agent.clock import Clock
from edge_agent.database import Database, DatabaseError, DatabaseFull
from edge_agent.events import Event
from edge_agent.journal.records import (
    Accepted,
    Counts,
    Duplicate,
    JournalFull,
    Pending,
    State,
    Unreadable,
    dump_announcement,
    dump_event,
    load_announcement,
    load_event,
)
from edge_agent.journal.schema import MIGRATIONS, ON_OPEN

_log = logging.getLogger(__name__)

RETENTION_S = 7 * 86_400.0
MAX_FINISHED = 20_000
MAX_OUTBOX = 20_000
RESERVE_BYTES = 8 * 1024 * 1024


class Journal:
    """Every announcement that was acknowledged, until its end is known and told.

    An announcement goes ``accepted`` -> ``started`` -> ``ending`` -> finished with an outcome, and may be finished
    from any state. Events given to a method are put into the outbox in the same transaction, and stay there until
    :meth:`sent`. The text is kept only until the end; id and outcome are kept longer, to recognise the same id again.

    Use it from the thread that opened it only (the core thread). ``accept``, ``ending``, ``finish`` and ``post`` are
    on disk when they return, which is about one fsync; ``started`` and ``sent`` may be undone by a power cut (not by
    kill -9), because repeating what they stand for is harmless. ``accept`` keeps ``reserve_bytes`` of the disk free, so that what
    was accepted can also be finished.

    ``recovered_from`` is where a corrupt journal was moved when opening had to begin an empty one, else None, and
    ``recovery_reason`` says why.

    Raises:
        DatabaseBusy: another daemon uses this journal.
        DatabaseFull, DatabaseError: from any method, when the disk is full or failing; nothing of the call was kept.
    """

    def __init__(self, path: Path, *, clock: Clock, reserve_bytes: int = RESERVE_BYTES) -> None:
        self._db = Database(path, MIGRATIONS, on_open=ON_OPEN)
        self._clock = clock
        self._reserve_bytes = reserve_bytes

    @property
    def recovered_from(self) -> Path | None:
        return self._db.recovered_from

    @property
    def recovery_reason(self) -> str | None:
        return self._db.recovery_reason

    def known(self, id: str) -> Duplicate | None:
        """Tell whether an id was accepted before, without keeping anything."""
        rows = self._db.rows("SELECT outcome FROM announcements WHERE id = ?", (id,))
        return Duplicate(Outcome(rows[0][0]) if rows[0][0] else None, id) if rows else None

    def newest_id(self, prefix: str, *, since: float) -> str | None:
        """The id last accepted among those that are ``prefix`` followed by a time (s since the epoch) not before ``since``."""
        rows = self._db.rows("SELECT id FROM announcements WHERE substr(id, 1, ?) = ? ORDER BY seq DESC LIMIT 1", (len(prefix), prefix))
        suffix = rows[0][0][len(prefix) :] if rows else ""
        return rows[0][0] if suffix.isdigit() and int(suffix) >= since - 1 else None

    def accept(self, announcement: Announcement, event: Event | None = None) -> Accepted | Duplicate:
        """Keep an announcement; acknowledge it to its sender only after this has returned.

        Raises:
            JournalFull: there is no room; do not acknowledge.
        """
        if duplicate := self.known(announcement.id):
            return duplicate
        self._require_room(announcement.id)
        try:
            with self._db.transaction() as db:
                db.execute(
                    "INSERT INTO announcements (id, source, state, body) VALUES (?, ?, 'accepted', ?)",
                    (announcement.id, announcement.source, dump_announcement(announcement)),
                )
                _put(db, event)
        except DatabaseFull as error:
            raise JournalFull(announcement.id, str(error)) from error
        return Accepted()

    def started(self, id: str, segment: int = 0, *, durable: bool = False) -> None:
        """Note that a segment (from 0) is being spoken; ignored once finished.

        ``durable`` is for what takes an :meth:`ending` back: undone, the announcement would count as spoken.
        """
        with self._db.transaction(durable=durable) as db:
            db.execute(
                "UPDATE announcements SET state = 'started', segment = ? WHERE id = ? AND state <> 'finished'",
                (segment, id),
            )

    def ending(self, id: str) -> None:
        """Note that the last of it is about to be handed to the device: from here on it counts as spoken."""
        with self._db.transaction() as db:
            db.execute("UPDATE announcements SET state = 'ending' WHERE id = ? AND state <> 'finished'", (id,))

    def finish(self, id: str, outcome: Outcome, event: Event | None = None) -> bool:
        """Keep the end of an announcement, and its event for the outbox.

        Returns False, keeping neither, if it had ended before or is unknown.
        """
        return self.finish_all([(id, outcome, event)])[0]

    def finish_all(self, ends: Iterable[tuple[str, Outcome, Event | None]]) -> list[bool]:
        """Many ends in one transaction (``clear``, or a queue that expired while the device was away)."""
        return self._finish((id, None, outcome, event) for id, outcome, event in ends)

    def _finish(self, ends: Iterable[tuple[str | None, int | None, Outcome, Event | None]]) -> list[bool]:
        """Each by its id, or by its row: an id that was damaged is not found."""
        now = self._clock.now()
        kept = []
        with self._db.transaction() as db:
            for id, seq, outcome, event in ends:
                cursor = db.execute(
                    "UPDATE announcements SET state = 'finished', outcome = ?, finished_at = ?, body = NULL"
                    " WHERE (id = ? OR seq = ?) AND state <> 'finished'",
                    (outcome.value, now, id, seq),
                )
                kept.append(cursor.rowcount == 1)
                if kept[-1]:
                    _put(db, event)
        return kept

    def post(self, event: Event) -> None:
        """Put an event into the outbox alone, such as a rejection that must outlive its acknowledgement."""
        with self._db.transaction() as db:
            _put(db, event)

    def pending(self) -> list[Pending]:
        """What was accepted and not finished, oldest first.

        A row that cannot be read is finished as failed here, with an event, and so answered.
        """
        found = []
        for seq, id, source, state, segment, cuts, body in self._db.rows(
            "SELECT seq, id, source, state, segment, cuts, CAST(body AS BLOB) FROM announcements WHERE state <> 'finished' ORDER BY seq"
        ):
            try:
                found.append(Pending(load_announcement(body, id), State(state), segment, cuts))
            except Unreadable as error:
                _log.error("event=unreadable_journal_row id=%s error=%r", id, str(error))
                detail = {"reason": f"the journal lost this announcement ({error})"}
                event = Event(Outcome.FAILED.value, id, self._clock.now(), source, detail=detail)
                self._finish([(None, seq, Outcome.FAILED, event)])
        return found

    def outbox(self, limit: int = 1000) -> list[Event]:
        """Events not yet acknowledged by the broker, oldest first."""
        events = []
        rows = self._db.rows("SELECT seq, event_id, CAST(body AS BLOB) FROM outbox ORDER BY seq LIMIT ?", (limit,))
        for seq, event_id, body in rows:
            try:
                events.append(load_event(body, event_id))
            except Unreadable as error:
                _log.error("event=unreadable_outbox_row event_id=%s error=%r", event_id, str(error))
                self._forget(None, seq)
        return events

    def sent(self, event_id: str) -> None:
        """The broker has the event; forget it."""
        self._forget(event_id, None)

    def _forget(self, event_id: str | None, seq: int | None) -> None:
        with self._db.transaction(durable=False) as db:
            db.execute("DELETE FROM outbox WHERE event_id = ? OR seq = ?", (event_id, seq))

    def counts(self) -> Counts:
        return Counts(
            *self._db.rows(
                "SELECT (SELECT count(*) FROM announcements WHERE state <> 'finished'),"
                " (SELECT count(*) FROM announcements WHERE state = 'finished'), (SELECT count(*) FROM outbox)"
            )[0]
        )

    def prune(
        self, before: float | None = None, *, max_finished: int = MAX_FINISHED, max_outbox: int = MAX_OUTBOX
    ) -> int:
        """Forget what ended before a time (default: a week ago), and the oldest ends and unsent events beyond a number.

        Unfinished announcements are never touched. Returns the number of announcements forgotten.
        """
        before = self._clock.now() - RETENTION_S if before is None else before
        with self._db.transaction(durable=False) as db:
            forgotten = db.execute(
                "DELETE FROM announcements WHERE state = 'finished' AND (finished_at < ? OR seq IN"
                " (SELECT seq FROM announcements WHERE state = 'finished'"
                " ORDER BY finished_at DESC, seq DESC LIMIT -1 OFFSET ?))",
                (before, max_finished),
            ).rowcount
            db.execute(
                "DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox ORDER BY seq DESC LIMIT -1 OFFSET ?)",
                (max_outbox,),
            )
        return forgotten

    def close(self) -> None:
        self._db.close()

    def _require_room(self, id: str) -> None:
        folder = self._db.path.parent
        try:
            disk = os.statvfs(folder)
        except OSError as error:
            raise DatabaseError(self._db.path, str(error)) from error
        if disk.f_bavail * disk.f_frsize < self._reserve_bytes:
            # Without how much is free: the reason becomes the daemon's state, which is published at each change.
            reserve_mib = self._reserve_bytes / 2**20
            raise JournalFull(id, f"less than {reserve_mib:g} MiB are free where {folder} is, kept to finish the others; free some space")


def _put(db: sqlite3.Connection, event: Event | None) -> None:
    if event is not None:
        db.execute("INSERT OR IGNORE INTO outbox (event_id, body) VALUES (?, ?)", (event.event_id, dump_event(event)))
