"""What is spoken, from its turn to its last frame: heard, interrupted, failed, in simulated time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from edge_agent.synthesis import SynthesisError
from edge_agent.voices import VoiceInfo
from tests.core.world import World
from tests.doubles.fake_engine import CUDA, RATE, hum

ONE, TWO, THREE, FOUR = "请到一号窗口。", "请到二号窗口。", "请到三号窗口。", "请到四号窗口。"
LENGTH_S = len(ONE) * 0.1
SILENT_WITHIN_S = 0.12


# ---- speaking


def test_an_announcement_is_accepted_acknowledged_started_and_played(world: World) -> None:
    number = world.say(ONE, id="a")
    world.run(2)
    assert world.kinds("a") == ["accepted", "started", "played"]
    assert world.acked == [number]
    detail = world.end("a").detail
    assert detail["audio_s"] == pytest.approx(LENGTH_S, abs=0.001)
    assert (detail["voice"], detail["provider"], detail["cache_hit"]) == ("hum", "CPUExecutionProvider", False)
    assert list(detail["stages"]) == ["received", "journaled", "normalised", "first_pcm", "first_frame", "drained"]
    assert world.journal.pending() == []


def test_what_is_heard_is_what_the_engine_made(world: World) -> None:
    world.say(ONE, id="a")
    world.run(2)
    heard, made = world.heard(), hum(ONE)
    n = len(heard) + len(made)
    at = int(np.argmax(np.fft.irfft(np.fft.rfft(heard, n) * np.conj(np.fft.rfft(made, n)), n)[: len(heard)]))
    np.testing.assert_allclose(heard[at : at + len(made)], made, atol=1e-3)
    assert np.abs(heard[:at]).max(initial=0) < 1e-3
    assert np.abs(heard[at + len(made) :]).max(initial=0) < 1e-3


def test_it_is_on_the_disk_before_it_is_acknowledged(world: World) -> None:
    world.say(ONE, id="a")
    accepted_before_ack = []
    append = world.acked.append
    world.acked = type("Acks", (list,), {"append": lambda _self, n: (accepted_before_ack.append(world.journal.known("a")), append(n))})()
    world.run(0.01)
    assert accepted_before_ack != [None]


def test_the_same_text_again_comes_from_the_cache(world: World) -> None:
    world.say(ONE, id="a")
    world.say(ONE, id="b")
    world.run(4)
    assert world.end("b").detail["cache_hit"] is True
    assert world.loader.loaded[0].n_segments == 1
    assert sum(end - start for start, end in world.spans(ONE)) == pytest.approx(2 * LENGTH_S, abs=0.05)


def test_announcements_of_one_priority_keep_their_order_and_do_not_overlap(world: World) -> None:
    for name, text in zip("abc", (ONE, TWO, THREE), strict=True):
        world.say(text, id=name)
    world.run(5)
    spans = [world.spans(text)[0] for text in (ONE, TWO, THREE)]
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))


def test_chime_repeat_and_gap(world: World) -> None:
    world.say(ONE, id="a", chime="chime", repeat=2, gap_s=0.5)
    world.run(6)
    first, second = world.spans(ONE)
    assert second[0] - first[1] == pytest.approx(0.5, abs=0.03)
    chime_s = world.end("a").detail["audio_s"] - 2 * LENGTH_S - 0.5
    assert 1.0 < chime_s < 1.5
    assert np.abs(world.heard()[: round(first[0] * RATE)]).max() > 0.05


# ---- pre-emption


def test_an_emergency_silences_what_is_spoken_within_120_ms_and_it_is_restarted(world: World) -> None:
    world.say(ONE, id="a")
    world.run_until(lambda: "started" in world.kinds("a"))
    world.run(0.3)
    at = world.clock.monotonic()
    world.say(TWO, id="b", priority="emergency")
    world.run(4)
    cut, whole = world.spans(ONE)
    assert cut[1] - at <= SILENT_WITHIN_S
    assert cut[1] < world.spans(TWO)[0][0] < whole[0]
    assert whole[1] - whole[0] == pytest.approx(LENGTH_S, abs=0.03)
    assert world.kinds("a") == ["accepted", "started", "interrupted", "started", "played"]
    assert world.kinds("b") == ["accepted", "started", "played"]


def test_an_interrupted_announcement_does_not_come_back_after_the_newer_one_of_its_key(world: World) -> None:
    world.say(ONE, id="far", key="turn")
    world.run_until(lambda: "started" in world.kinds("far"))
    world.run(0.2)
    world.say(TWO, id="near", key="turn", priority="important")
    world.run(4)
    assert world.kinds("far") == ["accepted", "started", "interrupted", "superseded"]
    assert world.kinds("near") == ["accepted", "started", "played"]
    assert len(world.spans(ONE)) == 1
    assert world.journal.pending() == []


def test_a_resumed_announcement_goes_on_with_the_segment_that_was_cut(world: World) -> None:
    world.say(ONE + TWO + THREE, id="a", on_interrupt="resume")
    world.run_until(lambda: world.spans(TWO))
    world.run(0.2)
    world.say(FOUR, id="b", priority="emergency")
    world.run(6)
    assert len(world.spans(ONE)) == 1
    assert len(world.spans(TWO)) == 2
    assert len(world.spans(THREE)) == 1
    assert world.starts(ONE, FOUR, THREE) == sorted(world.starts(ONE, FOUR, THREE))
    assert world.end("a").kind == "played"


def test_a_resumed_announcement_that_is_cut_again_before_its_first_sound_keeps_its_place(world: World) -> None:
    world.say(ONE + TWO, id="a", on_interrupt="resume")
    world.run_until(lambda: world.spans(TWO))
    world.run(0.1)
    world.say(THREE, id="b", priority="emergency")
    world.run_until(lambda: world.ended("b"))
    assert world.core.speaking == "a"
    world.say(FOUR, id="c", priority="emergency")
    world.run(5)
    assert len(world.spans(ONE)) == 1
    assert [world.end(each).kind for each in "abc"] == ["played"] * 3


def test_an_announcement_of_which_only_the_closing_silence_was_cut_has_been_played(world: World) -> None:
    world.say(ONE, id="a", on_interrupt="resume")
    world.run_until(lambda: world.spans(ONE) and world.spans(ONE)[0][1] - world.spans(ONE)[0][0] > LENGTH_S - 0.1)
    world.say(TWO, id="b", priority="emergency")
    world.run(4)
    assert world.end("a").kind == "played"
    assert len(world.spans(ONE)) == 1
    assert world.end("b").kind == "played"


def test_an_interrupted_announcement_may_want_to_be_dropped(world: World) -> None:
    world.say(ONE, id="a", on_interrupt="drop")
    world.run_until(lambda: world.spans(ONE))
    world.say(TWO, id="b", priority="important")
    world.run(4)
    assert world.end("a").kind == "dropped"
    assert "important announcement b" in world.end("a").detail["reason"]
    assert len(world.spans(ONE)) == 1


def test_what_is_spoken_already_is_not_interrupted_by_its_equals(world: World) -> None:
    world.say(ONE, id="a", priority="emergency")
    world.run_until(lambda: world.spans(ONE))
    world.say(TWO, id="b", priority="emergency")
    world.say(THREE, id="c", priority="important")
    world.run(5)
    assert "interrupted" not in world.kinds("a")
    assert world.starts(ONE, TWO, THREE) == sorted(world.starts(ONE, TWO, THREE))


# ---- the voice fails


def test_a_provider_that_fails_is_replaced_by_the_processor_within_the_request(make_world) -> None:
    world: World = make_world(provider=CUDA)
    world.loader.failures[CUDA] = SynthesisError("the GPU is gone", retryable=True)
    world.say(ONE, id="a")
    world.run(2)
    assert world.end("a").kind == "played"
    assert world.end("a").detail["provider"] == "CPUExecutionProvider"
    assert [engine.provider for engine in world.loader.loaded] == [CUDA, "CPUExecutionProvider"]


@pytest.mark.parametrize("retryable", [False, True])
def test_an_engine_that_fails_everywhere_fails_the_announcement_and_not_the_next(world: World, retryable: bool) -> None:
    world.loader.failures["CPUExecutionProvider"] = SynthesisError("no such phoneme", retryable=retryable)
    world.say(ONE, id="a")
    world.run(1)
    assert world.end("a").kind == "failed"
    assert "no such phoneme" in world.end("a").detail["reason"]
    world.loader.failures.clear()
    world.say(TWO, id="b")
    world.run(2)
    assert world.end("b").kind == "played"


def test_an_engine_that_breaks_its_contract_fails_the_announcement_and_not_the_next(world: World, monkeypatch) -> None:
    world.say(ONE, id="warm")
    world.run(2)
    engine = world.loader.loaded[0]
    monkeypatch.setattr(engine, "synthesize", lambda *_a, **_k: iter([np.full(2400, np.nan, np.float32)]), raising=False)
    world.say(TWO, id="a")
    world.run(1)
    assert world.end("a").kind == "failed"
    monkeypatch.undo()
    world.say(THREE, id="b")
    world.run(2)
    assert world.end("b").kind == "played"


def test_without_the_model_cached_phrases_play_and_others_fail_with_the_reason(world: World) -> None:
    world.say(ONE, id="a")
    world.run(2)
    (world.voice_folder / "voice.json").unlink()
    world.catalog.remember(world.speaker and _voice(world))
    world.loader.broken = SynthesisError("decoder.onnx is missing")
    world.loader.loaded.clear()
    world.reboot()
    world.say(ONE, id="b")
    world.say(TWO, id="c")
    world.run(3)
    assert (world.end("b").kind, world.end("b").detail["cache_hit"]) == ("played", True)
    assert world.end("c").kind == "failed"
    assert "decoder.onnx is missing" in world.end("c").detail["reason"]
    assert world.health.state()[0] == "degraded"


def _voice(world: World):
    engine = world.loader.loaded[0]
    return VoiceInfo("hum", "Hum", "hum", ("zh", "en"), RATE, -16.0, engine.pack_digest, str(world.voice_folder))


# ---- the device fails


def test_a_device_that_goes_away_and_comes_back_restarts_the_announcement(world: World) -> None:
    world.say(ONE, id="a")
    world.run_until(lambda: world.spans(ONE))
    world.card.unplug()
    world.run(3)
    assert world.health.state()[0] == "degraded"
    assert not world.ended("a")
    world.card.replug()
    returned = world.clock.monotonic()
    world.run(4)
    assert world.health.state()[0] == "online"
    assert world.spans(ONE)[-1][0] - returned < 2
    assert world.kinds("a") == ["accepted", "started", "interrupted", "started", "played"]


def test_a_device_that_goes_away_resumes_at_the_segment(world: World) -> None:
    world.say(ONE + TWO + THREE, id="a", on_interrupt="resume")
    world.run_until(lambda: world.spans(TWO))
    world.card.unplug()
    world.run(1)
    world.card.replug()
    world.run(6)
    assert len(world.spans(ONE)) == 1
    assert world.end("a").kind == "played"


def test_an_announcement_outlives_its_time_while_the_device_is_away(world: World) -> None:
    world.card.unplug()
    world.run(1)
    world.say(ONE, id="a", ttl_s=5)
    world.say(TWO, id="b", ttl_s=60)
    world.run(5.1)
    assert world.end("a").kind == "expired"
    world.card.replug()
    world.run(4)
    assert world.spans(ONE) == []
    assert world.end("b").kind == "played"


def test_an_emergency_goes_first_when_the_device_returns(world: World) -> None:
    world.say(ONE, id="a")
    world.run_until(lambda: world.spans(ONE))
    world.card.unplug()
    world.run(0.5)
    world.say(TWO, id="b", priority="emergency")
    world.run(0.5)
    world.card.replug()
    world.run(6)
    assert world.spans(TWO)[0][0] < world.spans(ONE)[-1][0]
    assert [world.end(each).kind for each in "ab"] == ["played", "played"]
