"""The index: an SQLite file of recordings and statistics.

Write-ahead logging lets the command line read and write beside the daemon. ``synchronous=NORMAL`` may lose the last
commits in a power cut but never the file's consistency; a cache needs no more, and the sweep at the next start
squares index and folder. Order of use is a counter, not a time of day: clocks of devices without a battery jump.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from edge_agent.phrases import schema
from edge_agent.phrases.entry import CacheEntry
from edge_agent.phrases.errors import IndexDamaged, IndexUnavailable
from edge_agent.phrases.schema import Totals
from edge_agent.phrases.transaction import Transaction

Order = Literal["recent", "oldest", "hits", "largest", "text"]

_LISTINGS: dict[Order, str] = {
    "recent": r"SELECT * FROM entry WHERE text LIKE ? ESCAPE '\' ORDER BY use_no DESC LIMIT ?",
    "oldest": r"SELECT * FROM entry WHERE text LIKE ? ESCAPE '\' ORDER BY use_no LIMIT ?",
    "hits": r"SELECT * FROM entry WHERE text LIKE ? ESCAPE '\' ORDER BY hits DESC, use_no DESC LIMIT ?",
    "largest": r"SELECT * FROM entry WHERE text LIKE ? ESCAPE '\' ORDER BY n_bytes DESC, key LIMIT ?",
    "text": r"SELECT * FROM entry WHERE text LIKE ? ESCAPE '\' ORDER BY text, key LIMIT ?",
}
_PATIENCE_S = 5.0


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
            if "unsupported file format" in str(error):
                raise IndexDamaged(f"{self._path} is damaged: {error}") from error
            self._reader = self._open_for_reading()

    def _open_for_writing(self) -> None:
        if schema.says_read_only(self._path):
            raise IndexDamaged(f"{self._path} is damaged: its header forbids writing")
        with contextlib.ExitStack() as on_failure:
            writer = self._connect(self._uri)
            on_failure.callback(writer.close)
            schema.prepare(writer)
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
            for statement in schema.SCHEMA:
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
        writer = self._for_writing()
        if not self._write_lock.acquire(timeout=patience_s):
            raise IndexUnavailable(f"{self._path} was busy for {patience_s} s")
        try:
            with self._translated():
                writer.execute(f"PRAGMA busy_timeout = {int(patience_s * 1000)}")
                writer.execute("BEGIN IMMEDIATE")
                try:
                    yield Transaction(writer)
                    writer.execute("COMMIT")
                finally:
                    if writer.in_transaction:
                        writer.execute("ROLLBACK")
        finally:
            self._write_lock.release()

    def erase_traces(self) -> None:
        """Rewrite the index without what deleted rows left in it, and wait until that is on the disk.

        Raises:
            IndexUnavailable: no room for the rewriting, or another process kept using the index for 5 s.
        """
        writer = self._for_writing()
        with self._write_lock, self._translated():
            writer.execute(f"PRAGMA busy_timeout = {int(_PATIENCE_S * 1000)}")
            # secure_delete alone leaves copies of rows that were moved between pages before they were deleted.
            writer.execute("VACUUM")
            busy, _, _ = writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise IndexUnavailable(f"{self._path}: another process is reading deleted rows; try again")

    def find(self, key: str) -> CacheEntry | None:
        rows = self._read("SELECT * FROM entry WHERE key = ?", (key,))
        return schema.entry_of(rows[0]) if rows else None

    def entries(self, limit: int | None, order: Order, text: str = "") -> list[CacheEntry]:
        rows = self._read(_LISTINGS[order], (f"%{_literal(text)}%", -1 if limit is None else limit))
        return [schema.entry_of(row) for row in rows]

    def totals(self) -> Totals:
        return schema.totals_of(self._read(schema.TOTALS)[0])

    def statistics(self) -> dict[str, float]:
        return dict(self._read("SELECT name, amount FROM statistic"))

    def close(self) -> None:
        with self._read_lock:
            self._reader.close()
        with self._write_lock:
            if self._writer is not None:
                self._writer.close()

    def _for_writing(self) -> sqlite3.Connection:
        if self._writer is None:
            raise IndexUnavailable(f"{self._path} is open for reading only: its disk is full or read-only")
        return self._writer

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
        connection = sqlite3.connect(uri, uri=True, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False)
        # A byte changed within a text must not make the other rows unreadable; its own recording is then not found.
        connection.text_factory = lambda raw: raw.decode(errors="replace")
        return connection

    def _verify(self, connection: sqlite3.Connection) -> None:
        if problem := schema.fault(connection):
            raise IndexDamaged(f"{self._path} {problem}")


def _literal(text: str) -> str:
    text = text.encode("utf-8", "replace").decode()
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
