"""One transaction on the index: everything in it is kept, or nothing."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator

from edge_agent.phrases.entry import CacheEntry, file_name
from edge_agent.phrases.schema import TOTALS, Totals, entry_of, totals_of
from edge_agent.phrases.tally import Counts


class Transaction:
    """Writes, and the reads they depend on. Obtained from :meth:`~edge_agent.phrases.index.Index.transaction`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, key: str) -> CacheEntry | None:
        row = self._connection.execute("SELECT * FROM entry WHERE key = ?", (key,)).fetchone()
        return entry_of(row) if row else None

    def least_recently_used(self) -> Iterator[CacheEntry]:
        """Unpinned recordings, the longest unused first."""
        rows = self._connection.execute("SELECT * FROM entry WHERE NOT pinned ORDER BY use_no")
        return map(entry_of, rows)

    def select(self, voice_id: str | None, include_pinned: bool, limit: int) -> list[CacheEntry]:
        rows = self._connection.execute(
            "SELECT * FROM entry WHERE voice_id = coalesce(?, voice_id) AND pinned <= ? LIMIT ?",
            (voice_id, include_pinned, limit),
        )
        return [entry_of(row) for row in rows]

    def file_names(self) -> dict[str, str]:
        """Keys by the file name their recording must have."""
        rows = self._connection.execute("SELECT key, sha256 FROM entry")
        return {file_name(key, sha256): key for key, sha256 in rows}

    def totals(self) -> Totals:
        return totals_of(self._connection.execute(TOTALS).fetchone())

    def put(self, entry: CacheEntry) -> None:
        """Add ``entry`` as the most recently used."""
        self._connection.execute(
            "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(use_no), 0) + 1 FROM entry))",
            dataclasses.astuple(entry),
        )

    def remove(self, key: str, sha256: str | None = None) -> bool:
        """Delete a row, if it still describes the given content; whether it did."""
        query = "DELETE FROM entry WHERE key = ? AND sha256 = coalesce(?, sha256)"
        return self._connection.execute(query, (key, sha256)).rowcount > 0

    def pin(self, key: str, pinned: bool) -> None:
        self._connection.execute("UPDATE entry SET pinned = ? WHERE key = ?", (pinned, key))

    def add(self, name: str, amount: float) -> None:
        self._connection.execute(
            "INSERT INTO statistic VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET amount = amount + excluded.amount",
            (name, amount),
        )

    def write_down(self, counts: Counts) -> None:
        for name, amount in counts.amounts.items():
            self.add(name, amount)
        for key, (number, at) in counts.uses.items():
            self._connection.execute(
                "UPDATE entry SET hits = hits + ?, last_used_at = ?,"
                " use_no = (SELECT coalesce(max(use_no), 0) + 1 FROM entry) WHERE key = ?",
                (number, at, key),
            )

    def begin_statistics(self, at: float) -> None:
        """Note when counting began, unless that was noted before."""
        self._connection.execute("INSERT OR IGNORE INTO statistic VALUES ('since', ?)", (at,))
