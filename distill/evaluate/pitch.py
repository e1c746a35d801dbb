"""F0 from audio, so that every system is measured in the same way, whatever it knows of itself.

YIN (de Cheveigné and Kawahara, 2002): the lag at which a short piece differs least from itself, relative to the mean
difference at shorter lags.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from distill.evaluate.clip import FRAMES_PER_S

LOWEST_HZ = 60.0
HIGHEST_HZ = 500.0
WINDOW_S = 0.025
GOOD_DIP = 0.15  # the first dip this deep is the period, though a multiple of it may dip deeper
VOICED_DIP = 0.35
SILENCE_DB = -45.0  # below the loudest frame


def track(wave: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """``wave`` [samples] -> F0 in Hz of each 1/80 s, float32 [ceil(samples * 80 / sample_rate)], 0 where unvoiced."""
    longest = int(sample_rate / LOWEST_HZ)
    frames = _frames(wave.astype(np.float64), sample_rate, int(sample_rate * WINDOW_S) + longest)
    if not len(frames):
        return np.zeros(0, np.float32)
    dips = _relative_difference(frames, longest)
    lags = _first_good_dip(dips, int(sample_rate / HIGHEST_HZ))
    rows = np.arange(len(lags))
    depth = dips[rows, np.round(lags).astype(int)]
    level = 10 * np.log10((frames**2).mean(-1) + 1e-12)
    voiced = (depth < VOICED_DIP) & (level > level.max() + SILENCE_DB) & (level > -70)
    return _smooth(np.where(voiced, sample_rate / lags, 0.0)).astype(np.float32)


def _frames(wave: NDArray[np.float64], sample_rate: int, length: int) -> NDArray[np.float64]:
    """Pieces [frames, length] around the middle of each 1/80 s."""
    hop = sample_rate / FRAMES_PER_S
    count = int(np.ceil(len(wave) / hop))
    starts = np.round((np.arange(count) + 0.5) * hop).astype(int)
    padded = np.pad(wave, (length // 2, length))
    return padded[starts[:, None] + np.arange(length)] if count else np.zeros((0, length))


def _relative_difference(frames: NDArray[np.float64], longest: int) -> NDArray[np.float64]:
    """YIN's cumulative mean normalised difference, [frames, longest + 1]; 1 at lag 0."""
    window = frames.shape[1] - longest
    size = 1 << int(np.ceil(np.log2(frames.shape[1] + window)))
    head = np.fft.rfft(frames[:, :window], size)
    correlation = np.fft.irfft(np.fft.rfft(frames, size) * head.conj(), size)[:, : longest + 1]
    energy = np.cumsum(np.pad(frames**2, ((0, 0), (1, 0))), -1)
    energy = energy[:, window : window + longest + 1] - energy[:, : longest + 1]
    difference = np.maximum(energy[:, :1] + energy - 2 * correlation, 0)
    mean = np.cumsum(difference[:, 1:], -1) / np.arange(1, longest + 1)
    return np.concatenate([np.ones((len(frames), 1)), difference[:, 1:] / np.maximum(mean, 1e-9)], -1)


def _first_good_dip(dips: NDArray[np.float64], shortest: int) -> NDArray[np.float64]:
    """The lag of the first local minimum below GOOD_DIP, else of the lowest one, refined by a parabola; [frames]."""
    middle = dips[:, shortest:-1]
    minimum = (middle <= dips[:, shortest - 1 : -2]) & (middle < dips[:, shortest + 1 :])
    good = minimum & (middle < GOOD_DIP)
    lag = np.where(good.any(-1), good.argmax(-1), np.where(minimum, middle, np.inf).argmin(-1)) + shortest
    rows = np.arange(len(dips))
    before, at, after = dips[rows, lag - 1], dips[rows, lag], dips[rows, lag + 1]
    curve = before - 2 * at + after
    return lag + np.clip(np.where(curve > 0, (before - after) / (2 * np.maximum(curve, 1e-12)), 0), -0.5, 0.5)


def _smooth(f0: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take out voiced stretches of one or two frames and octave jumps within longer ones."""
    result = np.zeros_like(f0)
    edges = np.flatnonzero(np.diff(np.pad((f0 > 0).astype(int), 1)))
    for start, end in edges.reshape(-1, 2):
        if end - start >= 3:
            padded = np.pad(f0[start:end], 2, mode="edge")
            result[start:end] = np.median(np.lib.stride_tricks.sliding_window_view(padded, 5), -1)
    return result
