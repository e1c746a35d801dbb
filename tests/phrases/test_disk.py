"""Disks that are full, nearly full or read-only: the device speaks what it has, and says why the cache stands still."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from edge_agent.phrases import CacheError, PhraseCache
from edge_agent.phrases.files import Files
from edge_agent.phrases.transaction import Transaction


@pytest.fixture
def on_full_disk(start_child) -> Callable[[Callable[[], None]], None]:
    """Run a function in a process that the kernel lets write no file beyond 1 KiB."""

    def run(work: Callable[[], None]) -> None:
        def limited() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
            work()

        _, status = os.waitpid(start_child(limited), 0)
        assert os.waitstatus_to_exitcode(status) == 0, "the process failed; its traceback is in the captured output"

    return run


def test_a_disk_that_fills_while_running(open_cache, phrases, on_full_disk, audio_files) -> None:
    cache = open_cache()
    phrases.put(cache, 1)

    def fills_while_running() -> None:
        assert not phrases.put(cache, 2)
        assert phrases.plays(cache, 1)
        assert not phrases.plays(cache, 2)
        stats = cache.stats()
        assert stats.degraded
        assert (stats.refused, stats.hits, stats.misses, stats.entries) == (1, 1, 1, 1)

    on_full_disk(fills_while_running)
    assert len(audio_files()) == 1


def test_starting_on_a_full_disk_plays_what_is_there(folder, open_cache, phrases, on_full_disk) -> None:
    phrases.put(open_cache(), 1)
    open_cache().close()

    def work() -> None:
        cache = PhraseCache(folder, floor_bytes=0)
        assert phrases.plays(cache, 1)
        assert not phrases.put(cache, 2)
        stats = cache.stats()
        assert "takes no writes" in stats.degraded or "reading only" in stats.degraded
        assert (stats.hits, stats.refused, stats.entries) == (1, 1, 1)
        with pytest.raises(CacheError, match="reading only"):
            cache.pin(phrases.key(1))
        cache.close()

    on_full_disk(work)
    assert phrases.plays(open_cache(), 1)


def test_starting_for_the_first_time_on_a_full_disk(folder, open_cache, phrases, on_full_disk) -> None:
    def work() -> None:
        cache = PhraseCache(folder, floor_bytes=0)
        assert not phrases.plays(cache, 1)
        assert not phrases.put(cache, 1)
        assert cache.stats().degraded
        assert cache.entries() == []

    on_full_disk(work)
    assert phrases.put(open_cache(), 1)


@pytest.fixture
def writes_refused(monkeypatch) -> Callable[[], AbstractContextManager]:
    """SQLite can open no file for writing, as on a full disk."""
    connect = sqlite3.connect

    def refuse(database: str, **options) -> sqlite3.Connection:
        if "immutable" in database or database == ":memory:":
            return connect(database, **options)
        raise sqlite3.OperationalError("unable to open database file")

    @contextlib.contextmanager
    def refused():
        with monkeypatch.context() as patch:
            patch.setattr(sqlite3, "connect", refuse)
            yield

    return refused


def test_writing_resumes_when_the_disk_has_room_again(open_cache, phrases, clock, writes_refused) -> None:
    phrases.put(open_cache(), 1)
    open_cache().close()
    with writes_refused():
        cache = open_cache()
        clock.advance(61)
        assert not phrases.put(cache, 2)
    assert not phrases.put(cache, 2)
    clock.advance(61)
    assert phrases.put(cache, 2)
    assert all(phrases.plays(cache, number) for number in (1, 2))
    assert cache.stats().degraded is None


def test_clearing_makes_room_for_the_index_itself(open_cache, phrases, audio_files, writes_refused) -> None:
    cache = open_cache()
    phrases.put(cache, 1, voice_id="mei")
    phrases.put(cache, 2, pinned=True)
    phrases.put(cache, 3)
    cache.close()
    with writes_refused():
        cache = open_cache()
        with pytest.raises(CacheError, match="unable to open"):
            cache.clear()
        assert len(audio_files()) == 1
    assert cache.clear() == 2
    assert (cache.stats().entries, cache.stats().healed) == (1, 0)
    assert phrases.plays(cache, 2)


def test_a_row_that_cannot_be_written_leaves_no_file(cache, phrases, audio_files, monkeypatch) -> None:
    phrases.put(cache, 1)

    def refuse(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "put", refuse)
        assert not phrases.put(cache, 2)
        assert not phrases.put(cache, 1)
    assert "disk is full" in cache.stats().degraded
    assert len(audio_files()) == 1
    assert phrases.plays(cache, 1)


def test_a_folder_that_cannot_exist(tmp_path, phrases) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = PhraseCache(tmp_path / "file" / "phrases")
    assert not phrases.put(cache, 1)
    assert not phrases.plays(cache, 1)
    assert "file/phrases" in cache.stats().degraded
    cache.close()


@pytest.mark.parametrize("call", [(os, "fsync"), (Path, "replace")], ids=["fsync", "rename"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_every_refusal_by_the_disk_is_survived(cache, phrases, audio_files, monkeypatch, call, number: int) -> None:
    phrases.put(cache, 1)

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(*call, refuse)
        assert not phrases.put(cache, 2)
        assert phrases.plays(cache, 1)
    stats = cache.stats()
    assert os.strerror(number) in stats.degraded
    assert (stats.refused, stats.entries) == (1, 1)
    assert len(audio_files()) == 1
    assert phrases.put(cache, 2)
    assert cache.stats().degraded is None


def test_a_read_that_fails_for_want_of_descriptors_costs_no_phrase(cache, phrases, monkeypatch) -> None:
    phrases.put(cache, 1)

    def refuse(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(Files, "read", refuse)
        assert not phrases.plays(cache, 1)
    assert cache.stats().healed == 0
    assert phrases.plays(cache, 1)


def test_the_floor_is_kept_by_evicting(open_cache, phrases, monkeypatch) -> None:
    cache = open_cache(floor_bytes=1_000_000)
    for number in (1, 2, 3):
        phrases.put(cache, number)
    monkeypatch.setattr(Files, "free_bytes", lambda _: 1_000_000)
    assert phrases.put(cache, 4, audio_s=0.05)
    assert [phrases.plays(cache, number) for number in (1, 2, 3)] == [False, True, True]
    assert cache.stats().degraded is None


def test_nothing_is_evicted_in_vain(open_cache, phrases, monkeypatch) -> None:
    cache = open_cache(floor_bytes=1_000_000)
    for number in (1, 2, 3):
        phrases.put(cache, number)
    monkeypatch.setattr(Files, "free_bytes", lambda _: 900_000)
    assert not phrases.put(cache, 4)
    assert all(phrases.plays(cache, number) for number in (1, 2, 3))
    stats = cache.stats()
    assert (stats.evicted, stats.refused) == (0, 1)
    assert "900000 bytes free" in stats.degraded
