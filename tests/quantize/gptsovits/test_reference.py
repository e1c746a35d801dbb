"""A recording is checked before anything listens to it."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
import torch

from quantize.gptsovits.errors import ReferenceRefused
from quantize.gptsovits.reference import read


def write(path, seconds=4.0, rate_hz=32_000, channels=1, scale=0.3, **how):
    samples = np.random.default_rng(1).standard_normal((round(seconds * rate_hz), channels)).astype(np.float32) * scale
    soundfile.write(path, samples, rate_hz, **how)
    return path


@pytest.mark.parametrize(("seconds", "rate_hz", "channels"), [(3.0, 16_000, 1), (10.0, 44_100, 2), (5.5, 48_000, 1)])
def test_any_rate_and_mono_or_stereo(tmp_path, seconds, rate_hz, channels):
    recording = read(write(tmp_path / "r.wav", seconds, rate_hz, channels))
    assert recording.seconds == pytest.approx(seconds, abs=1e-3)
    assert len(recording.at(16_000)) == pytest.approx(16_000 * seconds, abs=2)
    assert recording.at(rate_hz).dtype == torch.float32


@pytest.mark.parametrize(
    ("seconds", "message"), [(2.99, r"has 2\.99 s, expected 3 to 10 s"), (10.01, "has more than 10.00 s"), (30, "has more than 10.00 s")]
)
def test_too_short_or_too_long(tmp_path, seconds, message):
    with pytest.raises(ReferenceRefused, match=message):
        read(write(tmp_path / "r.flac", seconds, 16_000))


def test_beyond_full_scale_is_brought_down(tmp_path):
    recording = read(write(tmp_path / "r.wav", scale=0.3, subtype="FLOAT"))
    assert 1 < recording.at(32_000).abs().max() < 2
    assert float(recording.levelled(32_000).abs().max()) == 1
    loud = read(write(tmp_path / "l.wav", scale=0.9, subtype="FLOAT"))
    torch.testing.assert_close(loud.levelled(32_000), loud.at(32_000) / 2)  # at most halved, as the original does


def test_silent_damaged_or_no_sound(tmp_path):
    with pytest.raises(ReferenceRefused, match="is silent"):
        read(write(tmp_path / "r.wav", scale=1e-5))
    with pytest.raises(ReferenceRefused, match="8000 Hz and 1 channels"):
        read(write(tmp_path / "r.wav", rate_hz=8000))
    (tmp_path / "r.wav").write_bytes(b"RIFF nothing of the kind")
    with pytest.raises(ReferenceRefused, match="no sound file"):
        read(tmp_path / "r.wav")
    with pytest.raises(ReferenceRefused, match="No such file"):
        read(tmp_path / "none.wav")
    samples = np.full((16_000 * 4, 1), np.nan, np.float32)
    soundfile.write(tmp_path / "n.wav", samples, 16_000, subtype="FLOAT")
    with pytest.raises(ReferenceRefused, match="not finite"):
        read(tmp_path / "n.wav")
