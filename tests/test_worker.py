"""The synthesis thread with its own clock: what is urgent goes first, and nothing ends it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from edge_agent import playback
from edge_agent.heartbeat import Heartbeat
from edge_agent.phrases import PhraseCache
from edge_agent.playback.utterance import Utterance
from edge_agent.speech import Engines, Speaker
from edge_agent.synthesis import SynthesisError
from edge_agent.templates import Templates
from edge_agent.voices import Catalog
from edge_agent.worker import REHEARSAL, Job, SynthesisWorker, Warm
from tests.doubles.fake_engine import RATE, FakeLoader, hum, write_voice
from tests.rigs.mqtt_peer import eventually

ONE, TWO = "请到一号窗口。", "请到二号窗口。"


class Stage:
    def __init__(self, folder: Path) -> None:
        self.loader = FakeLoader()
        self.cache = PhraseCache(folder / "phrases", floor_bytes=0)
        self.voice = Catalog(folder, write_voice(folder / "hum")).get(None)
        self.speaker = Speaker(Engines("cpu", 1, load=self.loader), self.cache, Templates.parse(()), -16.0)
        self.worker = SynthesisWorker(self.speaker, Heartbeat("synthesis", 30.0))

    def job(self, text: str, id: str = "a", **options) -> Job:
        return Job(Utterance(id, RATE, **options), self.speaker.script(text, "auto"), self.voice, 1.0, 0, lambda: None)

    def close(self) -> None:
        self.worker.stop()
        self.cache.close()


@pytest.fixture
def stage(tmp_path):
    stage = Stage(tmp_path)
    stage.worker.start()
    yield stage
    stage.close()


def drained(utterance: Utterance) -> np.ndarray:
    """Everything that is put, taken as a player would."""
    taken: list[np.ndarray] = []

    def done() -> bool:
        taken.extend(pcm for pcm, _ in utterance.take(RATE))
        state = utterance.state()
        return (state.finished or state.error is not None) and not state.n_buffered

    eventually(done)
    return np.concatenate([np.zeros(0, np.float32), *taken])


def test_an_utterance_is_filled_and_finished(stage) -> None:
    first_pcm = threading.Event()
    job = stage.job(ONE)
    job.on_first_pcm = first_pcm.set
    stage.worker.speak(job)
    np.testing.assert_array_equal(drained(job.utterance), hum(ONE))
    assert first_pcm.is_set()
    assert (job.segments_made, job.segments_cached, job.provider) == (1, 0, "CPUExecutionProvider")


def test_a_recording_needs_no_engine(stage) -> None:
    stage.worker.speak(first := stage.job(ONE))
    drained(first.utterance)
    eventually(lambda: len(stage.cache.entries()) == 1)
    stage.worker.speak(second := stage.job(ONE))
    np.testing.assert_allclose(drained(second.utterance), hum(ONE), atol=1e-4)
    assert (second.segments_made, second.segments_cached, second.provider) == (0, 1, None)


def test_it_begins_at_the_segment_it_is_told(stage) -> None:
    job = stage.job(ONE + TWO)
    job.first_segment = 1
    stage.worker.speak(job)
    np.testing.assert_array_equal(drained(job.utterance), hum(TWO))


def test_a_failing_engine_fails_the_utterance_and_the_thread_goes_on(stage) -> None:
    stage.loader.failures["CPUExecutionProvider"] = SynthesisError("broken")
    stage.worker.speak(bad := stage.job(ONE))
    eventually(lambda: bad.utterance.state().error)
    assert "broken" in str(bad.utterance.state().error)
    stage.loader.failures.clear()
    stage.worker.speak(good := stage.job(ONE, "b"))
    assert len(drained(good.utterance)) == len(hum(ONE))


def test_a_defect_fails_the_utterance_and_the_thread_goes_on(stage, caplog) -> None:
    bad = stage.job(ONE)
    bad.on_first_pcm = lambda: 1 / 0
    stage.worker.speak(bad)
    eventually(lambda: bad.utterance.state().error)
    assert isinstance(bad.utterance.state().error, ZeroDivisionError)
    assert "synthesis failed" in caplog.text
    stage.worker.speak(good := stage.job(ONE, "b"))
    assert len(drained(good.utterance)) == len(hum(ONE))


def test_what_nobody_hears_any_more_is_not_made_to_its_end(stage) -> None:
    job = stage.job(ONE * 20, max_buffered_s=0.5)
    stage.worker.speak(job)
    eventually(lambda: job.utterance.state().n_buffered)
    job.utterance.cancel()
    stage.worker.speak(following := stage.job(TWO, "b"))
    assert len(drained(following.utterance)) == len(hum(TWO))
    assert stage.loader.loaded[0].n_segments < 20


def test_stop_releases_a_thread_that_waits_for_the_player(tmp_path) -> None:
    stage = Stage(tmp_path)
    stage.worker.start()
    job = stage.job(ONE * 20, max_buffered_s=0.5)
    stage.worker.speak(job)
    eventually(lambda: job.utterance.state().n_buffered)
    stage.close()
    assert not [thread for thread in threading.enumerate() if thread is stage.worker._thread]


def test_a_voice_that_takes_long_to_load_does_not_keep_recordings_back(stage, monkeypatch) -> None:
    stage.worker.speak(first := stage.job(ONE))
    drained(first.utterance)
    eventually(lambda: len(stage.cache.entries()) == 1)
    stage.speaker.engines.close()
    loading, go_on = threading.Event(), threading.Event()

    def slow(folder, runtime):
        loading.set()
        assert go_on.wait(20)
        return FakeLoader()(folder, runtime)

    monkeypatch.setattr(stage.speaker.engines._make, "load", slow)
    loaded = threading.Event()
    stage.worker.load(stage.voice, then=loaded.set)
    assert loading.wait(20)
    stage.worker.speak(second := stage.job(ONE, "b"))
    assert len(drained(second.utterance)) == len(hum(ONE))
    assert not loaded.is_set()
    go_on.set()
    assert loaded.wait(20)


def test_a_loaded_voice_rehearses_and_keeps_nothing_of_it(stage) -> None:
    stage.worker.load(stage.voice)
    eventually(lambda: stage.loader.loaded and stage.loader.loaded[0].n_segments)
    assert stage.cache.entries() == []


def test_a_voice_that_cannot_be_loaded_is_told_and_waited_for_no_longer(stage, caplog) -> None:
    stage.loader.broken = SynthesisError("no graph")
    done = threading.Event()
    stage.worker.load(stage.voice, then=done.set)
    assert done.wait(20)
    assert "no graph" in caplog.text


def test_warming_gives_way_between_segments(tmp_path) -> None:
    stage = Stage(tmp_path)
    answers: list = []
    stage.worker.warm(Warm((ONE + TWO, ONE), "auto", stage.voice, done=lambda made, problems: answers.append((made, problems))))
    stage.worker.step()
    assert len(stage.cache.entries()) == 1
    stage.worker.speak(job := stage.job("第三号。"))
    stage.worker.step()
    assert job.utterance.state().finished, "it did not wait for the rest"
    assert answers == []
    while not answers:
        assert stage.worker.step()
    assert answers == [(2, [])]
    assert not stage.worker.step()
    stage.cache.close()


def speak_after(n_beats: int, job: Job, worker: SynthesisWorker) -> Iterator[int]:
    """Have an announcement come in while the thread is at work; counts its signs of life from then on."""
    beat, n_beat = worker._heartbeat.beat, itertools.count()

    def beat_and_speak() -> None:
        beat()
        if next(n_beat) == n_beats:
            worker.speak(job)

    worker._heartbeat = SimpleNamespace(beat=beat_and_speak)
    return n_beat


def test_speech_does_not_wait_for_a_rehearsal(tmp_path) -> None:
    stage = Stage(tmp_path)
    stage.worker.rehearse(stage.voice)
    job = stage.job(ONE)
    n_chunks = speak_after(3, job, stage.worker)
    stage.worker.step()
    assert next(n_chunks) < 6, "it was left at once"
    engine = stage.loader.loaded[0]
    assert engine.n_segments == 1
    stage.worker.step()
    assert job.utterance.state().finished
    while stage.worker.step():
        pass
    n_others = len(stage.speaker.script(REHEARSAL, "auto").speech) - 1
    assert engine.n_segments == 1 + 1 + n_others, "what was left is not begun anew, or each announcement of many would wait for it"
    stage.cache.close()


def test_speech_does_not_wait_for_a_segment_that_is_being_warmed(tmp_path) -> None:
    """With a large voice, or on a slow processor, that would take seconds."""
    stage = Stage(tmp_path)
    answers: list = []
    long = "请" * 50 + "。"
    stage.worker.warm(Warm((long,), "auto", stage.voice, done=lambda made, problems: answers.append((made, problems))))
    job = stage.job(ONE)
    n_chunks = speak_after(3, job, stage.worker)
    stage.worker.step()
    assert next(n_chunks) < 6, "what was being made was left at once"
    assert not stage.cache.entries()
    stage.worker.step()
    assert job.utterance.state().finished
    while not answers:
        assert stage.worker.step()
    assert answers == [(1, [])]
    assert stage.cache.get(stage.speaker.key(stage.speaker.script(long, "auto").speech[0], stage.voice)) is not None
    stage.cache.close()


def test_a_defect_in_what_is_done_when_idle_ends_only_that(tmp_path, caplog) -> None:
    stage = Stage(tmp_path)
    stage.worker.warm(Warm((), "auto", stage.voice, done=lambda *_: 1 / 0))
    stage.worker.warm(Warm((ONE,), "auto", stage.voice))
    while stage.worker.step():
        pass
    assert "idle task failed" in caplog.text
    assert len(stage.cache.entries()) == 1
    stage.cache.close()


class CountingHeart(Heartbeat):
    """Counts its beats."""

    __slots__ = ("n_beats",)

    def __init__(self) -> None:
        super().__init__("synthesis", 30.0)
        self.n_beats = 0

    def beat(self) -> None:
        self.n_beats += 1
        super().beat()


def test_each_chunk_that_is_made_for_nobody_is_a_sign_of_life(tmp_path) -> None:
    stage, heart = Stage(tmp_path), CountingHeart()
    worker = SynthesisWorker(stage.speaker, heart)
    worker.rehearse(stage.voice)
    assert worker.step()
    assert heart.n_beats >= 3, "of the step, and of two chunks or more"
    worker.warm(Warm((ONE,), "auto", stage.voice, done=lambda made, problems: None))
    heart.n_beats, n_steps = 0, 0
    while worker.step():
        n_steps += 1
    assert stage.cache.entries()
    assert heart.n_beats >= n_steps + 1 + 2
    stage.cache.close()


def test_waiting_for_a_device_that_is_away_or_a_gap_that_is_long_is_a_sign_of_life(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(playback.utterance, "_SIGN_EVERY_S", 0.005)
    stage, heart = Stage(tmp_path), CountingHeart()
    stage.worker = SynthesisWorker(stage.speaker, heart)
    utterance = Utterance("a", RATE, max_buffered_s=0.5)
    stage.worker.start()
    stage.worker.speak(Job(utterance, stage.speaker.script(ONE, "auto", repeat=2, gap_s=600), stage.voice, 1.0, 0, lambda: None))
    eventually(lambda: utterance.state().n_buffered >= RATE / 2)
    before = heart.n_beats
    eventually(lambda: heart.n_beats > before + 10)
    assert utterance.state().n_buffered < 5 * RATE, "of ten minutes of silence"
    utterance.cancel()
    stage.close()
