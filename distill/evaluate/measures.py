"""All numbers of one clip, each as an amount out of a total, so that they can be pooled over sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distill.evaluate import pitch, spectrum, text_errors
from distill.evaluate.alignment import frame_map
from distill.evaluate.clip import Clip
from distill.evaluate.sentences import Sentence
from distill.evaluate.text_errors import Counted

LEAST_VOICED_FRAMES = 10


@dataclass(frozen=True, slots=True)
class Measure:
    """How a number is shown: ``scale`` turns the pooled ratio into ``unit``; ``better`` is ``lower`` or ``higher``; one that is
    ``relative`` compares with the reference, for which itself it says nothing."""

    name: str
    label: str
    unit: str
    scale: float
    decimals: int
    better: str
    relative: bool = False


MEASURES = (
    Measure("pinyin", "pinyin error, toneless", "%", 100, 1, "lower"),
    Measure("pinyin_toned", "pinyin error, toned", "%", 100, 1, "lower"),
    Measure("wer", "word error", "%", 100, 1, "lower"),
    Measure("cer", "character error", "%", 100, 1, "lower"),
    Measure("mos", "DistillMOS", "", 1, 2, "higher"),
    Measure("speaker", "speaker cosine", "", 1, 3, "higher", relative=True),
    Measure("f0", "F0 correlation", "", 1, 3, "higher", relative=True),
    Measure("voicing", "voicing error", "%", 100, 1, "lower", relative=True),
    Measure("whistle", "whistle excess", "dB", 1, 2, "lower", relative=True),
    Measure("spectral", "log-spectral distance", "dB", 1, 2, "lower", relative=True),
)
"""In the order in which they are shown."""


def heard_measures(sentence: Sentence, heard: str) -> dict[str, Counted]:
    """Recognition errors, by the rules of the sentence's language (:mod:`distill.evaluate.text_errors`)."""
    errors = {"zh": text_errors.mandarin_errors, "en": text_errors.english_errors, "mixed": text_errors.mixed_errors}
    return errors[sentence.lang](sentence.text, heard)


def answer_measures(answers: Mapping[str, Any], reference_answers: Mapping[str, Any]) -> dict[str, Counted]:
    """``mos`` and ``speaker`` (cosine to the reference saying the same sentence) from the listeners' answers, where asked."""
    found: dict[str, Counted] = {}
    if "mos" in answers:
        found["mos"] = answers["mos"], 1.0
    if "speaker" in answers:
        found["speaker"] = float(np.dot(answers["speaker"], reference_answers["speaker"])), 1.0
    return found


def signal_measures(clip: Clip, reference: Clip) -> dict[str, Counted]:
    """What needs no model, each against the reference's clip of the same sentence, laid over it in time.

    - ``f0``: Pearson correlation of log F0 over frames voiced in both; 0 if there are hardly any.
    - ``voicing``: share of the reference's audible frames in which only one of the two is voiced.
    - ``whistle``: mean excess over the reference of :func:`distill.evaluate.spectrum.whistle`, frames voiced in both.
    - ``spectral``: :func:`distill.evaluate.spectrum.log_spectral_distance`.
    """
    rate = reference.sample_rate
    ours, theirs = _Analysed.of(clip, rate), _Analysed.of(reference, rate)
    at = frame_map(reference, clip, theirs.levels_db, ours.levels_db)
    f0, voiced = ours.f0_hz[at], ours.f0_hz[at] > 0
    both = voiced & (theirs.f0_hz > 0)
    audible = theirs.levels_db.max(-1) > theirs.levels_db.max() - spectrum.RANGE_DB
    wrong = audible & (voiced != (theirs.f0_hz > 0))
    found = {
        "f0": (_correlation(f0[both], theirs.f0_hz[both]), 1.0),
        "voicing": (float(wrong.sum()), float(audible.sum())),
        "spectral": (spectrum.log_spectral_distance(theirs.levels_db, ours.levels_db[at]), 1.0),
    }
    if both.any():
        excess = ours.whistle_db[at] - theirs.whistle_db
        found["whistle"] = float(excess[both].sum()), float(both.sum())
    return found


@dataclass(frozen=True, slots=True)
class _Analysed:
    f0_hz: NDArray[np.float32]
    levels_db: NDArray[np.float64]
    whistle_db: NDArray[np.float64]

    @classmethod
    def of(cls, clip: Clip, sample_rate: int) -> _Analysed:
        wave = clip.wave(sample_rate)
        power = spectrum.power(wave, sample_rate)
        return cls(pitch.track(wave, sample_rate), spectrum.band_levels(power, sample_rate), spectrum.whistle(power, sample_rate))


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    if len(a) < LEAST_VOICED_FRAMES:
        return 0.0
    x, y = np.log(a), np.log(b)
    spread = float(x.std() * y.std())
    return float(np.mean((x - x.mean()) * (y - y.mean())) / spread) if spread > 1e-9 else 0.0
