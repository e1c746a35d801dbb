"""Harmonic source and noise, outside the network: float phase needs exactness that INT8 graphs cannot give."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]

F0_FLOOR_HZ = 40.0
TOP_HZ = 11_000.0
LEVEL = 0.3


class HarmonicSource:
    """Full-band harmonic wave of one segment, computed piece by piece.

    The phase at the centre of a frame is the running sum of F0, linear between centres: the recipe the voice was
    trained with (Kokoro's).

    Args:
        f0_hz: float32 [frames], below 40 where unvoiced.
        hop: samples a frame.
    """

    def __init__(self, f0_hz: Float, sample_rate: int, hop: int) -> None:
        self._hop = hop
        # float64: thousands of cycles accumulate of which only the fraction matters
        self._centre = np.cumsum(f0_hz.astype(np.float64) * hop / sample_rate)
        voiced = f0_hz > F0_FLOOR_HZ
        self._count = np.where(voiced, np.floor(TOP_HZ / np.maximum(f0_hz, F0_FLOOR_HZ)), 0).astype(np.float32)

    def samples(self, start: int, end: int) -> Float:
        """Samples ``start`` to ``end`` of the segment, float32 [end - start]; silence outside it."""
        n_samples = len(self._centre) * self._hop
        first, last = max(start, 0), min(end, n_samples)
        out = np.zeros(end - start, np.float32)
        if first >= last:
            return out
        at = np.arange(first, last)
        cycles = np.interp((at + 0.5) / self._hop - 0.5, np.arange(len(self._centre)), self._centre)
        x = (np.pi * (cycles % 1.0)).astype(np.float32)
        count = self._count[at // self._hop]
        denominator = np.sin(x)
        safe = (np.abs(denominator) > 1e-3) & (count > 0)
        # sum_{k=1..n} sin(2 k x) = sin(n x) sin((n + 1) x) / sin(x)
        wave = np.sin(count * x) * np.sin((count + 1) * x) / np.where(safe, denominator, 1) / np.sqrt(np.maximum(count, 1))
        out[first - start : last - start] = np.where(safe, wave * LEVEL, 0)
        return out

    def pieces(self, start: int, end: int, n_fft: int, step: int) -> Float:
        """Stretches of ``n_fft`` samples, ``step`` apart, through frames ``start`` to ``end``, the first centred half a
        step after the first sample: [(end - start) * hop / step, n_fft]."""
        lead = n_fft // 2 - step // 2
        wave = self.samples(start * self._hop - lead, end * self._hop + n_fft - step - lead)
        return np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(wave, n_fft)[::step])


def noise_bank(n_frames: int, n_fft: int, hop: int, seed: int) -> Float:
    """Spectra of a fixed stretch of white noise, float32 [n_frames, 2 bins] (real, imaginary), mean magnitude one.

    Frames are ``hop`` apart and Hann-windowed, as the voice's head was trained with. The stretch is circular, so frame
    ``i % n_frames`` follows its neighbours for ever.
    """
    wave = np.random.default_rng(seed).standard_normal(n_frames * hop).astype(np.float32)
    window = np.hanning(n_fft + 1)[:-1].astype(np.float32)
    index = (np.arange(n_frames)[:, None] * hop + np.arange(n_fft)) % len(wave)
    spectrum = np.fft.rfft(wave[index] * window) / np.sqrt(np.square(window).sum() * np.pi / 4)
    return np.concatenate([spectrum.real, spectrum.imag], -1).astype(np.float32)


class OverlapAdd:
    """Joins windowed sub-frames into samples, keeping what reaches into the next call.

    Args:
        n_fft: length of a sub-frame; must be four times ``hop``.
        hop: distance of sub-frames in samples.
    """

    def __init__(self, n_fft: int, hop: int) -> None:
        self._n_fft, self._hop = n_fft, hop
        self._tail = np.zeros(n_fft - hop, np.float32)
        # the first sub-frame is centred half a hop after the first sample, so it begins before it
        self._drop = n_fft // 2 - hop // 2

    def add(self, frames: Float) -> Float:
        """``frames`` float32 [n, n_fft] -> the samples that are complete now."""
        n, hop = len(frames), self._hop
        parts = self._n_fft // hop
        total = np.zeros((n + parts - 1, hop), np.float32)
        pieces = frames.reshape(n, parts, hop)
        for part in range(parts):
            total[part : part + n] += pieces[:, part]
        flat = total.reshape(-1)
        flat[: len(self._tail)] += self._tail
        self._tail = flat[n * hop :].copy()
        return self._trim(flat[: n * hop])

    def finish(self) -> Float:
        """The last samples of the segment."""
        return self._trim(self._tail[: self._n_fft // 2 - self._hop // 2])

    def _trim(self, samples: Float) -> Float:
        dropped = min(self._drop, len(samples))
        self._drop -= dropped
        return samples[dropped:]
