"""The recording a voice is made from: read once, checked, and brought to the rates that its listeners want."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor

from quantize.gptsovits.errors import ReferenceRefused

SHORTEST_S, LONGEST_S = 3.0, 10.0
"""What the models were trained to be given; outside of it they repeat the reference or lose words."""

MIN_RATE_HZ, MAX_RATE_HZ = 16_000, 192_000
MAX_CHANNELS = 8
MAX_BYTES = 64 << 20
SILENT_PEAK = 1e-3


@dataclass(frozen=True, slots=True)
class Recording:
    """``samples`` float32 [n] mono at ``rate_hz``; ``sha256`` is that of the file."""

    samples: NDArray[np.float32]
    rate_hz: int
    sha256: str

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate_hz

    def at(self, rate_hz: int) -> Tensor:
        """float32 [samples] at another rate."""
        if rate_hz == self.rate_hz:
            return torch.from_numpy(self.samples)
        return torch.from_numpy(soxr.resample(self.samples, self.rate_hz, rate_hz, quality="VHQ").astype(np.float32))

    def levelled(self, rate_hz: int) -> Tensor:
        """The same, brought down where it is beyond full scale, as the reference encoder hears it."""
        wave = self.at(rate_hz)
        peak = float(wave.abs().max())
        return wave / min(2.0, peak) if peak > 1 else wave


def read(path: Path) -> Recording:
    """Read any sound file that libsndfile knows.

    Raises:
        ReferenceRefused: it is none, silent, damaged, shorter than 3 s or longer than 10 s.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ReferenceRefused(f"{path.name} has more than {MAX_BYTES >> 20} MiB, which no 10 seconds of speech have")
        with soundfile.SoundFile(io.BytesIO(content)) as sound:
            rate_hz, channels = sound.samplerate, sound.channels
            if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ or channels > MAX_CHANNELS:
                raise ReferenceRefused(f"{path.name} has {rate_hz} Hz and {channels} channels; give 16 kHz or more, mono or stereo")
            samples = sound.read(int(rate_hz * LONGEST_S) + rate_hz, dtype="float32", always_2d=True).mean(1)
    except OSError as error:
        raise ReferenceRefused(f"{path} cannot be read: {error.strerror or error}") from error
    except soundfile.SoundFileError as error:
        raise ReferenceRefused(f"{path.name} is no sound file that can be read: {error}") from error
    seconds = len(samples) / rate_hz
    if not SHORTEST_S <= seconds <= LONGEST_S:
        more = "more than " if seconds > LONGEST_S else ""
        raise ReferenceRefused(
            f"{path.name} has {more}{min(seconds, LONGEST_S):.2f} s, expected {SHORTEST_S:g} to {LONGEST_S:g} s: cut it between two words"
        )
    if not np.isfinite(samples).all():
        raise ReferenceRefused(f"{path.name} holds numbers that are not finite")
    if np.abs(samples).max() < SILENT_PEAK:
        raise ReferenceRefused(f"{path.name} is silent")
    return Recording(np.ascontiguousarray(samples, np.float32), rate_hz, hashlib.sha256(content).hexdigest())
