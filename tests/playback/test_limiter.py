from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.playback.limiter import Limiter
from edge_agent.playback.loudness import true_peak_dbtp


def limited(pcm: np.ndarray, cuts: list[int] | None = None, sample_rate: int = 48000) -> np.ndarray:
    limiter = Limiter(sample_rate)
    parts = np.split(pcm.astype(np.float32), cuts or [])
    return np.concatenate([*(limiter.process(part) for part in parts), limiter.flush()])


def tone(amplitude: float, n: int = 24000) -> np.ndarray:
    return amplitude * np.sin(0.31 * np.arange(n))


SIGNALS = {
    "loud sine": tone(2.5),
    "noise": np.random.default_rng(1).normal(size=24000),
    "step": np.concatenate((np.zeros(5000), np.full(500, 3.0), np.zeros(5000))),
    "loud from the first sample": np.full(13, 3.0),
    "crests between samples": 1.2 * np.sin(np.pi / 2 * np.arange(24000) + np.pi / 4),
    "bursts": tone(2.0) * (np.sin(0.002 * np.arange(24000)) > 0.3),
}


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("sample_rate", [16000, 44100, 48000])
def test_true_peak_stays_below_the_ceiling(name: str, sample_rate: int) -> None:
    assert true_peak_dbtp(SIGNALS[name]) > -1.0
    assert true_peak_dbtp(limited(SIGNALS[name], sample_rate=sample_rate)) <= -1.0


def test_quiet_sound_is_untouched() -> None:
    quiet = tone(0.85).astype(np.float32)
    assert np.array_equal(limited(quiet), quiet)


def test_recovers_after_a_peak() -> None:
    signal = tone(0.5, 48000)
    signal[10000:10050] = 3.0
    out = limited(signal)
    assert np.abs(out[44000:] - signal[44000:]).max() < 1e-4
    assert np.abs(out[:9000] - signal[:9000]).max() < 1e-6


def test_gain_moves_without_a_click() -> None:
    loud = np.concatenate((tone(0.5), tone(2.5)))
    steps = np.abs(np.diff(limited(loud)))
    assert steps.max() < 1.1 * np.abs(np.diff(tone(0.9))).max()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 8000), max_size=30).map(sorted))
def test_chunking_does_not_matter(cuts: list[int]) -> None:
    signal = SIGNALS["noise"][:8000]
    assert np.array_equal(limited(signal, cuts), limited(signal))


def test_can_be_used_again_after_a_flush() -> None:
    limiter = Limiter(48000)
    first = np.concatenate((limiter.process(tone(3.0).astype(np.float32)), limiter.flush()))
    second = np.concatenate((limiter.process(tone(3.0).astype(np.float32)), limiter.flush()))
    assert np.array_equal(first, second)
