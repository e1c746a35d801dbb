from __future__ import annotations

import re
import sqlite3

import pytest

from edge_agent.phrases import IndexUnavailable


@pytest.fixture
def index_path(folder):
    return folder / "index.sqlite3"


def overwrite_middle(path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 4 : -len(content) // 4] = b"\xa5" * (len(content) // 2)
    path.write_bytes(content)


def claim_to_be_read_only(path) -> None:
    content = bytearray(path.read_bytes())
    content[18] = 3
    path.write_bytes(content)


def claim_a_later_format(path) -> None:
    content = bytearray(path.read_bytes())
    content[47] = 99
    path.write_bytes(content)


def change_a_voice_in_an_index(path) -> None:
    changed, n = re.subn(rb"(?<!zh)lan(?=[0-9a-f]{64})", b"lax", path.read_bytes(), count=1)
    assert n
    path.write_bytes(changed)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b"this is no database, and long enough to be read as one" * 100),
        lambda path: path.write_bytes(path.read_bytes()[:5000]),
        overwrite_middle,
        claim_to_be_read_only,
        claim_a_later_format,
        change_a_voice_in_an_index,
    ],
    ids=["other content", "cut", "overwritten", "read-only by its header", "a later format", "an index of other rows"],
)
def test_a_damaged_index_is_made_anew(open_cache, phrases, index_path, audio_files, damage) -> None:
    cache = open_cache()
    for number in range(50):
        phrases.put(cache, number, audio_s=0.001)
    cache.close()
    damage(index_path)
    cache = open_cache()
    assert cache.entries() == []
    assert audio_files() == set()
    assert cache.stats().degraded is None
    assert phrases.put(cache, 1)
    assert phrases.plays(cache, 1)


def test_a_byte_changed_within_a_text_costs_one_recording(open_cache, phrases, index_path) -> None:
    cache = open_cache()
    for number in range(3):
        phrases.put(cache, number)
    cache.close()
    with sqlite3.connect(index_path) as connection:
        connection.execute("UPDATE entry SET sha256 = CAST(x'ff' || substr(sha256, 2) AS TEXT) WHERE key = ?", (phrases.key(1),))
    connection.close()
    cache = open_cache()
    assert [phrases.plays(cache, number) for number in range(3)] == [True, False, True]
    assert len(cache.entries()) == 2
    assert cache.stats().degraded is None


def test_another_releases_index_is_made_anew(open_cache, phrases, index_path) -> None:
    cache = open_cache()
    phrases.put(cache, 1)
    cache.close()
    with sqlite3.connect(index_path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    cache = open_cache()
    assert not phrases.plays(cache, 1)
    assert phrases.put(cache, 1)


def test_a_damaged_index_in_use_is_not_replaced(open_cache, phrases, index_path) -> None:
    cache = open_cache()
    phrases.put(cache, 1)
    with sqlite3.connect(index_path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(IndexUnavailable, match=r"layout version 99; this release uses 1; .* stop whatever uses the cache"):
        open_cache(keep=True)
    assert phrases.plays(cache, 1)


def test_an_index_damaged_while_open_is_a_miss_until_the_next_start(open_cache, phrases, index_path) -> None:
    cache = open_cache()
    phrases.put(cache, 1)
    cache.clear()  # moves the log's content into the index itself
    phrases.put(cache, 2)
    for path in (index_path, index_path.with_name("index.sqlite3-wal")):
        path.write_bytes(b"\xa5" * path.stat().st_size)
    assert cache.get(phrases.key(2)) is None
    assert "not a database" in cache.stats().degraded
    cache = open_cache()
    assert phrases.put(cache, 1)
    assert phrases.plays(cache, 1)
    assert cache.stats().degraded is None


def test_a_writer_elsewhere_does_not_hold_up_a_hit(cache, phrases, index_path, clock) -> None:
    phrases.put(cache, 1)
    writer = sqlite3.connect(index_path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    for _ in range(3):
        clock.advance(1.0)
        assert phrases.plays(cache, 1)
    writer.execute("ROLLBACK")
    writer.close()
    assert cache.stats().hits == 3
