from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.playback.chain import Chain

DEVICE_RATE = 48000


def through(chain: Chain, pcm: np.ndarray, cuts: list[int] | None = None, gain: float = 1.0) -> np.ndarray:
    parts = [chain.process(part, gain) for part in np.split(pcm.astype(np.float32), cuts or [])]
    return np.concatenate([*parts, chain.flush()])


def sine(sample_rate: int, n: int, hz: float = 1000.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(n) / sample_rate)


@pytest.mark.parametrize("source_rate", [16000, 22050, 24000, 32000, 44100, 48000])
@pytest.mark.parametrize("n", [1, 7, 480, 24001])
def test_no_sample_is_lost_or_shifted(source_rate: int, n: int) -> None:
    out = through(Chain(source_rate, DEVICE_RATE), sine(source_rate, n), list(range(0, n, source_rate // 50)))
    assert abs(len(out) - n * DEVICE_RATE / source_rate) < 1
    middle = slice(500, len(out) - 500)
    assert np.allclose(out[middle], sine(DEVICE_RATE, len(out))[middle], atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 6000), max_size=20).map(sorted), st.sampled_from([16000, 24000, 44100]))
def test_chunking_does_not_matter(cuts: list[int], source_rate: int) -> None:
    pcm = sine(source_rate, 6000, hz=440)
    whole = through(Chain(source_rate, DEVICE_RATE), pcm)
    assert np.allclose(through(Chain(source_rate, DEVICE_RATE), pcm, cuts), whole, atol=1e-6)


@pytest.mark.parametrize("n_chunk", [60, 480, 5000])
def test_gain_change_is_a_ramp(n_chunk: int) -> None:
    chain = Chain(DEVICE_RATE, DEVICE_RATE)
    level = np.full(n_chunk, 0.8, dtype=np.float32)
    out = np.concatenate([*(chain.process(level, 1.0) for _ in range(5)), *(chain.process(level, 0.1) for _ in range(40)), chain.flush()])
    assert out[-1] == pytest.approx(0.08, abs=0.01)
    assert np.abs(np.diff(out)).max() < 0.002


def test_gain_applies_from_the_first_sample() -> None:
    out = through(Chain(DEVICE_RATE, DEVICE_RATE), np.full(4800, 0.5), gain=0.5)
    assert np.allclose(out, 0.25)


def test_sixteen_bits_sound_like_the_float_they_came_from() -> None:
    pcm = sine(24000, 24000).astype(np.float32)
    chain = Chain(24000, DEVICE_RATE)
    out = np.concatenate((chain.process(np.rint(pcm * 32767).astype(np.int16), 0.7), chain.flush()))
    np.testing.assert_allclose(out, through(Chain(24000, DEVICE_RATE), pcm, gain=0.7), atol=1e-4)
