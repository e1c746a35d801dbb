"""Sounds that are numbers, so that it can be counted in a recording how often each announcement was heard to its end.

A code is a leading tone, three tones for twelve bits, and a closing tone longer than what the player may lose to a crash.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

PCM = NDArray[np.float32]
RATE = 24_000
N_CODES = 16**3
_LEAD_HZ, _CLOSE_HZ = 600.0, 5000.0
_LEAD_S, _DIGIT_S, _CLOSE_S, _PAUSE_S = 0.06, 0.03, 0.14, 0.02
_HOP_S, _WINDOW_S = 0.005, 0.01
_LEAST_CUT_S = 0.04
"""What may be missing of the closing tone of a code that was heard whole: edges blurred by the window, and fades."""


def encode(number: int) -> PCM:
    """Float32 mono [n_samples] at ``RATE``."""
    digits = [(_digit_hz(number >> shift & 15), _DIGIT_S) for shift in (8, 4, 0)]
    pause = np.zeros(round(_PAUSE_S * RATE), np.float32)
    tones = [_tone(hz, seconds) for hz, seconds in [(_LEAD_HZ, _LEAD_S), *digits, (_CLOSE_HZ, _CLOSE_S)]]
    return np.concatenate([pause, *tones, pause])


def decode(heard: PCM, rate: int) -> Iterator[int]:
    """The numbers that were heard whole, in order; what was cut short is left out."""
    tones = _tones(heard, rate)
    edges = np.flatnonzero(np.diff(tones)) + 1
    leads = [
        (int(start), int(end))
        for start, end in zip(np.r_[0, edges], np.r_[edges, len(tones)], strict=True)
        if tones[start] == _LEAD_HZ and (end - start) * _HOP_S >= _LEAD_S - 0.02
    ]
    for (_, end), (following, _) in zip(leads, [*leads[1:], (len(tones), 0)], strict=False):
        close = end + round(3 * _DIGIT_S / _HOP_S)
        # A device that takes sound faster than it is heard has to wait within the closing tone until the journal knows of it.
        if np.count_nonzero(tones[close:following] == _CLOSE_HZ) * _HOP_S < _CLOSE_S - _LEAST_CUT_S:
            continue
        digits = [round((tones[end + round((0.5 + place) * _DIGIT_S / _HOP_S)] - _digit_hz(0)) / 200) for place in range(3)]
        if all(0 <= digit < 16 for digit in digits):
            yield digits[0] << 8 | digits[1] << 4 | digits[2]


def _digit_hz(digit: int) -> float:
    return 1200.0 + 200.0 * digit


def _tone(hz: float, seconds: float) -> PCM:
    return (0.2 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def _tones(heard: PCM, rate: int) -> NDArray[np.float64]:
    """The loudest known tone every ``_HOP_S``, 0 in silence."""
    n, hop = round(_WINDOW_S * rate), round(_HOP_S * rate)
    if len(heard) < n:
        return np.zeros(1)
    known = np.array([_LEAD_HZ, *map(_digit_hz, range(16)), _CLOSE_HZ])
    waves = np.exp(-2j * np.pi * known[:, None] * np.arange(n) / rate)
    frames = np.lib.stride_tricks.sliding_window_view(heard, n)[::hop]
    levels = np.abs(frames @ waves.T) * 2 / n
    found = known[levels.argmax(1)]
    found[levels.max(1) < 0.05] = 0.0
    return found
