"""Whether what a device played is what the voice said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from edge_agent.speech.script import write_script
from edge_agent.synthesis import Runtime, load_engine
from edge_agent.voices import Catalog

PCM = NDArray[np.float32]
RATE = 48_000
_FRAME, _HOP = 2048, 1024
_TOP_HZ = 8_000
_RANGE_DB = 50.0


def voice_says(text: str, folder: Path) -> list[PCM]:
    """The built-in voice's own output for a text, segment by segment and without the daemon: float32 [n_frames] at ``RATE``."""
    voice = Catalog(folder).get(None)
    engine = load_engine(Path(voice.folder), Runtime("cpu", 1))
    segments = [np.concatenate(list(engine.synthesize(segment))) for segment in write_script(text, "auto").speech]
    engine.close()
    return [soxr.resample(segment, voice.sample_rate, RATE).astype(np.float32) for segment in segments]


def find(part: PCM, whole: PCM) -> tuple[int, float]:
    """Where ``part`` lies in ``whole`` (first frame), and how much of it is there: the normalised correlation, 0..1."""
    n = len(whole) + len(part)
    products = np.fft.irfft(np.fft.rfft(whole, n) * np.conj(np.fft.rfft(part, n)), n)[: max(1, len(whole) - len(part) + 1)]
    energy = np.concatenate(([0.0], np.cumsum(whole.astype(np.float64) ** 2)))
    windows = np.maximum(energy[len(part) :][: len(products)] - energy[: len(products)], 1e-9)
    likeness = products / np.sqrt(windows * float((part.astype(np.float64) ** 2).sum()))
    at = int(np.argmax(likeness))
    return at, float(likeness[at])


def spectral_distance_db(one: PCM, other: PCM) -> float:
    """RMS difference of log spectra up to 8 kHz, each at its own loudness; quiet bins are cut at 50 dB below the peak."""
    return float(np.sqrt(np.mean((_spectrum_db(one) - _spectrum_db(other)) ** 2)))


def rms_dbfs(pcm: PCM) -> float:
    return float(10 * np.log10(np.mean(pcm.astype(np.float64) ** 2) + 1e-12))


def _spectrum_db(pcm: PCM) -> NDArray[np.float64]:
    frames = np.lib.stride_tricks.sliding_window_view(pcm, _FRAME)[::_HOP] * np.hanning(_FRAME)
    levels = 20 * np.log10(np.abs(np.fft.rfft(frames))[:, : _TOP_HZ * _FRAME // RATE] + 1e-9)
    levels -= levels.max()
    return np.maximum(levels, -_RANGE_DB)
