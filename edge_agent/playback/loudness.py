"""How loud PCM is and how high it peaks, by ITU-R BS.1770-4, for one channel at any sample rate.

K-weighting is derived from the analogue prototypes that the standard's 48 kHz coefficients come from, and applied in
the frequency domain, block by block: its impulse response has decayed below float precision within the padding, so the
result is that of the recursive filters without a loop over samples.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]

TARGET_LUFS = -16.0
MAX_GAIN_DB = 24.0

_BLOCK_S = 0.4
_HOP_S = 0.1
_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0
_OFFSET_LUFS = -0.691
_FILTER_DECAY_S = 0.5
_REFERENCE_RATE = 48000

_OVERSAMPLING = 4
PEAK_CONTEXT = 6
"""Samples that :func:`interpolated_peaks` needs on either side of those it judges."""


def integrated_lufs(pcm: FloatArray, sample_rate: int) -> float:
    """Gated loudness in LUFS of mono ``pcm`` [n_samples]; ``-inf`` for silence and for no samples.

    Clips shorter than one 400 ms gating block, which the standard leaves undefined, are measured ungated over the
    length they have, so that a short chime is not judged by the silence around it.
    """
    n_block = round(_BLOCK_S * sample_rate)
    weighted = _k_weighted(pcm, sample_rate)
    if len(weighted) < n_block:
        return _lufs(float(np.mean(weighted**2))) if len(weighted) else -math.inf
    energy = np.concatenate(([0.0], np.cumsum(weighted**2)))
    starts = np.arange(0, len(weighted) - n_block + 1, round(_HOP_S * sample_rate))
    power = np.maximum(energy[starts + n_block] - energy[starts], 0.0) / n_block
    power = power[power > _power(_ABSOLUTE_GATE_LUFS)]
    if not len(power):
        return -math.inf
    relative_gate = float(power.mean()) * 10 ** (_RELATIVE_GATE_LU / 10)
    return _lufs(float(power[power > relative_gate].mean()))


def true_peak_dbtp(pcm: FloatArray) -> float:
    """Highest level between the samples too, by fourfold interpolation, in dB relative to full scale."""
    if not len(pcm):
        return -math.inf
    padded = np.pad(np.asarray(pcm, dtype=np.float64), PEAK_CONTEXT)
    peak = float(interpolated_peaks(padded).max())
    return 20 * math.log10(peak) if peak > 0 else -math.inf


def gain_to(lufs: float, target_lufs: float = TARGET_LUFS) -> float:
    """Linear gain that brings audio of ``lufs`` to the target; 1.0 for silence, and never above ``MAX_GAIN_DB``
    (a nearly silent recording is mostly noise)."""
    if not math.isfinite(lufs):
        return 1.0
    return 10 ** (min(target_lufs - lufs, MAX_GAIN_DB) / 20)


def interpolated_peaks(pcm: FloatArray) -> NDArray[np.float64]:
    """Absolute peak at and around each sample of ``pcm`` [n], context excluded: [n - 2 * PEAK_CONTEXT]."""
    samples = np.asarray(pcm, dtype=np.float64)
    inner = slice(PEAK_CONTEXT, len(samples) - PEAK_CONTEXT)
    peaks = np.abs(samples[inner])
    for taps in _interpolator():
        peaks = np.maximum(peaks, np.abs(np.convolve(samples, taps, mode="valid"))[: len(peaks)])
    return peaks


@functools.cache
def _interpolator() -> NDArray[np.float64]:
    """Windowed sinc for the three points between two samples: [_OVERSAMPLING - 1, 2 * PEAK_CONTEXT + 1]."""
    offsets = np.arange(-PEAK_CONTEXT, PEAK_CONTEXT + 1)
    phases = []
    for phase in range(1, _OVERSAMPLING):
        distance = offsets - phase / _OVERSAMPLING
        window = np.i0(5.0 * np.sqrt(np.clip(1 - (distance / (PEAK_CONTEXT + 1)) ** 2, 0, None))) / np.i0(5.0)
        taps = np.sinc(distance) * window
        phases.append((taps / taps.sum())[::-1])
    return np.array(phases)


def _k_weighted(pcm: FloatArray, sample_rate: int) -> NDArray[np.float64]:
    samples = np.asarray(pcm, dtype=np.float64)
    response = _k_response(sample_rate)
    n_fft = 2 * (len(response) - 1)
    n_block = n_fft - round(_FILTER_DECAY_S * sample_rate)
    weighted = np.zeros(len(samples) + n_fft)
    for start in range(0, len(samples), n_block):
        block = np.fft.rfft(samples[start : start + n_block], n_fft)
        weighted[start : start + n_fft] += np.fft.irfft(block * response, n_fft)
    return weighted[: len(samples)]


@functools.lru_cache(maxsize=4)
def _k_response(sample_rate: int) -> NDArray[np.complex128]:
    """Frequency response on a grid fine enough for a block and the filters' decay after it."""
    n_fft = 1 << math.ceil(math.log2(2 * _FILTER_DECAY_S * sample_rate))
    delay = np.exp(-2j * np.pi * np.arange(n_fft // 2 + 1) / n_fft)
    return _shelf(delay, sample_rate) * _high_pass(delay, sample_rate)


def _shelf(delay: NDArray[np.complex128], sample_rate: int) -> NDArray[np.complex128]:
    """The head's effect: +4 dB above 1.7 kHz. Prototype values as BS.1770's 48 kHz coefficients imply them."""
    frequency_hz, gain_db, q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    k = math.tan(math.pi * frequency_hz / sample_rate)
    high = 10 ** (gain_db / 20)
    band = high**0.4996667741545416
    numerator = (high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k)
    return _biquad(delay, numerator, _poles(k, q))


def _high_pass(delay: NDArray[np.complex128], sample_rate: int) -> NDArray[np.complex128]:
    """The RLB curve: 12 dB an octave below 38 Hz.

    BS.1770 leaves the numerator unscaled, which makes the passband 0.04 dB loud at its 48 kHz; that excess is part of
    the definition, so it is kept as it is there, and does not grow as the sample rate falls.
    """
    frequency_hz, q = 38.13547087602444, 0.5003270373238773
    passband = _poles(math.tan(math.pi * frequency_hz / _REFERENCE_RATE), q)[0]
    poles = _poles(math.tan(math.pi * frequency_hz / sample_rate), q)
    return _biquad(delay, (passband, -2 * passband, passband), poles)


def _poles(k: float, q: float) -> tuple[float, float, float]:
    return 1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k


def _biquad(
    delay: NDArray[np.complex128], numerator: tuple[float, float, float], denominator: tuple[float, float, float]
) -> NDArray[np.complex128]:
    return np.polynomial.polynomial.polyval(delay, numerator) / np.polynomial.polynomial.polyval(delay, denominator)


def _lufs(power: float) -> float:
    return _OFFSET_LUFS + 10 * math.log10(power) if power > 0 else -math.inf


def _power(lufs: float) -> float:
    return 10 ** ((lufs - _OFFSET_LUFS) / 10)
