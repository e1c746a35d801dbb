"""The index: one SQLite table of recordings, one of statistics.

Write-ahead logging lets the command line read and write beside the daemon. ``synchronous=NORMAL`` may lose the last
commits in a power cut but never the file's consistency; a cache needs no more, and the sweep at the next start
squares index and folder. Order of use is a counter, not a time of day: clocks of devices without a battery jump.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote

from edge_agent.phrases.entry import CacheEntry, file_name
from edge_agent.phrases.errors import IndexDamaged, IndexUnavailable
from edge_agent.phrases.tally import Counts

Order = Literal["recent", "oldest", "hits", "largest", "text"]

_VERSION = 1
# The columns of "entry" are the fields of CacheEntry in their order, then the counter.
_SCHEMA = (
    """CREATE TABLE entry (
        key TEXT PRIMARY KEY, text TEXT NOT NULL, lang TEXT NOT NULL, voice_id TEXT NOT NULL,
        sample_rate INTEGER NOT NULL, n_frames INTEGER NOT NULL, n_bytes INTEGER NOT NULL, sha256 TEXT NOT NULL,
        synthesis_s REAL NOT NULL, created_at REAL NOT NULL, last_used_at REAL NOT NULL, hits INTEGER NOT NULL,
        pinned INTEGER NOT NULL, use_no INTEGER NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX entry_by_use ON entry (use_no, pinned, n_bytes)",
    "CREATE INDEX entry_by_voice ON entry (voice_id)",
    "CREATE TABLE statistic (name TEXT PRIMARY KEY, amount REAL NOT NULL) WITHOUT ROWID",
    f"PRAGMA user_version = {_VERSION}",
)
_LISTINGS: dict[Order, str] = {
    "recent": r"SELECT * FROM entry WHERE text LIKE ? ESCAPE '\' ORDER BY use_no DESC LIMIT ?",
    "oldest": r"SELECT * FROM entry WHERE text LIKE ? ESCAPE '\' ORDER BY use_no LIMIT ?",
    "hits": r"SELECT * FROM entry WHERE text LIKE ? ESCAPE '\' ORDER BY hits DESC, use_no DESC LIMIT ?",
    "largest": r"SELECT * FROM entry WHERE text LIKE ? ESCAPE '\' ORDER BY n_bytes DESC, key LIMIT ?",
    "text": r"SELECT * FROM entry WHERE text LIKE ? ESCAPE '\' ORDER BY text, key LIMIT ?",
}
_PATIENCE_S = 5.0
_LOG_PAGES = 256
"""The write-ahead log's length at which it is folded into the index: 1 MiB, so that it never fills a small disk."""


class Totals(NamedTuple):
    entries: int
    n_bytes: int
    pinned: int
    pinned_bytes: int


class Index:
    """Open an index file, creating it if need be. Safe to use from any thread.

    Readers never wait for a writer. On a disk that takes no writes an existing index opens for reading only, and one
    that does not exist yet reads as empty: a device with a full disk must still speak.

    Raises:
        IndexDamaged: the file is not an index of this release's version, or fails SQLite's own check.
        IndexUnavailable: another process kept it locked for 5 s.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._uri = f"file:{quote(str(path))}"
        self._read_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._reader = self._connect(":memory:")
        self._writer: sqlite3.Connection | None = None
        try:
            with self._translated():
                self._open()
        except IndexUnavailable:
            self.close()
            raise

    def _open(self) -> None:
        try:
            self._open_for_writing()
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise
            self._reader = self._open_for_reading()

    def _open_for_writing(self) -> None:
        with contextlib.ExitStack() as on_failure:
            writer = self._connect(self._uri)
            on_failure.callback(writer.close)
            _prepare(writer)
            self._verify(writer)
            reader = self._connect(f"{self._uri}?mode=ro")
            on_failure.callback(reader.close)
            reader.execute("SELECT 1 FROM entry LIMIT 1").fetchall()
            on_failure.pop_all()
        with self._read_lock:
            previous, self._reader = self._reader, reader
            previous.close()
        self._writer = writer

    def _open_for_reading(self) -> sqlite3.Connection:
        try:
            # Immutable needs no files of SQLite's own beside the index, which a full disk could not take.
            reader = self._connect(f"{self._uri}?mode=ro&immutable=1")
            reader.execute("SELECT 1 FROM entry LIMIT 1").fetchall()
            self._verify(reader)
        except sqlite3.OperationalError:
            reader = self._connect(":memory:")
            for statement in _SCHEMA:
                reader.execute(statement)
        return reader

    def resume_writing(self) -> None:
        """Try again to open for writing what could only be opened for reading.

        Raises:
            IndexUnavailable: still not possible; reading goes on as before.
        """
        with self._write_lock, self._translated():
            if self._writer is None:
                self._open_for_writing()

    @property
    def writable(self) -> bool:
        return self._writer is not None

    @contextlib.contextmanager
    def transaction(self, patience_s: float = _PATIENCE_S) -> Iterator[Transaction]:
        """Everything done inside is kept or, on an exception, undone. Excludes every other writer of the folder.

        Raises:
            IndexUnavailable: another writer held it for ``patience_s``, or the disk takes no writes.
        """
        if self._writer is None:
            raise IndexUnavailable(f"{self._path} is open for reading only: its disk is full or read-only")
        if not self._write_lock.acquire(timeout=patience_s):
            raise IndexUnavailable(f"{self._path} was busy for {patience_s} s")
        try:
            with self._translated():
                self._writer.execute(f"PRAGMA busy_timeout = {int(patience_s * 1000)}")
                self._writer.execute("BEGIN IMMEDIATE")
                try:
                    yield Transaction(self._writer)
                    self._writer.execute("COMMIT")
                finally:
                    if self._writer.in_transaction:
                        self._writer.execute("ROLLBACK")
        finally:
            self._write_lock.release()

    def erase_traces(self) -> None:
        """Rewrite the index without what deleted rows left in it, and wait until that is on the disk.

        Raises:
            IndexUnavailable: no room for the rewriting, or another process kept using the index for 5 s.
        """
        if self._writer is None:
            raise IndexUnavailable(f"{self._path} is open for reading only: its disk is full or read-only")
        with self._write_lock, self._translated():
            self._writer.execute(f"PRAGMA busy_timeout = {int(_PATIENCE_S * 1000)}")
            # secure_delete alone leaves copies of rows that were moved between pages before they were deleted.
            self._writer.execute("VACUUM")
            busy, _, _ = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise IndexUnavailable(f"{self._path}: another process is reading deleted rows; try again")

    def find(self, key: str) -> CacheEntry | None:
        rows = self._read("SELECT * FROM entry WHERE key = ?", (key,))
        return _entry(rows[0]) if rows else None

    def entries(self, limit: int | None, order: Order, text: str = "") -> list[CacheEntry]:
        rows = self._read(_LISTINGS[order], (f"%{_literal(text)}%", -1 if limit is None else limit))
        return [_entry(row) for row in rows]

    def totals(self) -> Totals:
        return _totals(self._read(_TOTALS)[0])

    def statistics(self) -> dict[str, float]:
        return dict(self._read("SELECT name, amount FROM statistic"))

    def close(self) -> None:
        with self._read_lock:
            self._reader.close()
        with self._write_lock:
            if self._writer is not None:
                self._writer.close()

    def _read(self, query: str, arguments: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        with self._read_lock, self._translated():
            return self._reader.execute(query, arguments).fetchall()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            # SQLite reports a file that is damaged or no database at all by the base class itself.
            damaged = type(error) is sqlite3.DatabaseError
            raise (IndexDamaged if damaged else IndexUnavailable)(f"{self._path}: {error}") from error

    def _connect(self, uri: str) -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False)

    def _verify(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != _VERSION:
            raise IndexDamaged(f"{self._path} has layout version {version}; this release uses {_VERSION}")
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise IndexDamaged(f"{self._path}: {verdict}")


def _prepare(writer: sqlite3.Connection) -> None:
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    writer.execute("PRAGMA synchronous = NORMAL")
    writer.execute("PRAGMA secure_delete = ON")
    writer.execute("PRAGMA temp_store = MEMORY")
    writer.execute("BEGIN IMMEDIATE")
    try:
        (version,) = writer.execute("PRAGMA user_version").fetchone()
        for statement in _SCHEMA if version == 0 else ():
            writer.execute(statement)
        writer.execute("COMMIT")
    finally:
        if writer.in_transaction:
            writer.execute("ROLLBACK")


class Transaction:
    """Writes, and the reads they depend on. Obtained from :meth:`Index.transaction`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, key: str) -> CacheEntry | None:
        row = self._connection.execute("SELECT * FROM entry WHERE key = ?", (key,)).fetchone()
        return _entry(row) if row else None

    def least_recently_used(self) -> Iterator[CacheEntry]:
        """Unpinned recordings, the longest unused first."""
        rows = self._connection.execute("SELECT * FROM entry WHERE NOT pinned ORDER BY use_no")
        return map(_entry, rows)

    def select(self, voice_id: str | None, include_pinned: bool, limit: int) -> list[CacheEntry]:
        rows = self._connection.execute(
            "SELECT * FROM entry WHERE voice_id = coalesce(?, voice_id) AND pinned <= ? LIMIT ?",
            (voice_id, include_pinned, limit),
        )
        return [_entry(row) for row in rows]

    def file_names(self) -> dict[str, str]:
        """Keys by the file name their recording must have."""
        rows = self._connection.execute("SELECT key, sha256 FROM entry")
        return {file_name(key, sha256): key for key, sha256 in rows}

    def totals(self) -> Totals:
        return _totals(self._connection.execute(_TOTALS).fetchone())

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


_TOTALS = "SELECT count(*), total(n_bytes), total(pinned), total(n_bytes * pinned) FROM entry"


def _totals(row: tuple[float, ...]) -> Totals:
    return Totals(*map(int, row))


def _entry(row: tuple) -> CacheEntry:
    *description, pinned, _use_no = row
    return CacheEntry(*description, pinned=bool(pinned))


def _literal(text: str) -> str:
    text = text.encode("utf-8", "replace").decode()
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
