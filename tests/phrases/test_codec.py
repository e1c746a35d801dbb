from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edge_agent.phrases import NotCacheable
from edge_agent.phrases.codec import decode, encode

HALF_STEP = 0.5 / 32768


@settings(deadline=None)
@given(
    arrays.arrays(np.float32, st.integers(1, 5000), elements=st.floats(-1, 1, width=32), fill=st.just(np.float32(0))),
    st.sampled_from([8_000, 22_050, 24_000, 48_000]),
)
def test_round_trip_loses_at_most_half_a_step(pcm: np.ndarray, sample_rate: int) -> None:
    decoded, rate = decode(encode(pcm, sample_rate))
    assert rate == sample_rate
    assert decoded.dtype == np.float32
    # Plus full scale itself is one step beyond what 16 bits hold.
    assert np.abs(decoded - np.minimum(pcm, 1 - 2 * HALF_STEP)).max() <= HALF_STEP


def test_error_is_far_below_hearing() -> None:
    t = np.arange(3 * 24_000) / 24_000
    pcm = (0.3 * np.sin(2 * np.pi * 220 * t) * np.sin(2 * np.pi * 2 * t)).astype(np.float32)
    error = decode(encode(pcm, 24_000))[0] - pcm
    assert 20 * np.log10(np.sqrt(np.mean(error**2))) < -100


def test_strided_input_is_packed_right() -> None:
    pcm = np.linspace(-0.5, 0.5, 2000, dtype=np.float32)
    np.testing.assert_allclose(decode(encode(pcm[::2], 24_000))[0], pcm[::2], atol=HALF_STEP)


@pytest.mark.parametrize(
    ("pcm", "sample_rate", "reason"),
    [
        (np.zeros(0, np.float32), 24_000, "empty"),
        (np.zeros(60 * 8_000 + 1, np.float32), 8_000, "the limit is 60 s"),
        (np.array([0, np.nan, 0], np.float32), 24_000, "peak is nan"),
        (np.array([0, -np.inf], np.float32), 24_000, "peak is inf"),
        (np.array([0, 1.01], np.float32), 24_000, "within -1..1"),
        (np.zeros(10), 24_000, "float64"),
        (np.zeros((10, 2), np.float32), 24_000, r"\(10, 2\)"),
        ([0.0, 0.1], 24_000, "list"),
        (np.zeros(10, np.float32), 0, "sample rate 0"),
        (np.zeros(10, np.float32), 2_000_000, "sample rate 2000000"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_unfit_recordings_are_refused(pcm: np.ndarray, sample_rate: int, reason: str) -> None:
    with pytest.raises(NotCacheable, match=reason):
        encode(pcm, sample_rate)


def test_a_minute_is_not_too_long() -> None:
    pcm, _ = decode(encode(np.zeros(60 * 8_000, np.float32), 8_000))
    assert pcm.size == 480_000


@pytest.mark.parametrize("blob", [b"", b"fLaC", b"RIFF" + bytes(100), bytes(1000)])
def test_other_bytes_are_no_recording(blob: bytes) -> None:
    with pytest.raises(ValueError, match="not a FLAC file"):
        decode(blob)


def test_stereo_is_no_recording() -> None:
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros((100, 2), np.float32), 24_000, format="FLAC")
    with pytest.raises(ValueError, match="2 channels"):
        decode(buffer.getvalue())
