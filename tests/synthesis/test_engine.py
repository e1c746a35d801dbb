"""The engine says what the trained student says, early, always the same, and nothing that is not speech."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from distill.evaluate import spectrum
from edge_agent.synthesis import Runtime, SynthesisError
from edge_agent.synthesis.mobilesovits import MobileSoVITSEngine
from edge_agent.synthesis.mobilesovits import engine as engine_module
from edge_agent.synthesis.voice_json import VoiceError
from edge_agent.text import Speech, TextError
from edge_agent.text.symbols import encode

LONG = "ðə tɹˈAn tə bˈAdʒɪŋ ɪz bˈɔɹdɪŋ, " * 5


def whole(engine: MobileSoVITSEngine, segment: Speech, **options: float) -> np.ndarray:
    return np.concatenate(list(engine.synthesize(segment, **options)))


def distance_db(reference: np.ndarray, wave: np.ndarray, rate: int) -> float:
    levels = [spectrum.band_levels(spectrum.power(each, rate), rate) for each in (reference, wave)]
    return spectrum.log_spectral_distance(*levels)


def long_segment() -> Speech:
    return Speech("long", "en", LONG)


@pytest.fixture(autouse=True)
def all_is_heard(monkeypatch):
    """A student that never learned anything has not learned silence either."""
    monkeypatch.setattr(engine_module, "QUIET", -np.inf)


class TestSameAsTheStudent:
    def test_durations_and_samples_without_noise(self, engine, student, segment, monkeypatch):
        monkeypatch.setattr(torch, "randn", lambda shape, generator=None: torch.zeros(shape))
        monkeypatch.setattr(engine, "_noise", np.zeros_like(engine._noise))
        said = student.model.speak(torch.tensor(encode(segment.phonemes)), student.speaker)
        ours = whole(engine, segment)
        assert len(ours) == len(said.wave)
        assert said.f0_hz.gt(40).any()
        # phases of bins in which the source is almost silent hang on the last bit, so not every sample can be equal
        assert np.corrcoef(ours, said.wave.numpy())[0, 1] > 0.999
        assert distance_db(said.wave.numpy(), ours, engine.sample_rate) < 0.1

    def test_noise_is_as_loud_as_in_training(self, engine, student, segment):
        said = student.model.speak(torch.tensor(encode(segment.phonemes)), student.speaker).wave.numpy()
        ours = whole(engine, segment)
        assert abs(20 * np.log10(np.std(ours) / np.std(said))) < 0.5

    def test_silence_that_was_learned_is_left_out(self, engine, monkeypatch):
        everything = len(whole(engine, long_segment()))
        monkeypatch.setattr(engine_module, "QUIET", -1.0)
        engine._sessions["prosody"] = Quiet(engine._sessions["prosody"], before=40, after=60)
        silence = 40 - engine_module.LEAD_FRAMES + 60 - engine_module.TAIL_FRAMES
        assert everything - len(whole(engine, long_segment())) == silence * 300

    def test_faster_speech_is_shorter(self, engine):
        plain, faster, slower = (len(whole(engine, long_segment(), speed=speed)) for speed in (1.0, 2.0, 0.5))
        assert faster < plain < slower

    def test_rate_of_the_segment_multiplies_speed(self, engine):
        twice = Speech("long", "en", LONG, rate=2.0)
        np.testing.assert_array_equal(whole(engine, twice), whole(engine, long_segment(), speed=2.0))


class TestStreaming:
    def test_windows_equal_the_whole(self, engine, monkeypatch):
        in_windows = whole(engine, long_segment())
        monkeypatch.setattr(engine_module, "FIRST_FRAMES", 1_000_000)
        np.testing.assert_allclose(in_windows, whole(engine, long_segment()), atol=1e-4)

    def test_a_missing_context_would_be_noticed(self, engine, monkeypatch):
        right = whole(engine, long_segment())
        object.__setattr__(engine._card, "context_frames", 0)
        assert np.abs(whole(engine, long_segment()) - right).max() > 1e-2

    def test_first_chunk_is_small(self, engine):
        chunks = list(engine.synthesize(long_segment()))
        assert len(chunks) >= 3
        assert len(chunks[0]) <= 0.3 * engine.sample_rate < max(map(len, chunks))

    def test_first_chunk_comes_before_the_rest_is_computed(self, engine, monkeypatch):
        windows = []
        compute = engine._window
        monkeypatch.setattr(engine, "_window", lambda *place: windows.append(place) or compute(*place))
        next(engine.synthesize(long_segment()))
        assert len(windows) == 1

    def test_chunks_are_float32_within_full_scale(self, engine):
        for chunk in engine.synthesize(long_segment()):
            assert chunk.dtype == np.float32
            assert np.abs(chunk).max() <= 1

    def test_same_samples_every_time(self, engine, made_voice, segment):
        other = MobileSoVITSEngine(made_voice, Runtime("cpu", 1))
        np.testing.assert_array_equal(whole(engine, segment), whole(engine, segment))
        np.testing.assert_array_equal(whole(engine, segment), whole(other, segment))

    def test_what_was_said_before_changes_nothing(self, engine, segment):
        before = whole(engine, segment)
        next(engine.synthesize(long_segment()))
        np.testing.assert_array_equal(whole(engine, segment), before)

    def test_one_phoneme(self, engine):
        assert len(whole(engine, Speech("a", "en", "a"))) > 0


class TestFailures:
    @pytest.mark.parametrize("graph", ["text", "prosody", "decoder"])
    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_not_a_number(self, engine, segment, graph, value):
        engine._sessions[graph] = Spoiled(engine._sessions[graph], value)
        with pytest.raises(SynthesisError, match=graph) as caught:
            whole(engine, segment)
        assert caught.value.retryable

    @pytest.mark.parametrize(
        ("graph", "change"),
        [
            ("text", lambda features, units: [features]),
            ("text", lambda features, units: [features, units, units]),
            ("text", lambda features, units: [features[0], units]),
            ("text", lambda features, units: [features, units[:, :-1]]),
            ("text", lambda features, units: [features[:, :-1], units]),
            ("text", lambda features, units: [np.zeros((1, features.shape[1], 5000), np.float32), units]),
            ("text", lambda features, units: [features, units.astype(np.int64)]),
            ("text", lambda features, units: [features, units.astype(str)]),
            ("prosody", lambda prosody: [prosody[:, :, :1]]),
            ("prosody", lambda prosody: [prosody[:, :5]]),
            ("prosody", lambda prosody: []),
            ("decoder", lambda audio: [audio[:, :, :100]]),
            ("decoder", lambda audio: [audio[:, :3]]),
            ("decoder", lambda audio: [audio[0]]),
        ],
    )  # fmt: skip
    def test_a_graph_of_another_shape(self, engine, segment, graph, change):
        engine._sessions[graph] = Changed(engine._sessions[graph], change)
        with pytest.raises(SynthesisError, match=f"voice chance is not for this engine: {graph} gives"):
            whole(engine, segment)

    def test_silence(self, engine, segment):
        engine._sessions["decoder"] = Muted(engine._sessions["decoder"])
        with pytest.raises(SynthesisError, match="silence"):
            whole(engine, segment)

    def test_closed(self, engine, segment):
        engine.close()
        with pytest.raises(SynthesisError, match="closed"):
            whole(engine, segment)

    def test_closed_while_speaking(self, engine):
        chunks = engine.synthesize(long_segment())
        next(chunks)
        engine.close()
        with pytest.raises(SynthesisError, match="closed"):
            next(chunks)

    def test_symbol_outside_the_table(self, engine):
        with pytest.raises(TextError, match="U\\+4F60"):
            whole(engine, Speech("你", "zh", "你"))

    def test_variant_that_the_voice_has_not(self, made_voice):
        with pytest.raises(VoiceError, match="no variant trt; it has cpu"):
            MobileSoVITSEngine(made_voice, Runtime("cpu", 1), "trt")


class TestGoldenPhrase:
    def test_right(self, engine):
        engine.check()

    def test_wrong_arithmetic(self, engine):
        engine._sessions["decoder"] = Scrambled(engine._sessions["decoder"])
        with pytest.raises(SynthesisError, match="sounds wrong on CPUExecutionProvider") as caught:
            engine.check()
        assert caught.value.retryable


class Wrapped:
    def __init__(self, session) -> None:
        self.session = session


class Quiet(Wrapped):
    """Predicts silence at both ends, in frames."""

    def __init__(self, session, before: int, after: int) -> None:
        super().__init__(session)
        self.before, self.after = before, after

    def run(self, inputs):
        prosody = self.session.run(inputs)[0].copy()
        prosody[0, :, 1] = 0
        prosody[0, : self.before, 1] = prosody[0, -self.after :, 1] = -2
        return [prosody]


class Spoiled(Wrapped):
    def __init__(self, session, value: float) -> None:
        super().__init__(session)
        self.value = value

    def run(self, inputs):
        outputs = [output.copy() for output in self.session.run(inputs)]
        outputs[-1].reshape(-1)[0] = self.value
        return outputs


class Changed(Wrapped):
    """Gives something else than the engine counts on."""

    def __init__(self, session, change) -> None:
        super().__init__(session)
        self.change = change

    def run(self, inputs):
        return self.change(*self.session.run(inputs))


class Muted(Wrapped):
    def run(self, inputs):
        return [np.zeros_like(output) for output in self.session.run(inputs)]


class Scrambled(Wrapped):
    """A kernel that reads its input the wrong way round."""

    def run(self, inputs):
        return self.session.run({**inputs, "x": np.ascontiguousarray(inputs["x"][:, :, ::-1])})
