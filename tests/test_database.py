import sqlite3
import subprocess
import sys

import pytest

from edge_agent.database import Database, DatabaseBusy, DatabaseError, DatabaseFull

ONE = ("CREATE TABLE things (name TEXT PRIMARY KEY)",)
TWO = (*ONE, "ALTER TABLE things ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey'")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "things.sqlite"


def put(database, *names, durable=True):
    with database.transaction(durable=durable) as db:
        db.executemany("INSERT INTO things (name) VALUES (?)", [(name,) for name in names])


def test_content_and_privacy_outlive_closing(path):
    database = Database(path, ONE)
    put(database, "a", durable=False)
    assert path.stat().st_mode & 0o777 == 0o600
    assert all(other.stat().st_mode & 0o077 == 0 for other in path.parent.iterdir())
    database.close()
    again = Database(path, ONE)
    assert again.rows("SELECT name FROM things") == [("a",)]
    assert again.recovered_from is None


def test_migrations_run_once_each(path):
    database = Database(path, ONE)
    put(database, "a")
    database.close()
    for _ in range(2):
        database = Database(path, TWO)
        assert database.rows("SELECT * FROM things") == [("a", "grey")]
        assert database.rows("PRAGMA user_version") == [(2,)]
        database.close()


def test_a_migration_that_fails_leaves_the_old_version(path):
    Database(path, ONE).close()
    with pytest.raises(DatabaseError):
        Database(path, (*ONE, "CREATE TABLE other (a); INSERT INTO other VALUES (1, 2)"))
    database = Database(path, ONE)
    assert database.recovered_from is None
    assert database.rows("SELECT name FROM sqlite_schema WHERE name = 'other'") == []


def test_a_full_disk_does_not_keep_it_from_opening(path):
    database = Database(path, ONE)
    put(database, "a")
    database.close()
    too_much = "PRAGMA max_page_count = 3; DELETE FROM things; INSERT INTO things VALUES (hex(zeroblob(50000)))"
    database = Database(path, ONE, on_open=too_much)
    assert database.rows("SELECT * FROM things") == [("a",)]
    with pytest.raises(DatabaseFull):
        put(database, "b" * 50_000)
    put(database, "c")
    database.close()


def test_what_else_is_wrong_with_opening_is_told(path):
    with pytest.raises(DatabaseError, match="no such function"):
        Database(path, ONE, on_open="SELECT missing()")


def test_a_transaction_is_all_or_nothing(path):
    database = Database(path, ONE)
    with pytest.raises(DatabaseError):
        put(database, "a", "a")
    with pytest.raises(ZeroDivisionError), database.transaction() as db:
        db.execute("INSERT INTO things VALUES ('b')").rowcount / 0
    assert database.rows("SELECT * FROM things") == []
    put(database, "c")


def test_a_second_process_is_told_who_is_wrong(path):
    database = Database(path, ONE)
    code = "import sys, pathlib; from edge_agent.database import Database, DatabaseBusy\n"
    code += "try: Database(pathlib.Path(sys.argv[1]), ())\nexcept DatabaseBusy as error: sys.exit(str(error))"
    other = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert "in use by another process" in other.stderr
    put(database, "still mine")
    database.close()


def test_a_second_user_in_this_process_is_busy_too(path, monkeypatch):
    monkeypatch.setattr("edge_agent.database._LOCK_WAIT_S", 0.01)
    database = Database(path, ONE)
    with pytest.raises(DatabaseBusy):
        Database(path, ONE)
    database.close()


def test_a_full_disk_keeps_what_was_there(path):
    database = Database(path, ONE)
    put(database, "a")
    database.rows("PRAGMA max_page_count = 4")
    with pytest.raises(DatabaseFull) as caught:
        put(database, *("x" * 900 + str(number) for number in range(100)))
    assert caught.value.path == path
    assert database.rows("SELECT name FROM things") == [("a",)]
    put(database, "b")


@pytest.mark.parametrize("damage", ["garbage", "header", "middle"])
def test_a_corrupt_file_is_set_aside_and_an_empty_one_begun(path, damage):
    database = Database(path, ONE)
    put(database, *(f"{number:0100d}" for number in range(2000)))
    database.close()
    content = bytearray(path.read_bytes())
    if damage == "garbage":
        content = bytearray(b"not a database at all" * 1000)
    else:
        start = 0 if damage == "header" else len(content) // 2
        content[start : start + 4096] = b"\xa5" * 4096
    path.write_bytes(content)

    database = Database(path, ONE)
    assert database.recovered_from.read_bytes() == bytes(content)
    assert database.recovered_from.name.startswith("things.sqlite.aside-")
    assert database.recovery_reason
    assert database.rows("SELECT * FROM things") == []
    put(database, "a")
    database.close()
    assert Database(path, ONE).recovered_from is None


def test_foreign_and_newer_files_are_set_aside(path):
    path.parent.mkdir()
    with sqlite3.connect(path) as foreign:
        foreign.execute("CREATE TABLE things (a, b, c)")
    foreign.close()
    database = Database(path, ONE)
    assert database.recovered_from is not None
    database.close()

    newer = Database(path, TWO)
    newer.close()
    database = Database(path, ONE)
    assert database.recovery_reason == "schema version 2, but this program knows 1 at most"
    database.close()


def test_only_the_newest_files_set_aside_are_kept(path):
    reasons = []
    for number in range(6):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"broken " * 100 + bytes([number]))
        database = Database(path, ONE)
        reasons.append(database.recovered_from)
        database.close()
    kept = {other for other in path.parent.iterdir() if "aside" in other.name}
    assert kept == set(reasons[-3:])
    assert sorted(other.read_bytes()[-1] for other in kept) == [3, 4, 5]


def test_a_place_that_cannot_hold_a_file_is_an_error(tmp_path):
    with pytest.raises(DatabaseError):
        Database(tmp_path, ONE)
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseError):
        Database(tmp_path / "file" / "things.sqlite", ONE)
