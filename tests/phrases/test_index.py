from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

from edge_agent.phrases import CacheEntry, IndexUnavailable
from edge_agent.phrases.index import Index


def entry(number: int, text: str) -> CacheEntry:
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    return CacheEntry(digest, text, "zh", "lan", 24_000, 10, 100, digest, 0.1, 0.0, 0.0, 0, False)


@pytest.fixture
def index(tmp_path: Path):
    index = Index(tmp_path / "index.sqlite3")
    yield index
    index.close()


def test_an_exception_undoes_the_transaction(index) -> None:
    def put_and_fail() -> None:
        with index.transaction() as writes:
            writes.put(entry(1, "one"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        put_and_fail()
    assert index.totals().entries == 0
    with index.transaction() as writes:
        writes.put(entry(1, "one"))
    assert index.totals().entries == 1


def test_readers_see_the_state_before_an_unfinished_transaction(index) -> None:
    with index.transaction() as writes:
        writes.put(entry(1, "one"))
        assert index.find(entry(1, "one").key) is None
    assert index.find(entry(1, "one").key) == entry(1, "one")


def test_only_one_writes_at_a_time(index, tmp_path: Path) -> None:
    other = Index(tmp_path / "index.sqlite3")
    with index.transaction():
        for second in (index, other):
            with pytest.raises(IndexUnavailable, match=r"busy|locked"), second.transaction(patience_s=0.01):
                raise AssertionError("two writers at once")
    with other.transaction() as writes:
        writes.put(entry(1, "one"))
    other.close()


def test_removing_depends_on_the_content_when_told_so(index) -> None:
    with index.transaction() as writes:
        writes.put(entry(1, "one"))
        assert not writes.remove(entry(1, "one").key, sha256="0" * 64)
        assert writes.remove(entry(1, "one").key, sha256=entry(1, "one").sha256)


def test_nothing_of_a_removed_text_stays_in_the_files(index, tmp_path: Path) -> None:
    chance = random.Random(1)
    numbers = list(range(5000))
    for start in range(0, 5000, 250):
        with index.transaction() as writes:
            for number in numbers[start : start + 250]:
                text = "confidential" if number % 2 else "public"
                writes.put(entry(number, text + "x" * chance.randrange(200)))
            for number in chance.sample(numbers[:start], start // 20):
                writes.remove(entry(number, "").key)
    with index.transaction() as writes:
        for number in numbers[1::2]:
            writes.remove(entry(number, "").key)

    index.erase_traces()

    contents = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert contents.count(b"public") > 1000
    assert contents.count(b"confidential") == 0


def test_traces_are_not_called_erased_while_somebody_reads_them(index, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("edge_agent.phrases.index._PATIENCE_S", 0.01)
    with index.transaction() as writes:
        writes.put(entry(1, "one"))
    other = Index(tmp_path / "index.sqlite3")
    with other.transaction(), pytest.raises(IndexUnavailable):
        index.erase_traces()
    other.close()
    index.erase_traces()
