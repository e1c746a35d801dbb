"""One thing a system said."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from distill.evaluate.errors import EvaluationError
from distill.staged import staged_file

FRAMES_PER_S = 80
"""The grid of durations, of the pitch tracker and of the spectra."""


@dataclass(frozen=True, slots=True)
class Clip:
    """Audio as it is heard, scored and written: 16-bit steps, so that the WAV file holds exactly what was scored.

    ``audio`` int16 [samples]; ``frames`` int64 [tokens] is how many 1/80 s frames each phoneme takes, None where the
    system does not tell.
    """

    audio: NDArray[np.int16]
    sample_rate: int
    frames: NDArray[np.int64] | None = None

    @classmethod
    def of(cls, wave: NDArray[np.float32], sample_rate: int, frames: NDArray[np.int64] | None = None) -> Clip:
        """From float samples [samples] in -1..1.

        Raises:
            EvaluationError: a sample is NaN or infinite.
        """
        if not np.isfinite(wave).all():
            raise EvaluationError(f"{np.count_nonzero(~np.isfinite(wave))} of {len(wave)} samples are not finite")
        return cls(np.round(np.clip(wave, -1, 1) * 32767).astype(np.int16), sample_rate, frames)

    @property
    def seconds(self) -> float:
        return len(self.audio) / self.sample_rate

    @property
    def digest(self) -> str:
        """SHA-256 of the samples and their rate: what listeners' answers are remembered by."""
        return hashlib.sha256(self.sample_rate.to_bytes(4, "little") + self.audio.astype("<i2").tobytes()).hexdigest()

    def wave(self, sample_rate: int | None = None) -> NDArray[np.float32]:
        """Float samples in -1..1, resampled if ``sample_rate`` is another one."""
        wave = self.audio.astype(np.float32) / 32767
        if sample_rate in (None, self.sample_rate):
            return wave
        return soxr.resample(wave, self.sample_rate, sample_rate).astype(np.float32)

    def write(self, path: Path) -> None:
        """Write a 16-bit mono WAV file, whole or not at all.

        Raises:
            OSError: it cannot be written.
        """
        content = io.BytesIO()  # libsndfile says of a full disk no more than "System error."
        soundfile.write(content, self.audio, self.sample_rate, subtype="PCM_16", format="WAV")
        with staged_file(path) as file:
            file.write_bytes(content.getbuffer())

    @classmethod
    def read(cls, path: Path) -> Clip:
        """Read what :meth:`write` wrote; durations are not in it."""
        audio, sample_rate = soundfile.read(path, dtype="int16")
        return cls(audio, sample_rate)
