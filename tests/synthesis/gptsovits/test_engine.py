"""A voice speaks in time, the same every time, and never something that is not the sentence."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edge_agent.phrases import PhraseCache
from edge_agent.speech import Engines, Speaker
from edge_agent.synthesis import Runtime, SynthesisError, load_engine
from edge_agent.synthesis.gptsovits import GPTSoVITSEngine, Sampling, guards
from edge_agent.synthesis.gptsovits import engine as engine_module
from edge_agent.synthesis.voice_json import VoiceError
from edge_agent.templates import Templates
from edge_agent.text import Speech, TextError, plan
from edge_agent.voices.card import read_card

TEXT = "各位旅客请注意，the train to Beijing is boarding."


def segment(text: str = TEXT, **more) -> Speech:
    spoken = next(item for item in plan(text, max_phonemes=180).items if isinstance(item, Speech))
    return Speech(spoken.text, spoken.lang, spoken.phonemes, **more)


def whole(engine: GPTSoVITSEngine, said: Speech, **how) -> np.ndarray:
    return np.concatenate(list(engine.synthesize(said, **how)))


@pytest.fixture
def endless(engine, monkeypatch):
    """A model that never finds its end, by its tokens in turn."""

    def begin(tokens, seed_matters: bool = False):
        class Chooser:
            def __init__(self, how, eos, said, seed, steps=0) -> None:
                self.n, self.attempt = steps, seed[1]

            def choose(self, logits):
                self.n += 1
                return tokens(self.n, self.attempt)

        monkeypatch.setattr(engine_module, "Chooser", Chooser)
        return engine

    return begin


class TestSpeech:
    def test_loader_knows_it(self, made_voice):
        engine = load_engine(made_voice, Runtime("cpu", 1))
        assert isinstance(engine, GPTSoVITSEngine)
        assert (engine.voice_id, engine.sample_rate) == ("chance-gsv", 32_000)
        assert engine.pack_digest == read_card(made_voice).digest
        engine.check()
        engine.close()

    def test_same_samples_every_time_whatever_was_said_before(self, engine, made_voice):
        first = whole(engine, segment())
        next(engine.synthesize(segment("好的，再见。")))
        np.testing.assert_array_equal(whole(engine, segment()), first)
        np.testing.assert_array_equal(whole(GPTSoVITSEngine(made_voice, Runtime("cpu", 1)), segment()), first)
        assert first.dtype == np.float32
        assert np.abs(first).max() <= 1

    def test_settings_change_what_is_drawn(self, engine):
        before = whole(engine, segment())
        engine.sampling = Sampling(top_k=50, temperature=1.5)
        after = whole(engine, segment())
        assert len(after) != len(before) or not np.array_equal(after, before)

    def test_faster_speech_is_shorter(self, engine, endless):
        endless(lambda n, attempt: (n * 37) % 1024 if n <= 60 else None)
        lengths = [len(whole(engine, segment(), speed=speed)) for speed in (0.5, 1.0, 2.0)]
        assert lengths == sorted(lengths, reverse=True)
        assert lengths[1] == 60 * 2 * 40  # tokens, frames a token, samples a frame
        np.testing.assert_array_equal(whole(engine, segment(rate=2.0)), whole(engine, segment(), speed=2.0))

    def test_first_chunk_comes_after_a_few_tokens(self, engine, endless):
        said = []
        endless(lambda n, attempt: said.append(n) or (n * 37) % 1024 if n <= 60 else None)
        chunks = engine.synthesize(segment())
        first = next(chunks)
        assert len(said) == engine_module.CHUNKS[0] == 18
        assert 0 < len(first) < 18 * 2 * 40
        assert len(first) + sum(map(len, chunks)) == 60 * 2 * 40

    def test_phonemes_without_text_are_read(self, engine):
        assert len(whole(engine, Speech("", "mixed", "ni↗xau↓ ðə tɹˈAn ɪz bˈɔɹdɪŋ")))

    def test_other_languages_are_refused(self, engine):
        with pytest.raises(TextError, match="Japanese"):
            whole(engine, Speech("駅へ行く", "zh", "ʨi→"))

    def test_the_processor_computes_whatever_was_asked_for(self, made_voice, monkeypatch):
        runtime = Runtime("cpu", 1)
        monkeypatch.setattr(type(runtime), "on_gpu", property(lambda _: True))
        GPTSoVITSEngine(made_voice, runtime).close()
        assert runtime.degraded
        assert "on the processor" in runtime.why


class TestGuards:
    def test_no_end_is_retried_once_and_then_fails(self, endless):
        with pytest.raises(SynthesisError, match="failed 2 times to say it: no end"):
            whole(endless(lambda n, attempt: (n * 37) % 1024), segment("好的。"))

    def test_a_loop_before_the_first_sound_is_made_good_by_another_seed(self, engine, endless, caplog):
        endless(lambda n, attempt: n % 3 if attempt == 1 and n > 5 else ((n * 37) % 1024 if n <= 40 else None))
        engine_module_chunks = engine_module.CHUNKS
        try:
            engine_module.CHUNKS = (1000,)
            assert len(whole(engine, segment())) == 40 * 2 * 40
        finally:
            engine_module.CHUNKS = engine_module_chunks
        assert "over and over" in caplog.text

    def test_what_is_heard_already_is_kept(self, engine, endless):
        endless(lambda n, attempt: 7 if attempt == 1 and n > 20 else ((n * 37) % 1024 if n <= 60 else None))
        assert len(whole(engine, segment())) >= 60 * 2 * 40

    def test_an_empty_sentence_is_retried(self, engine, endless):
        endless(lambda n, attempt: 5 if attempt == 2 and n <= 20 else None)
        assert len(whole(engine, segment())) == 20 * 2 * 40
        with pytest.raises(SynthesisError, match=r"only 0\.0 s"):
            whole(endless(lambda n, attempt: None), segment())

    def test_not_a_number(self, engine):
        engine._transformer._step = Spoiled(engine._transformer._step, engine._transformer._logits)
        with pytest.raises(SynthesisError, match="NaN"):
            whole(engine, segment())

    def test_too_much_at_once(self, engine):
        with pytest.raises(SynthesisError, match="phonemes at once; at most 512"):
            whole(engine, Speech("好的" * 150, "zh", ""))

    def test_closed(self, engine):
        engine.close()
        with pytest.raises(SynthesisError, match="closed"):
            whole(engine, segment())

    def test_one_sentence_at_a_time(self, engine, endless):
        endless(lambda n, attempt: (n * 37) % 1024 if n <= 60 else None)
        chunks = engine.synthesize(segment())
        next(chunks)
        whole(engine, segment("好的，再见。"))
        with pytest.raises(SynthesisError, match="another sentence meanwhile"):
            next(chunks)

    @pytest.mark.parametrize(
        ("tokens", "period"), [([5] * 50, 1), ([*range(40), *[1, 2, 3] * 17], 3), ([5] * 49, 0), (list(range(300)), 0)]
    )
    def test_loops(self, tokens, period):
        assert guards.loop(tokens) == period


class TestGolden:
    def test_another_arithmetic_is_noticed(self, engine):
        engine._stage2._sessions["decoder"] = Shuffled(engine._stage2._sessions["decoder"])
        with pytest.raises(SynthesisError, match="sounds wrong"):
            engine.check()

    def test_another_meaning_is_noticed(self, engine):
        object.__setattr__(engine._card, "golden_likeliest", tuple((token + 1) % 1024 for token in engine._card.golden_likeliest))
        with pytest.raises(SynthesisError, match="goes wrong"):
            engine.check()

    def test_an_installer_hears_the_golden_phrase(self, engine):
        golden = engine._card.golden
        assert golden.matches(whole(engine, Speech("", "mixed", golden.phonemes)), engine.sample_rate)


class TestDamage:
    @pytest.mark.parametrize("name", ["weights.bin", "step.onnx", "prompt.npz"])
    def test_a_file_that_is_another(self, voice, name):
        (voice / name).write_bytes((voice / name).read_bytes()[:-1] + b"?")
        with pytest.raises(VoiceError, match=f"{name} is not the file"):
            GPTSoVITSEngine(voice, Runtime("cpu", 1))

    @pytest.mark.parametrize(
        ("change", "match"),
        [
            ({"schema": 2}, "schema 2"), ({"family": "v9"}, "impossible shape"), ({"golden_tokens": [1024]}, "golden_tokens"),
            ({"sampling": {"top_k": 0}}, "top_k"), ({"graphs": {"cpu": {}}}, "names no file"), ({"graphs": {}}, "garbles"),
            ({"symbols_sha256": "0" * 64}, "another phoneme table"), ({"sha256": {"../x": "0"}}, "names no file"),
            ({"shape": {"sample_rate": 32000, "hop": 0, "n_codes": 1024}}, "impossible shape"), ({"voice_id": ""}, "voice_id"),
        ],
    )  # fmt: skip
    def test_a_card_that_lies(self, voice, change, match):
        path = voice / "voice.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
        with pytest.raises(VoiceError, match=match):
            GPTSoVITSEngine(voice, Runtime("cpu", 1))


def test_the_daemon_speaks_it_as_any_other(made_voice, tmp_path):
    voice, cache = read_card(made_voice), PhraseCache(tmp_path, budget_bytes=1 << 24, floor_bytes=0)
    speaker = Speaker(Engines("auto", 1), cache, Templates.parse([]), -16.0)
    script = speaker.script(TEXT, "auto")
    first, again = (list(speaker.pieces(script, voice)) for _ in range(2))
    assert {piece.cached for piece in first} == {False}
    assert {piece.cached for piece in again} == {True}
    assert sum(len(piece.pcm) for piece in first) == sum(len(piece.pcm) for piece in again) > 1000
    speaker.engines.close()
    cache.close()


class Spoiled:
    """Writes a NaN where the bound output is."""

    def __init__(self, session, output) -> None:
        self.session, self.output, self.io_binding = session, output, session.io_binding

    def run_with_iobinding(self, binding) -> None:
        self.session.run_with_iobinding(binding)
        self.output[3] = np.nan


class Shuffled:
    """A kernel that reads its input the wrong way round."""

    def __init__(self, session) -> None:
        self.session = session

    def run(self, names, inputs, options):
        return self.session.run(names, {"z": np.ascontiguousarray(inputs["z"][::-1] * 3)})
