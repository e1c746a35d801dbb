"""Is what runs here numerically what the original makes? Every error beside its bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from edge_agent.synthesis.gptsovits import Sampling
from quantize.gptsovits.bake import BakedSovits
from quantize.gptsovits.checkpoint import Checkpoints
from quantize.gptsovits.sampling import Generated, generate, penalise, probabilities
from quantize.gptsovits.sovits import NOISE_SCALE, Decoded, Sovits, Speaker
from quantize.gptsovits.t2s import Cache, TextToSemantic
from quantize.gptsovits.vectors import T2SCase, Vectors, folders, opened

MAX_LOGITS = 1e-4
MAX_WAVE = 2e-3
"""Of the peak."""

MAX_PROBABILITY = 1e-5
MAX_INNER = 1e-4
"""Of the peak, or of 1 where the peak is lower: tensors that are not heard themselves."""

SPEED_CASE_TOKENS = 21
SPEED = 1.25


@dataclass(frozen=True, slots=True)
class Check:
    """``error`` is infinite where shapes differ; a check that counts differences has a bar of 0."""

    folder: str
    runtime: str
    name: str
    error: float
    bar: float

    @property
    def passed(self) -> bool:
        return self.error <= self.bar

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "error": self.error if self.error < float("inf") else None, "passed": self.passed}


class FirstStage(Protocol):
    """A text-to-semantic transformer in some runtime."""

    def forced(self, phones: Tensor, features: Tensor, prompt: Tensor, tokens: Tensor) -> Tensor:
        """Raw logits [len(tokens) + 1, vocab] of every step while ``tokens`` are fed whatever they say."""
        ...

    def generate(self, phones: Tensor, features: Tensor, prompt: Tensor, how: Sampling, early_stop: int) -> Generated: ...


class SecondStage(Protocol):
    """A second stage that speaks with one voice in some runtime."""

    def __call__(self, tokens: Tensor, phones: Tensor, *, noise: Tensor | None, noise_scale: float, speed: float) -> Decoded:
        """As :class:`Sovits`; of the result only ``wave`` has to be filled."""
        ...


@dataclass(frozen=True, slots=True)
class Runtime:
    """One way to run the models, made of both checkpoints, and for the second stage of a voice.

    ``probabilities`` of raw logits [vocab] after previous tokens int64 [n], where it is not torch that samples.
    """

    name: str
    first: Callable[[Checkpoints], FirstStage]
    second: Callable[[Checkpoints, Speaker], SecondStage]
    probabilities: Callable[[Tensor, Tensor, Sampling], Tensor] | None = None


class TorchFirst:
    """The transformer in torch."""

    def __init__(self, model: TextToSemantic) -> None:
        self._model = model

    def forced(self, phones: Tensor, features: Tensor, prompt: Tensor, tokens: Tensor) -> Tensor:
        cache = Cache.of(self._model.config, len(phones) + len(prompt) + len(tokens))
        rows = [self._model.prefill(self._model.embed_text(phones, features), prompt, cache)]
        rows += [self._model.step(tokens[place, None], len(prompt) + place, cache) for place in range(len(tokens))]
        return torch.stack(rows)

    def generate(self, phones: Tensor, features: Tensor, prompt: Tensor, how: Sampling, early_stop: int) -> Generated:
        return generate(self._model, phones, features, prompt, how, early_stop=early_stop)


class TorchSecond:
    """The model as trained, told its voice at every call."""

    def __init__(self, model: Sovits, speaker: Speaker) -> None:
        self._model, self._speaker = model, speaker

    def __call__(self, tokens: Tensor, phones: Tensor, **how: Any) -> Decoded:
        return self._model(tokens, phones, self._speaker, **how)


TORCH = Runtime("torch", lambda models: TorchFirst(models.t2s), lambda models, speaker: TorchSecond(models.sovits, speaker))
BAKED = Runtime("baked", lambda models: TorchFirst(models.t2s), lambda models, speaker: BakedSovits(models.sovits, speaker))


def verify(path: Path, runtimes: Sequence[Runtime] = (TORCH, BAKED)) -> Iterator[Check]:
    """Every check of every folder of vectors at ``path``.

    Raises:
        CheckpointRefused: there is none, or one is damaged.
    """
    for folder in folders(path):
        with opened(folder) as vectors, torch.inference_mode():
            yield Check(folder.name, "torch", "version", float(vectors.checkpoints.version != vectors.version), 0.0)
            yield from _reference(vectors)
            yield from _sampling(vectors, "torch", _probabilities)
            voices = _voices(vectors)
            for runtime in runtimes:
                if runtime.probabilities:
                    yield from _sampling(vectors, runtime.name, runtime.probabilities)
                yield from _first_stage(vectors, runtime)
                yield from _second_stage(vectors, runtime, voices)


def _reference(vectors: Vectors) -> Iterator[Check]:
    """What only a workstation computes: spectra, prompt tokens and voice vectors."""
    model = vectors.checkpoints.sovits
    for spectrum, audio in (("refer_spec", "ref_audio_i16"), ("refer_spec2", "ref_audio2_i16")):
        yield _close(vectors, "torch", spectrum, _spectrum(vectors, audio), vectors.get("sovits_expected", spectrum))
    tokens, margin = model.prompt_tokens(vectors.get("inputs", "ssl_content"))
    yield _equal(vectors, "torch", "prompt_codes", tokens, vectors.get("sovits_expected", "prompt_codes"))
    yield _close(vectors, "torch", "prompt_codes_margin", margin, vectors.get("sovits_expected", "prompt_codes_margin"))
    voices = _voices(vectors)
    for case in ("plain", "tworef"):
        for name in ("ge", "ge512"):
            if name in vectors.expected(case):
                yield _close(vectors, "torch", f"{case}/{name}", getattr(voices[case], name), vectors.expected(case)[name])


def _voices(vectors: Vectors) -> dict[str, Speaker]:
    model = vectors.checkpoints.sovits
    spectra = [_spectrum(vectors, audio) for audio in ("ref_audio_i16", "ref_audio2_i16")]
    vector = [vectors.get("inputs", name) for name in ("sv_emb", "sv_emb2")] if model.config.pro else []
    first = model.speaker(spectra[:1], vector[:1])
    return {"plain": first, "noise": first, "speed": first, "short": first, "tworef": model.speaker(spectra, vector)}


def _spectrum(vectors: Vectors, audio: str) -> Tensor:
    return vectors.checkpoints.sovits.spectrum(vectors.get("inputs", audio).float() / 32768)


def _sampling(vectors: Vectors, runtime: str, sample: Callable[[Tensor, Tensor, Sampling], Tensor]) -> Iterator[Check]:
    logits, previous = (vectors.get("sampling_expected", name) for name in ("logits", "previous_tokens"))
    for index, (top_k, top_p, temperature, penalty) in enumerate(vectors.get("sampling_expected", "settings").tolist()):
        found = sample(logits, previous, Sampling(int(top_k), top_p, temperature, penalty))
        expected = vectors.get("sampling_expected", f"probs_{index}")
        yield Check(vectors.folder.name, runtime, f"sampling/probs_{index}", _distance(found, expected), MAX_PROBABILITY)


def _probabilities(logits: Tensor, previous: Tensor, how: Sampling) -> Tensor:
    return probabilities(penalise(logits, previous, how.repetition_penalty), how)


def _first_stage(vectors: Vectors, runtime: Runtime) -> Iterator[Check]:
    stage = runtime.first(vectors.checkpoints)
    for case in vectors.t2s_cases:
        y, idx, semantic, logits = (vectors.get("t2s_expected", f"{case.name}/{name}") for name in ("y", "idx", "semantic", "logits"))
        given = _t2s_inputs(vectors, case)
        n_prompt = len(given[2])
        forced = stage.forced(*given, y[n_prompt:][: len(logits) - 1])
        yield Check(vectors.folder.name, runtime.name, f"{case.name}/logits", _distance(forced, logits), MAX_LOGITS)
        found = stage.generate(*given, case.how, case.early_stop)
        yield _equal(vectors, runtime.name, f"{case.name}/y", found.y, y)
        yield _equal(vectors, runtime.name, f"{case.name}/idx", torch.tensor(found.idx), idx)
        yield _equal(vectors, runtime.name, f"{case.name}/semantic", found.semantic, semantic)


def _t2s_inputs(vectors: Vectors, case: T2SCase) -> tuple[Tensor, Tensor, Tensor]:
    phones, features = vectors.get("inputs", "phones_target"), vectors.get("inputs", "bert_target")
    if not case.prompted:
        return phones, features, torch.empty(0, dtype=torch.int64)
    phones = torch.cat([vectors.get("inputs", "phones_prompt"), phones])
    features = torch.cat([vectors.get("inputs", "bert_prompt"), features], 1)
    return phones, features, vectors.get("inputs", "prompt_semantic")


def _second_stage(vectors: Vectors, runtime: Runtime, voices: dict[str, Speaker]) -> Iterator[Check]:
    tokens, target = vectors.get("t2s_expected", "prompted/semantic"), vectors.get("inputs", "phones_target")
    stages = {id(voice): runtime.second(vectors.checkpoints, voice) for voice in {id(each): each for each in voices.values()}.values()}
    for case, voice in voices.items():
        expected = vectors.expected(case)
        phones = vectors.get("inputs", "phones_short") if case == "short" else target
        spoken = tokens if case in ("plain", "noise") else tokens[: 2 if case == "short" else SPEED_CASE_TOKENS]
        found = stages[id(voice)](
            spoken, phones, noise=expected.get("noise"), noise_scale=NOISE_SCALE, speed=SPEED if case == "speed" else 1.0
        )
        inner = {"enc_y": found.encoded, "m_p": found.mean, "logs_p": found.log_std, "z": found.z}
        for name, value in inner.items():
            if name in expected and value is not None:
                yield _close(vectors, runtime.name, f"{case}/{name}", value, expected[name])
        wave = vectors.get("sovits_expected", f"{case}/wav")
        peak = float(wave.abs().max())
        yield Check(vectors.folder.name, runtime.name, f"{case}/wav", _distance(found.wave, wave) / (peak or 1.0), MAX_WAVE)


def _distance(found: Tensor, expected: Tensor) -> float:
    """Greatest difference; infinite where shapes differ or something is no number."""
    if found.shape != expected.shape:
        return float("inf")
    greatest = float((found - expected).abs().max())
    return greatest if greatest == greatest else float("inf")  # noqa: PLR0124


def _close(vectors: Vectors, runtime: str, name: str, found: Tensor, expected: Tensor) -> Check:
    return Check(vectors.folder.name, runtime, name, _distance(found, expected) / max(1.0, float(expected.abs().max())), MAX_INNER)


def _equal(vectors: Vectors, runtime: str, name: str, found: Tensor, expected: Tensor) -> Check:
    wrong = float((found != expected).sum()) if found.shape == expected.shape else float("inf")
    return Check(vectors.folder.name, runtime, name, wrong, 0.0)
