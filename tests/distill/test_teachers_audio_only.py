from __future__ import annotations

import numpy as np
import pytest

from distill.teachers import TeacherError
from distill.teachers.audio_only import log_energy, mel_power, utterance
from tests.distill.sounds import RATE, glide, sentence

PHONEMES = "tɹˈAn ʦaɪ↘ʨjɛ↘n."


def test_everything_has_the_same_number_of_frames():
    said = utterance(PHONEMES, sentence(1.003), RATE)
    assert len(said.audio) == 80 * 300 and said.f0_hz.shape == said.energy.shape == (80,) and len(said.ids) == len(PHONEMES) + 2


def test_pitch_follows_the_voice_and_is_zero_where_there_is_none():
    f0 = np.concatenate([np.zeros(6000), np.linspace(150, 250, 24_000), np.zeros(6000)])
    said = utterance(PHONEMES, glide(f0), RATE)
    truth = f0[150::300]
    inside = slice(24, 96)
    assert np.abs(said.f0_hz[inside] - truth[inside]).max() < 3 and not said.f0_hz[:16].any() and not said.f0_hz[-16:].any()


def test_energy_rises_by_the_logarithm_of_power():
    wave = sentence(1.0)
    louder = log_energy(10 * wave)
    assert np.allclose(louder - log_energy(wave), np.log(100), atol=0.02)
    assert np.allclose(log_energy(np.zeros(3000, np.float32)), np.log(np.sqrt(80) * 1e-5), atol=1e-5)


def test_a_tone_lies_in_its_band():
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    power = mel_power(tone)
    assert power.shape == (80, 80)
    top_mel = 2595 * np.log10(1 + RATE / 2 / 700)
    band = 2595 * np.log10(1 + 1000 / 700) / top_mel * 81 - 1
    assert power[40].argmax() == pytest.approx(band, abs=1)


def test_what_is_no_phoneme_is_refused():
    with pytest.raises(TeacherError, match=r"'a§' cannot be said: symbol '§' \(U\+00A7\) at 1 is not in the phoneme table"):
        utterance("a§", sentence(1.0), RATE)


@pytest.mark.parametrize(
    ("wave", "message"),
    [
        (np.full(RATE, np.nan, np.float32), "not finite"),
        (np.zeros(RATE, np.float32), "silence"),
        (sentence(0.2), "0.20 s for 11 sounds, expected 0.33 to 4.80 s"),
        (np.tile(sentence(2.0), 3), "6.00 s for 11 sounds"),
        (np.zeros(0, np.float32), "0.00 s for 11 sounds"),
    ],
)
def test_what_is_not_this_sentence_is_refused(wave, message):
    with pytest.raises(TeacherError, match=message):
        utterance(PHONEMES, wave, RATE)
