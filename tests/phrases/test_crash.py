"""Power cuts and kills: whatever the moment, what is played afterwards is right and nothing is left lying about."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from edge_agent.phrases import PhraseCache
from edge_agent.phrases.files import Files
from edge_agent.phrases.transaction import Transaction

BUDGET_BYTES = 60_000
N_KILLS = 30


def put_for_ever(folder: Path, phrases, first: int, progress: int) -> None:
    """Put one phrase after the other, writing a byte to ``progress`` after each."""
    cache = PhraseCache(folder, budget_bytes=BUDGET_BYTES, floor_bytes=0)
    for number in range(first, first + 100_000):
        phrases.put(cache, number)
        os.write(progress, b".")
        phrases.plays(cache, number - 3)


def assert_whole(cache: PhraseCache, phrases, audio_files) -> list[int]:
    """Every phrase listed plays and is right, every file belongs to one; the phrases' numbers."""
    entries = cache.entries()
    numbers = [int(entry.text[1:-1]) for entry in entries]
    assert all(phrases.plays(cache, number) for number in numbers)
    assert audio_files() == {entry.file_name for entry in entries}
    assert sum(entry.n_bytes for entry in entries) <= BUDGET_BYTES
    return numbers


def test_killed_while_writing(folder, open_cache, phrases, audio_files, start_child) -> None:
    chance = random.Random(5)
    heard, progress = os.pipe()
    n_put = 0
    for _ in range(N_KILLS):
        child = start_child(lambda first=n_put: put_for_ever(folder, phrases, first, progress))
        os.read(heard, 1)
        time.sleep(chance.uniform(0.0, 0.05))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL
        cache = open_cache(budget_bytes=BUDGET_BYTES)
        n_put = 1 + max(assert_whole(cache, phrases, audio_files))
        assert cache.stats().degraded is None
        cache.close()
    assert n_put >= N_KILLS
    os.close(heard)
    os.close(progress)


def kill_before(owner: object, name: str, call: int, monkeypatch) -> None:
    """Let this process die just before ``owner.name`` is called for the ``call``-th time."""
    original = getattr(owner, name)
    calls = iter(range(1, 1000))

    def die_or_go_on(*arguments, **options):
        if next(calls) == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **options)

    monkeypatch.setattr(owner, name, die_or_go_on)


MOMENTS = {
    "file written, not yet on disk": (os, "fsync", 1),
    "on disk under its temporary name": (Path, "replace", 1),
    "renamed, folder not yet on disk": (os, "fsync", 2),
    "file in place, no row yet": (Transaction, "put", 1),
    "row in place, old files still there": (Files, "delete", 1),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_the_worst_moments(moment, folder, open_cache, phrases, audio_files, start_child, monkeypatch) -> None:
    cache = open_cache(budget_bytes=BUDGET_BYTES)
    number = 0
    while cache.stats().evicted == 0:
        phrases.put(cache, number)
        number += 1
    cache.close()

    def put_one_more() -> None:
        cache = PhraseCache(folder, budget_bytes=BUDGET_BYTES, floor_bytes=0)
        kill_before(*MOMENTS[moment], monkeypatch)
        phrases.put(cache, number)

    _, status = os.waitpid(start_child(put_one_more), 0)
    assert os.WTERMSIG(status) == signal.SIGKILL

    cache = open_cache(budget_bytes=BUDGET_BYTES)
    survivors = assert_whole(cache, phrases, audio_files)
    assert set(range(2, number)) <= set(survivors)
    assert cache.stats().healed == 0
    assert phrases.put(cache, number)
    assert phrases.plays(cache, number)


def test_sweep_drops_rows_without_files(open_cache, phrases, folder, audio_files) -> None:
    cache = open_cache()
    for number in (1, 2):
        phrases.put(cache, number)
    (folder / "audio" / cache.entries()[0].file_name).unlink()
    cache = open_cache(budget_bytes=BUDGET_BYTES)
    assert assert_whole(cache, phrases, audio_files) == [1]
    assert cache.stats().healed == 1


def test_another_process_may_write_meanwhile(folder, open_cache, phrases, audio_files, start_child) -> None:
    heard, progress = os.pipe()
    start_child(lambda: put_for_ever(folder, phrases, 0, progress))
    cache = open_cache(budget_bytes=BUDGET_BYTES)
    n_heard = n_hits = 0
    while n_heard < 50 or n_hits < 50:
        n_heard += len(os.read(heard, 10)) if n_heard < 50 else 0
        for entry in cache.entries(5):
            n_hits += phrases.plays(cache, int(entry.text[1:-1]))
        phrases.put(cache, 200_000 + n_hits)
    os.close(heard)
    os.close(progress)
    stats = cache.stats()
    assert (stats.healed, stats.degraded) == (0, None)
