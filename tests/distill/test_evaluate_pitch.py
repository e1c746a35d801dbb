from __future__ import annotations

import numpy as np
import pytest

from distill.evaluate import pitch
from tests.distill.sounds import RATE, glide, sentence


@pytest.mark.parametrize("hz", [75.0, 130.0, 220.0, 410.0])
def test_a_steady_voice(hz):
    f0 = pitch.track(glide(np.full(RATE // 2, hz)), RATE)

    assert len(f0) == 40
    assert np.allclose(f0[4:-4], hz, rtol=0.005)


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 48_000])
def test_any_sample_rate(rate):
    time = np.arange(rate // 2) / rate
    wave = sum(np.sin(2 * np.pi * 150 * k * time) / k for k in range(1, 8)).astype(np.float32)

    assert np.median(pitch.track(wave, rate)) == pytest.approx(150, rel=0.005)


def test_a_glide_is_followed():
    true = np.linspace(120, 300, RATE)
    f0 = pitch.track(glide(true), RATE)
    expected = true[(np.arange(80) * 300 + 150)]

    assert np.abs(1200 * np.log2(f0[4:-4] / expected[4:-4])).max() < 50


def test_noise_is_unvoiced_between_voiced_stretches():
    f0 = pitch.track(sentence(), RATE)

    assert (f0[:7] == 0).all() and (f0[37:43] == 0).all() and (f0[74:] == 0).all()
    assert (f0[10:34] > 0).all() and (f0[46:70] > 0).all()


@pytest.mark.parametrize("samples", [0, 1, 200, 24_000])
def test_silence_and_scraps_are_unvoiced(samples):
    f0 = pitch.track(np.zeros(samples, np.float32), RATE)

    assert len(f0) == -(-samples // 300)
    assert not f0.any()
