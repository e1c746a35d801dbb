from __future__ import annotations

import numpy as np
import pytest

from edge_agent.phrases import PhraseCache
from edge_agent.playback.loudness import integrated_lufs
from edge_agent.speech import Engines, Speaker
from edge_agent.synthesis import SynthesisError
from edge_agent.synthesis.providers import CPU
from edge_agent.templates import Templates
from edge_agent.voices import Catalog
from tests.doubles.fake_engine import CUDA, RATE, FakeEngine, FakeLoader, hum, write_voice

ONE, TWO = "请到一号窗口。", "请到二号窗口。"


class Booth:
    def __init__(self, folder, *, loudness_lufs: float = -16.0, provider: str = "CPUExecutionProvider") -> None:
        self.loader = FakeLoader(provider)
        self.cache = PhraseCache(folder / "phrases", floor_bytes=0)
        self.voice = Catalog(folder, write_voice(folder / "hum")).get(None)
        self.speaker = Speaker(Engines("auto", 1, load=self.loader), self.cache, Templates.parse(()), loudness_lufs)

    def pieces(self, text: str, **options):
        script = self.speaker.script(text, "auto")
        return list(self.speaker.pieces(script, self.voice, **options))

    def sound(self, text: str, **options) -> np.ndarray:
        return np.concatenate([piece.pcm * np.float32(piece.gain) for piece in self.pieces(text, **options)])


@pytest.fixture
def booth(tmp_path):
    booth = Booth(tmp_path)
    yield booth
    booth.cache.close()


def test_segments_are_made_once_then_read(booth) -> None:
    made, read = booth.pieces(ONE + TWO), booth.pieces(ONE + TWO)
    assert {piece.cached for piece in made} == {False}
    assert [(piece.segment, piece.cached) for piece in read] == [(0, True), (1, True)]
    np.testing.assert_allclose(np.concatenate([piece.pcm for piece in read]), np.concatenate([hum(ONE), hum(TWO)]), atol=1e-4)
    assert booth.loader.loaded[0].n_segments == 2


def test_the_first_chunk_is_given_away_before_the_second_is_made(booth) -> None:
    script = booth.speaker.script(ONE, "auto")
    pieces = booth.speaker.pieces(script, booth.voice)
    assert len(next(pieces).pcm) < len(hum(ONE)) / 2


def test_speed_is_part_of_what_is_kept(booth) -> None:
    booth.pieces(ONE)
    fast = booth.pieces(ONE, speed=2.0)
    assert {piece.cached for piece in fast} == {False}
    assert sum(len(piece.pcm) for piece in fast) == pytest.approx(len(hum(ONE)) / 2, abs=2)


def test_volume_of_ssml_is_a_gain_and_not_another_recording(booth) -> None:
    booth.pieces("<speak>请到一号窗口。</speak>")
    (quiet,) = booth.pieces("<speak><prosody volume='-6dB'>请到一号窗口。</prosody></speak>")
    assert quiet.cached is True
    assert quiet.gain == pytest.approx(10 ** (-6 / 20), rel=0.01)


@pytest.mark.parametrize("target_lufs", [-16.0, -23.0])
def test_voice_and_chime_come_to_the_same_loudness(tmp_path, target_lufs: float) -> None:
    booth = Booth(tmp_path, loudness_lufs=target_lufs)
    script = booth.speaker.script(ONE, "auto", chime="dingdong")
    chime, *_ = booth.speaker.pieces(script, booth.voice)
    assert integrated_lufs(chime.pcm * np.float32(chime.gain), RATE) == pytest.approx(target_lufs, abs=1)
    assert booth.pieces(ONE)[0].gain == pytest.approx(10 ** ((target_lufs - booth.voice.loudness_lufs) / 20))
    booth.cache.close()


def test_a_damaged_recording_is_made_again(booth, tmp_path) -> None:
    booth.pieces(ONE)
    (file,) = [path for path in (tmp_path / "phrases" / "audio").rglob("*") if path.is_file()]
    file.write_bytes(b"x" * file.stat().st_size)
    assert {piece.cached for piece in booth.pieces(ONE)} == {False}
    assert {piece.cached for piece in booth.pieces(ONE)} == {True}


def test_a_voice_with_other_files_has_other_recordings(booth, tmp_path) -> None:
    booth.pieces(ONE)
    card = tmp_path / "hum" / "voice.json"
    card.write_text(card.read_text() + " ")
    booth.voice = Catalog(tmp_path, tmp_path / "hum").get(None)
    assert {piece.cached for piece in booth.pieces(ONE)} == {False}


def test_a_provider_that_fails_before_the_first_chunk_is_replaced(tmp_path) -> None:
    booth = Booth(tmp_path, provider=CUDA)
    booth.loader.failures[CUDA] = SynthesisError("gone", retryable=True)
    assert booth.sound(ONE) == pytest.approx(hum(ONE))
    booth.cache.close()


def test_a_provider_that_fails_amid_a_segment_is_replaced_and_nothing_is_lost_or_said_twice(tmp_path) -> None:
    booth = Booth(tmp_path, provider=CUDA)
    pieces = booth.speaker.pieces(booth.speaker.script(ONE + TWO, "auto"), booth.voice)
    heard = [next(pieces), next(pieces)]
    booth.loader.failures[CUDA] = SynthesisError("gone", retryable=True)
    heard += pieces
    assert np.concatenate([piece.pcm for piece in heard]) == pytest.approx(np.concatenate([hum(ONE), hum(TWO)]))
    assert [engine.provider for engine in booth.loader.loaded] == [CUDA, CPU]
    assert np.concatenate([piece.pcm for piece in booth.pieces(ONE)]) == pytest.approx(hum(ONE), abs=1e-4), "kept whole"
    assert {piece.cached for piece in booth.pieces(ONE)} == {True}
    booth.cache.close()


def test_a_provider_that_gives_silence_is_replaced_and_all_is_said(tmp_path, monkeypatch) -> None:
    booth = Booth(tmp_path, provider=CUDA)
    say = FakeEngine.synthesize

    def muted(engine: FakeEngine, segment, *, speed: float = 1.0):
        for chunk in say(engine, segment, speed=speed):
            yield chunk if engine.provider == CPU else np.zeros_like(chunk)
        if engine.provider != CPU:
            raise SynthesisError("silence", retryable=True)

    monkeypatch.setattr(FakeEngine, "synthesize", muted)
    silence, said = np.split(np.concatenate([piece.pcm for piece in booth.pieces(ONE)]), 2)
    assert not silence.any() and said == pytest.approx(hum(ONE))
    booth.cache.close()


def test_half_a_segment_is_not_kept(booth, monkeypatch) -> None:
    script = booth.speaker.script(ONE, "auto")
    pieces = booth.speaker.pieces(script, booth.voice)
    next(pieces)
    booth.loader.failures["CPUExecutionProvider"] = SynthesisError("gone", retryable=True)
    with pytest.raises(SynthesisError, match="gone"):
        list(pieces)
    assert booth.cache.entries() == []


def test_an_abandoned_segment_is_not_kept(booth) -> None:
    pieces = booth.speaker.pieces(booth.speaker.script(ONE, "auto"), booth.voice)
    next(pieces)
    pieces.close()
    assert booth.cache.entries() == []


def test_without_a_cache_everything_is_made(tmp_path) -> None:
    loader = FakeLoader()
    voice = Catalog(tmp_path, write_voice(tmp_path / "hum")).get(None)
    speaker = Speaker(Engines("auto", 1, load=loader), None, Templates.parse(()), -16.0)
    for _ in range(2):
        assert {piece.cached for piece in speaker.pieces(speaker.script(ONE, "auto"), voice)} == {False}
    assert speaker.prewarm(speaker.script(ONE, "auto").speech[0], voice, pinned=True) is True


def test_rehearsing_keeps_nothing(booth) -> None:
    booth.speaker.rehearse(booth.speaker.script(ONE, "auto", booth.voice).speech[0], booth.voice)
    assert booth.cache.entries() == []
    assert booth.loader.loaded[0].n_segments == 1


def test_a_chime_that_does_not_exist_names_those_that_do(booth) -> None:
    with pytest.raises(SynthesisError, match=r"'gong'.*dingdong"):
        booth.speaker.script("<speak><audio src='chime:gong'/></speak>", "auto")
