"""How much one source may say: a token bucket for bursts, and a count for the day that outlives the process."""

from __future__ import annotations

import logging
import math
from collections import OrderedDict
from pathlib import Path

from edge_agent.database import Database, DatabaseError

_log = logging.getLogger(__name__)

_MAX_SOURCES = 4096
_MIGRATIONS = ("CREATE TABLE quota (source TEXT PRIMARY KEY, day TEXT NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID",)


class RateLimit:
    """A token bucket for each source: ``burst`` at once, refilled with ``per_minute``. Times are monotonic seconds."""

    def __init__(self, per_minute: float, burst: int) -> None:
        self._per_s = per_minute / 60
        self._burst = burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, source: str, now: float) -> float:
        """How long the source must wait before it may speak; 0 if it may now."""
        return max(0.0, (1.0 - self._tokens(source, now)) / self._per_s)

    def spend(self, source: str, now: float) -> None:
        self._buckets[source] = (max(0.0, self._tokens(source, now) - 1.0), now)
        self._buckets.move_to_end(source)
        # Sources are named by strangers: the longest silent one is forgotten, and its bucket was the fullest anyway.
        while len(self._buckets) > _MAX_SOURCES:
            self._buckets.popitem(last=False)

    def _tokens(self, source: str, now: float) -> float:
        tokens, then = self._buckets.get(source, (float(self._burst), now))
        return min(self._burst, tokens + (now - then) * self._per_s)


class DailyQuota:
    """Announcements of each source on each local day, in a file of its own (or in memory, without a path).

    A count lost by a power cut costs a source nothing but a few more announcements, so nothing waits for the disk here.
    """

    def __init__(self, limit: int, path: Path | None) -> None:
        self.limit = limit
        self._db = Database(path, _MIGRATIONS) if path else None
        if self._db is not None and self._db.recovered_from is not None:
            _log.warning("event=quota_counts_lost aside=%s reason=%r", self._db.recovered_from, self._db.recovery_reason)
        self._used: dict[str, int] = {}
        self._day = ""

    def is_spent(self, source: str, day: str) -> bool:
        self._turn_to(day)
        return self._used.get(source, 0) >= self.limit

    def spend(self, source: str, day: str) -> None:
        self._turn_to(day)
        self._used[source] = self._used.get(source, 0) + 1
        self._keep("INSERT OR REPLACE INTO quota VALUES (?, ?, ?)", (source, day, self._used[source]))

    def close(self) -> None:
        if self._db:
            self._db.close()

    def _turn_to(self, day: str) -> None:
        if day == self._day:
            return
        self._day, self._used = day, {}
        if self._db:
            self._used = dict(self._db.rows("SELECT source, used FROM quota WHERE day = ?", (day,)))
        self._keep("DELETE FROM quota WHERE day <> ?", (day,))

    def _keep(self, sql: str, parameters: tuple[object, ...]) -> None:
        """Write, or go on in memory: a full disk must not silence the device."""
        if self._db is None:
            return
        try:
            with self._db.transaction(durable=False) as db:
                db.execute(sql, parameters)
        except DatabaseError as error:
            _log.warning("event=quota_not_kept error=%r", str(error))


def whole_seconds(wait_s: float) -> int:
    """Round up: told to wait so long, a source that does is served."""
    return math.ceil(wait_s)
