from __future__ import annotations

import numpy as np
import pytest

from distill.evaluate import spectrum
from tests.distill.sounds import RATE, glide, sentence


def levels(wave):
    return spectrum.band_levels(spectrum.power(wave, RATE), RATE)


def test_a_band_lies_where_its_tone_is():
    tones = (300.0, 1000.0, 4000.0, 9000.0)
    loudest = [
        levels(np.sin(2 * np.pi * hz * np.arange(RATE // 2) / RATE).astype(np.float32))[20].argmax() for hz in tones
    ]
    mel = 2595 * np.log10(1 + np.array(tones) / 700)
    expected = mel / (2595 * np.log10(1 + 12_000 / 700)) * 81 - 1

    assert np.abs(np.array(loudest) - expected).max() <= 1


def test_no_distance_to_itself_at_any_loudness():
    wave = sentence()

    assert spectrum.log_spectral_distance(levels(wave), levels(0.2 * wave)) == pytest.approx(0, abs=1e-4)


def test_distance_is_the_level_difference():
    reference = levels(sentence())

    assert spectrum.log_spectral_distance(reference, reference + 6) == pytest.approx(6, abs=0.5)


def test_what_nobody_hears_does_not_count():
    reference = levels(sentence())
    quiet = reference < reference.max() - spectrum.RANGE_DB

    assert quiet.any()
    assert spectrum.log_spectral_distance(reference, np.where(quiet, reference - 30, reference)) == 0


def test_distance_grows_with_the_difference():
    wave = sentence()
    noise = np.random.default_rng(1).standard_normal(len(wave)).astype(np.float32)
    distances = [spectrum.log_spectral_distance(levels(wave), levels(wave + k * noise)) for k in (0, 0.003, 0.01, 0.03)]

    assert distances == sorted(distances)
    assert distances[-1] > 5


def test_a_whistle_stands_out_and_a_brighter_voice_does_not():
    voice = glide(np.full(RATE, 210.0))
    whistling = voice + 0.05 * np.sin(2 * np.pi * 2600 * np.arange(RATE) / RATE).astype(np.float32)
    brighter = np.append(voice[:1], voice[1:] - 0.7 * voice[:-1])
    plain, with_whistle, bright = (spectrum.whistle(spectrum.power(w, RATE), RATE)[4:-4].mean() for w in (voice, whistling, brighter))

    assert with_whistle - plain > 8
    assert abs(bright - plain) < 2


def test_an_empty_clip_has_no_frames():
    assert levels(np.zeros(0, np.float32)).shape == (0, spectrum.BANDS)
