"""Whether a processor says what the voice should say: a coarse picture of one utterance, kept in the voice's card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PARTS, BANDS = 12, 8
TOP_HZ = 8000.0
RANGE_DB = 40.0
LENGTH_TOLERANCE = 0.05
TOLERANCE_DB = 4.0
"""What the voice's variants differ by on processors that compute rightly stays well below this, and one whose kernels
are wrong well above: parts are long enough that a duration rounded the other way does not count."""


@dataclass(frozen=True, slots=True)
class Golden:
    """``picture`` of the PCM that ``phonemes`` must give: levels in dB [PARTS, BANDS], and ``n_samples``."""

    phonemes: str
    n_samples: int
    picture: NDArray[np.float64]

    @classmethod
    def of(cls, phonemes: str, pcm: NDArray[np.float32], sample_rate: int) -> Golden:
        """From ``pcm`` [samples] that is known to be right."""
        return cls(phonemes, len(pcm), picture(pcm, sample_rate))

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Golden:
        """
        Raises:
            KeyError, TypeError, ValueError: it is not what :meth:`to_json` gives.
        """
        levels = np.array(values["levels_db"], np.float64)
        n_samples = int(values["n_samples"])
        if levels.shape != (PARTS, BANDS) or not np.isfinite(levels).all() or n_samples < PARTS:
            raise ValueError("golden levels_db or n_samples")
        return cls(str(values["phonemes"]), n_samples, levels)

    def to_json(self) -> dict[str, Any]:
        return {"phonemes": self.phonemes, "n_samples": self.n_samples, "levels_db": np.round(self.picture).astype(int).tolist()}

    def difference_db(self, pcm: NDArray[np.float32], sample_rate: int) -> float:
        """RMS difference of levels from what is right; infinite if the length is wrong or something is not a number."""
        if not np.isfinite(pcm).all() or abs(len(pcm) / self.n_samples - 1) > LENGTH_TOLERANCE:
            return float("inf")
        return float(np.sqrt(np.mean((picture(pcm, sample_rate) - self.picture) ** 2)))

    def matches(self, pcm: NDArray[np.float32], sample_rate: int) -> bool:
        """Whether ``pcm`` is the utterance, as far as processors may differ."""
        return self.difference_db(pcm, sample_rate) <= TOLERANCE_DB


def picture(pcm: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """Levels in dB [PARTS, BANDS] of equal parts of ``pcm`` in bands equally wide on a logarithmic scale from 125 Hz to
    8 kHz; what lies more than 40 dB below the loudest counts as lying there."""
    edges = np.geomspace(125.0, TOP_HZ, BANDS + 1)
    levels = np.empty((PARTS, BANDS))
    for row, part in enumerate(np.array_split(np.asarray(pcm, np.float64), PARTS)):
        power = np.square(np.abs(np.fft.rfft(part * np.hanning(len(part))))) / max(len(part), 1)
        frequency = np.fft.rfftfreq(len(part), 1 / sample_rate) if len(part) else np.zeros(1)
        bands = np.searchsorted(edges, frequency)
        levels[row] = [power[bands == band].sum() for band in range(1, BANDS + 1)]
    levels = 10 * np.log10(levels + 1e-12)
    return np.maximum(levels, levels.max() - RANGE_DB)
