from __future__ import annotations

import numpy as np

from distill.evaluate import spectrum
from distill.evaluate.alignment import by_durations, by_spectrum, frame_map
from distill.evaluate.clip import Clip
from tests.distill.sounds import RATE, sentence


def levels(wave):
    return spectrum.band_levels(spectrum.power(wave, RATE), RATE)


def test_equal_durations_change_nothing():
    frames = np.array([4, 0, 6, 2])

    assert by_durations(frames, frames, 12).tolist() == list(range(12))


def test_each_phoneme_is_stretched_inside():
    found = by_durations(np.array([4, 2]), np.array([2, 4]), 6)

    assert found.tolist() == [0, 0, 1, 1, 3, 5]


def test_a_phoneme_without_frames_is_skipped():
    assert by_durations(np.array([2, 0, 2]), np.array([2, 2, 2]), 4).tolist() == [0, 1, 4, 5]


def test_beyond_the_end_the_last_frame_repeats():
    assert by_durations(np.array([2]), np.array([2]), 4).tolist() == [0, 1, 1, 1]


def test_spectra_find_each_other_at_another_speed():
    slow, fast = sentence(2.0), sentence(1.0)
    found = by_spectrum(levels(slow), levels(fast))
    ideal = np.arange(160) / 2

    assert len(found) == 160
    assert (np.diff(found) >= 0).all()
    assert np.abs(found - ideal)[20:-20].mean() < 3


def test_durations_are_used_where_both_tell_them():
    wave = sentence(0.5)
    told = Clip.of(wave, RATE, np.array([10, 30]))
    other = Clip.of(wave, RATE, np.array([20, 20]))
    untold = Clip.of(wave, RATE)
    db = levels(told.wave())

    assert frame_map(told, other, db, db).tolist() == by_durations(told.frames, other.frames, 40).tolist()
    assert np.abs(frame_map(told, untold, db, db) - np.arange(40)).max() <= 1
