"""Whose voice a recording is, and whether it is one voice only.

With GE2E vectors of windows of 4 s the likeness of a teacher's voice to itself, Mandarin and English mixed or not, is
0.92 to 0.97; parted by :func:`compare`, two of its voices are 0.45 to 0.66 alike, a voice and a blend half made of its
relatives 0.70 to 0.79.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from distill.enrol.limits import LIMITS
from distill.evaluate.clip import FRAMES_PER_S

WINDOW_S = 4.0
SPEECH_SHARE = 0.5
LEAST_SPEECH_S = 1.5
MOST_WINDOWS = 90
"""A quarter of a minute of work; more windows do not move the voice's vector."""

ONE_VOICE = LIMITS["one_speaker"].good[0]
FEWEST_WINDOWS = 3
SMALLEST_GROUP = 0.05
ITERATIONS = 20


class VoiceVector(Protocol):
    """What tells voices apart: :class:`distill.evaluate.speaker.Speaker`."""

    def vector(self, wave16k: NDArray[np.float32]) -> NDArray[np.float32]:
        """``wave16k`` [samples] at 16 kHz -> unit-norm float32 [256]; zeros if there is no speech in it."""
        ...


@dataclass(frozen=True, slots=True)
class Voices:
    """``vector`` is the voice, unit-norm float32 [256]. ``likeness`` is the cosine between the two most unlike groups of
    windows (1 if there are none). ``other`` [windows] is True for the smaller group if it is another voice."""

    vector: NDArray[np.float32]
    likeness: float
    other: NDArray[np.bool_]


def windows(speech: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """(start, length) in s of stretches of :data:`WINDOW_S` that speech fills at least half of; of a short recording the
    whole, if there is :data:`LEAST_SPEECH_S` of speech in it. ``speech`` [frames]."""
    length = int(WINDOW_S * FRAMES_PER_S)
    if len(speech) < length:
        whole = len(speech) / FRAMES_PER_S
        return [(0.0, whole)] if speech.sum() >= LEAST_SPEECH_S * FRAMES_PER_S else []
    starts = range(0, len(speech) - length + 1, length)
    return [(start / FRAMES_PER_S, WINDOW_S) for start in starts if speech[start : start + length].mean() >= SPEECH_SHARE]


def spread(items: list, most: int) -> list:
    """At most ``most`` of ``items``, evenly from first to last."""
    if len(items) <= most:
        return items
    return [items[int(i)] for i in np.linspace(0, len(items) - 1, most)]


def compare(vectors: NDArray[np.float32]) -> Voices | None:
    """``vectors`` [windows, 256], unit-norm or zero; None if fewer than three hold a voice.

    Windows are parted into two groups by spherical k-means from the most unlike pair. A group of one window, or of less
    than 5 %, is a cough or a slammed door: it is left out and the rest parted again.
    """
    vectors = vectors[np.linalg.norm(vectors, axis=-1) > 0.5].astype(np.float64)
    if len(vectors) < FEWEST_WINDOWS:
        return None
    other = np.zeros(len(vectors), bool)
    kept = np.arange(len(vectors))
    smallest = max(2, int(np.ceil(SMALLEST_GROUP * len(vectors))))
    likeness = 1.0
    while len(kept) >= 2 * smallest:
        second = _part(vectors[kept])
        if 2 * second.sum() > len(second):
            second = ~second
        if second.sum() >= smallest:
            likeness = float(_mean(vectors[kept[~second]]) @ _mean(vectors[kept[second]]))
            other[kept[second]] = likeness < ONE_VOICE
            break
        if not second.any():
            break
        kept = kept[~second]
    return Voices(_mean(vectors[kept[~other[kept]]]).astype(np.float32), likeness, other)


def _part(vectors: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True for the second of two groups, [n]."""
    likeness = vectors @ vectors.T
    centres = vectors[list(np.unravel_index(likeness.argmin(), likeness.shape))]
    second = np.zeros(len(vectors), bool)
    for _ in range(ITERATIONS):
        nearer = vectors @ centres[1] > vectors @ centres[0]
        if nearer.all() or not nearer.any() or (nearer == second).all():
            break
        second = nearer
        centres = np.stack([_mean(vectors[~second]), _mean(vectors[second])])
    return second


def _mean(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    mean = vectors.mean(0)
    return mean / max(float(np.linalg.norm(mean)), 1e-9)
