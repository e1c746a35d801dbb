from __future__ import annotations

import math
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from edge_agent.phrases import CacheError, NotCacheable, UnknownPhrase
from edge_agent.phrases.files import Files


def test_what_was_put_is_played(cache, phrases) -> None:
    assert not phrases.plays(cache, 1)
    assert phrases.put(cache, 1)
    assert phrases.plays(cache, 1)
    assert cache.get(phrases.key(1)).dtype == np.float32


def test_phrases_outlive_the_process(open_cache, phrases) -> None:
    phrases.put(open_cache(), 1)
    assert phrases.plays(open_cache(), 1)


def test_asking_whether_a_phrase_is_there_counts_nothing(cache, phrases, folder) -> None:
    phrases.put(cache, 1)
    assert phrases.key(1) in cache
    assert phrases.key(2) not in cache
    for path in (folder / "audio").iterdir():
        path.write_bytes(b"short")
    assert phrases.key(1) not in cache
    assert (cache.stats().hits, cache.stats().misses) == (0, 0)


def test_statistics_say_what_was_saved(open_cache, phrases, clock) -> None:
    cache = open_cache()
    begun = clock.now()
    phrases.plays(cache, 1)
    phrases.put(cache, 1, synthesis_s=0.25)
    for _ in range(3):
        phrases.plays(cache, 1)
    clock.advance(60)
    for stats in (cache.stats(), open_cache().stats()):
        assert (stats.hits, stats.misses, stats.hit_rate) == (3, 1, 0.75)
        assert stats.audio_s_served == pytest.approx(0.3)
        assert (stats.synthesis_s_saved, stats.synthesis_s_spent, stats.saved_share) == (0.75, 0.25, 0.75)
        assert (stats.entries, stats.pinned, stats.pinned_bytes) == (1, 0, 0)
        assert stats.n_bytes == cache_bytes(open_cache().entries())
        assert stats.since == begun
        assert stats.degraded is None


def test_a_new_cache_has_rates_of_zero(cache) -> None:
    assert (cache.stats().hit_rate, cache.stats().saved_share) == (0.0, 0.0)


def test_an_entry_tells_its_story(cache, phrases, clock, folder) -> None:
    phrases.put(cache, 7, synthesis_s=0.2, audio_s=0.5, lang="en", voice_id="mei")
    created_at = clock.now()
    clock.advance(10)
    phrases.plays(cache, 7, audio_s=0.5)
    (entry,) = cache.entries()
    assert (entry.key, entry.text, entry.lang, entry.voice_id) == (phrases.key(7), "第7句", "en", "mei")
    assert (entry.audio_s, entry.sample_rate, entry.synthesis_s) == (0.5, 24_000, 0.2)
    assert (entry.created_at, entry.last_used_at, entry.hits) == (created_at, created_at + 10, 1)
    assert entry.n_bytes == (folder / "audio" / entry.file_name).stat().st_size


def test_putting_again_replaces_the_sound_but_not_the_pin(cache, phrases, audio_files) -> None:
    phrases.put(cache, 1, audio_s=0.2, pinned=True)
    phrases.plays(cache, 1, audio_s=0.2)
    phrases.put(cache, 1, audio_s=0.1)
    assert phrases.plays(cache, 1, audio_s=0.1)
    (entry,) = cache.entries()
    assert (entry.pinned, entry.hits) == (True, 2)
    assert audio_files() == {entry.file_name}


def test_putting_the_same_again_is_harmless(cache, phrases, audio_files) -> None:
    for _ in range(2):
        assert phrases.put(cache, 1)
    assert phrases.plays(cache, 1)
    assert len(audio_files()) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"sample_rate": 0},
        {"synthesis_s": -1.0},
        {"synthesis_s": math.nan},
        {"synthesis_s": math.inf},
        {"text": "\ud800"},
    ],
    ids=str,
)
def test_an_unfit_description_is_refused_and_nothing_kept(cache, phrases, audio_files, options: dict) -> None:
    with pytest.raises(NotCacheable):
        phrases.put(cache, 1, **options)
    assert audio_files() == set()
    assert cache.entries() == []


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "AB" * 32, "ab" * 31, "ab" * 32 + "\n"])
def test_only_real_keys_are_accepted(cache, phrases, key: str) -> None:
    with pytest.raises(NotCacheable, match="not a key"):
        cache.put(key, phrases.pcm(1), text="", lang="zh", voice_id="lan", sample_rate=24_000)


@pytest.mark.parametrize("key", ["ab" * 32, "nonsense", "\udcff"])
def test_pinning_an_unknown_phrase_says_so(cache, key: str) -> None:
    with pytest.raises(UnknownPhrase) as caught:
        cache.pin(key)
    assert caught.value.key == key


def test_listings_follow_the_order_asked_for(cache, phrases) -> None:
    for number, audio_s in ((1, 0.1), (2, 0.3), (3, 0.2)):
        phrases.put(cache, number, audio_s=audio_s)
    phrases.plays(cache, 1)
    phrases.plays(cache, 1)
    phrases.plays(cache, 2, audio_s=0.3)

    def numbers(*arguments, **options) -> list[int]:
        return [int(entry.text[1]) for entry in cache.entries(*arguments, **options)]

    assert numbers() == numbers(order="recent") == [2, 1, 3]
    assert numbers(order="oldest") == [3, 1, 2]
    assert numbers(order="hits") == [1, 2, 3]
    assert numbers(order="largest") == [2, 3, 1]
    assert numbers(order="text") == [1, 2, 3]
    assert numbers(2, "text") == [1, 2]


def test_finding_by_text(cache, phrases) -> None:
    for number, text in enumerate(["Gate 12B is open", "gate", "100% sure", "100 sure", "a_b", r"a\b", "登机口"]):
        phrases.put(cache, number, text=text)

    def found(text: str, limit: int | None = None) -> list[str]:
        return [entry.text for entry in cache.find_text(text, limit)]

    assert found("gate") == ["gate", "Gate 12B is open"]
    assert found("gate", limit=1) == ["gate"]
    assert found("100%") == ["100% sure"]
    assert found("a_b") == ["a_b"]
    assert found("a\\b") == [r"a\b"]
    assert found("机") == ["登机口"]
    assert found("\udcff") == []


@pytest.mark.parametrize("position", [0, 20, 0.5, -1])
def test_one_flipped_bit_is_never_played(open_cache, phrases, folder, audio_files, position) -> None:
    cache = open_cache()
    phrases.put(cache, 1, synthesis_s=1.0)
    (path,) = (folder / "audio").iterdir()
    damaged = bytearray(path.read_bytes())
    damaged[int(len(damaged) * position) if isinstance(position, float) else position] ^= 0x10
    path.write_bytes(damaged)

    assert cache.get(phrases.key(1)) is None
    assert audio_files() == set()
    for stats in (cache.stats(), open_cache().stats()):
        assert (stats.healed, stats.entries, stats.hits, stats.misses, stats.synthesis_s_saved) == (1, 0, 0, 1, 0)
    cache = open_cache()
    assert phrases.put(cache, 1)
    assert phrases.plays(cache, 1)


@pytest.mark.parametrize("content", [b"", b"fLaC", None])
def test_a_lost_or_cut_file_heals(cache, phrases, folder, content: bytes | None) -> None:
    phrases.put(cache, 1)
    (path,) = (folder / "audio").iterdir()
    path.unlink() if content is None else path.write_bytes(content)
    assert not phrases.plays(cache, 1)
    assert (cache.stats().healed, cache.stats().entries, cache.stats().degraded) == (1, 0, None)


def test_a_file_that_grew_heals(cache, phrases, folder) -> None:
    phrases.put(cache, 1)
    (path,) = (folder / "audio").iterdir()
    path.write_bytes(path.read_bytes() + b"\0" * 10)
    assert not phrases.plays(cache, 1)
    assert cache.stats().healed == 1


def test_a_sound_file_of_another_phrase_is_never_played(cache, phrases, folder) -> None:
    for number, level in ((1, 0.25), (2, 0.5)):
        steady = np.full(2400, level, np.float32)
        cache.put(phrases.key(number), steady, text="", lang="zh", voice_id="lan", sample_rate=24_000)
    one, other = (folder / "audio").iterdir()
    assert one.stat().st_size == other.stat().st_size
    shutil.copy(one, other)
    assert sorted(cache.get(phrases.key(number)) is None for number in (1, 2)) == [False, True]


def test_clearing_leaves_pinned_phrases(cache, phrases) -> None:
    phrases.put(cache, 1)
    phrases.put(cache, 2, pinned=True)
    assert cache.clear() == 1
    assert (phrases.plays(cache, 1), phrases.plays(cache, 2)) == (False, True)
    assert cache.clear(include_pinned=True) == 1
    assert cache.stats().entries == 0


def test_deleting_a_voice_leaves_no_trace_of_it(cache, phrases, folder) -> None:
    for number in range(6):
        phrases.put(cache, number, pinned=number < 4, voice_id="lan" if number % 2 else "doomed-voice")
    doomed = {entry.file_name for entry in cache.entries() if entry.voice_id == "doomed-voice"}

    assert cache.clear("doomed-voice", include_pinned=True) == 3

    assert [phrases.plays(cache, number) for number in range(6)] == [False, True] * 3
    left = [path for path in folder.rglob("*") if path.is_file()]
    assert not doomed & {path.name for path in left}
    for path in left:
        content = path.read_bytes()
        assert b"doomed-voice" not in content
        assert not any(phrases.text(number).encode() in content for number in (0, 2, 4))


def test_clearing_that_cannot_delete_says_so_and_can_be_repeated(cache, phrases, monkeypatch) -> None:
    phrases.put(cache, 1)
    with monkeypatch.context() as patch:
        patch.setattr(Files, "delete", failing(OSError(30, "Read-only file system")))
        with pytest.raises(CacheError, match="Read-only file system"):
            cache.clear("lan")
    assert phrases.plays(cache, 1)
    assert cache.clear("lan") == 1


def test_a_closed_cache_answers_with_a_miss(cache, phrases) -> None:
    phrases.put(cache, 1)
    cache.close()
    assert cache.get(phrases.key(1)) is None
    assert phrases.key(1) not in cache
    assert not phrases.put(cache, 2)


def test_hits_are_written_down_once_a_second(cache, open_cache, phrases, clock) -> None:
    phrases.put(cache, 1)
    other = open_cache(keep=True)
    phrases.plays(cache, 1)
    assert other.stats().hits == 0
    clock.advance(1.0)
    phrases.plays(cache, 1)
    assert other.stats().hits == 2


def test_threads_share_a_cache(open_cache, phrases) -> None:
    cache = open_cache(budget_bytes=100_000)

    def work(seed: int) -> None:
        for number in np.random.default_rng(seed).integers(0, 40, 60).tolist():
            if not phrases.plays(cache, number):
                phrases.put(cache, number)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    stats = cache.stats()
    assert stats.hits + stats.misses == 240
    assert (stats.refused, stats.degraded) == (0, None)
    assert stats.n_bytes == cache_bytes(cache.entries()) <= 100_000


def cache_bytes(entries) -> int:
    return sum(entry.n_bytes for entry in entries)


def failing(error: OSError):
    def fail(*_: object) -> None:
        raise error

    return fail


def test_files_that_are_not_recordings_are_left_alone(open_cache, phrases, folder: Path) -> None:
    cache = open_cache()
    phrases.put(cache, 1)
    holiday = folder / "audio" / "holiday.flac"
    holiday.write_bytes(b"keep me")
    cache = open_cache()
    cache.clear(include_pinned=True)
    assert holiday.read_bytes() == b"keep me"
