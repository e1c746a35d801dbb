"""Small SQLite files that outlive kill -9, power cuts and their own corruption.

A file is owned by one process (an exclusive lock, released by the kernel when the process dies) and used by the one
thread that opened it. Commits are durable by default; a commit marked otherwise is still atomic and still outlives
the process, and only a power cut may undo it, together with everything after it.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from edge_agent.disk import sync_folder
from edge_agent.errors import EdgeAgentError

_KEPT_ASIDE = 3
_LOCK_WAIT_S = 2.0
_FULL = "is full"
_CONTENT_FAULTS = (
    "malformed",
    "not a database",
    "already exists",
    "no such table",
    "no such column",
    "unsupported file format",
    "readonly database",  # a header that says so: the file itself was just opened for writing
)


class DatabaseError(EdgeAgentError):
    """SQLite could not do its work on ``path``; nothing of the failed transaction was kept."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path


class DatabaseFull(DatabaseError):
    """The disk is full. Free some space; the file itself is whole."""


class DatabaseBusy(DatabaseError):
    """Another process owns the file. Stop it first: two daemons must not share their state."""


class _Unusable(Exception):
    """The content of the file cannot be trusted or understood."""


class Database:
    """An open database at the newest schema version.

    ``migrations[n]`` is the SQL that brings version ``n`` to ``n + 1``, so an empty file gets all of them.
    ``on_open`` runs last; on a full disk it is left out, since what is there can be read all the same.
    A file that is corrupt, foreign or of a newer version is renamed (with its write-ahead log) to ``<name>.aside-<UTC time>``
    and an empty one begun: a broken file costs its content, never the daemon. ``recovered_from`` then is the new name of the
    old file and ``recovery_reason`` says what was wrong with it.

    Raises:
        DatabaseBusy, DatabaseFull, DatabaseError: the place is at fault, not the content (locked, full, read-only, a
        directory).
    """

    def __init__(self, path: Path, migrations: Sequence[str], *, on_open: str = "") -> None:
        self.path = path
        self.recovered_from: Path | None = None
        self.recovery_reason: str | None = None
        with self._translated():
            try:
                self._connection = _open(path, migrations, on_open)
            except (_Unusable, UnicodeDecodeError, sqlite3.DatabaseError) as error:
                if not _is_content_fault(error):
                    raise
                self.recovered_from, self.recovery_reason = _set_aside(path), str(error)
                self._connection = _open(path, migrations, on_open)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple]:
        """Run a query outside any transaction."""
        with self._translated():
            return self._connection.execute(sql, parameters).fetchall()

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """All or nothing; on disk when the block has ended, if ``durable``.

        Raises:
            DatabaseFull, DatabaseError: nothing was kept.
        """
        connection = self._connection
        with self._translated():
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # SQLite rolls back by itself after some errors (disk full among them).
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            message = str(error)
            if _FULL in message:
                raise DatabaseFull(self.path, f"{message}; free some space") from error
            if "locked" in message:
                raise DatabaseBusy(self.path, "in use by another process; stop that one first") from error
            raise DatabaseError(self.path, message) from error
        except OSError as error:
            raise DatabaseError(self.path, str(error)) from error


def _open(path: Path, migrations: Sequence[str], on_open: str) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Announcements are private: only the daemon's user reads them (SQLite gives its log the same mode).
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    sync_folder(path.parent)
    connection = sqlite3.connect(path, timeout=_LOCK_WAIT_S, isolation_level=None)
    # No check of SQLite's finds a byte changed within a text: it must not make the other rows unreadable.
    connection.text_factory = lambda raw: raw.decode(errors="replace")
    try:
        # Exclusive before WAL: the lock is then held for good, and no shared memory file is needed.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        # The quick check does not see an index that lost its rows, on which every later write would fail.
        verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if verdict != "ok":
            raise _Unusable(f"database disk image is malformed ({verdict})")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if not 0 <= version <= len(migrations):
            raise _Unusable(f"schema version {version}, but this program knows {len(migrations)} at most")
        for number in range(version, len(migrations)):
            connection.executescript(
                f"BEGIN IMMEDIATE; {migrations[number]}; PRAGMA user_version = {number + 1}; COMMIT;"
            )
        if _columns(connection) != _wanted_columns(migrations):
            raise _Unusable("the names in its schema are garbled")
        if on_open:
            _take_note(connection, on_open)
    except BaseException:
        connection.close()
        raise
    return connection


def _wanted_columns(migrations: Sequence[str]) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(":memory:")) as empty:
        for migration in migrations:
            empty.executescript(migration)
        return _columns(empty)


def _columns(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Every table's name with those of its columns."""
    return connection.execute(
        "SELECT t.name, c.name FROM (SELECT name FROM sqlite_master WHERE type = 'table') AS t, pragma_table_info(t.name) AS c"
        " ORDER BY t.name, c.name"
    ).fetchall()


def _take_note(connection: sqlite3.Connection, sql: str) -> None:
    try:
        connection.executescript(f"BEGIN IMMEDIATE; {sql}; COMMIT;")
    except sqlite3.OperationalError as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if _FULL not in str(error):
            raise


def _is_content_fault(error: Exception) -> bool:
    # Of a garbled schema not even SQLite's message can be decoded.
    return isinstance(error, (_Unusable, UnicodeDecodeError)) or any(fault in str(error) for fault in _CONTENT_FAULTS)


def _set_aside(path: Path) -> Path:
    """Rename a database and its log, keep the newest few such files, and return the new name."""
    stem = f"{path.name}.aside-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    aside, number = path.with_name(stem), 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{stem}.{number}")
    for suffix in ("-wal", "-shm", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    old = sorted(
        (other for other in path.parent.glob(f"{path.name}.aside-*") if not other.name.endswith(("-wal", "-shm"))),
        key=lambda other: (other.stat().st_ctime_ns, other.name),
    )
    for other in old[:-_KEPT_ASIDE]:
        for suffix in ("-wal", "-shm", ""):
            other.with_name(other.name + suffix).unlink(missing_ok=True)
    sync_folder(path.parent)
    return aside
