from __future__ import annotations

import math

import numpy as np
import pyloudnorm
import pytest

from edge_agent.playback.loudness import MAX_GAIN_DB, gain_to, integrated_lufs, true_peak_dbtp


def sine(level_dbfs: float, seconds: float, sample_rate: int = 48000, hz: float = 1000.0) -> np.ndarray:
    t = np.arange(round(seconds * sample_rate)) / sample_rate
    return 10 ** (level_dbfs / 20) * np.sin(2 * np.pi * hz * t)


def voice_like(sample_rate: int, seed: int = 0) -> np.ndarray:
    """Noise with the spectrum and the pauses of speech, roughly."""
    rng = np.random.default_rng(seed)
    noise = np.convolve(rng.normal(size=6 * sample_rate), np.exp(-np.arange(40) / (sample_rate / 2500)), mode="same")
    t = np.arange(len(noise)) / sample_rate
    return 0.03 * noise * np.clip(np.sin(2 * np.pi * 0.7 * t) + 0.4, 0.01, None)


@pytest.mark.parametrize("sample_rate", [16000, 22050, 24000, 44100, 48000])
def test_full_scale_sine_in_one_channel_is_minus_3_01(sample_rate: int) -> None:
    # ITU-R BS.1770-4: a 0 dBFS 997 Hz sine in one channel indicates -3.01 LKFS.
    assert integrated_lufs(sine(0, 5, sample_rate, 997.0), sample_rate) == pytest.approx(-3.01, abs=0.05)


# EBU Tech 3341 gives these for two channels; one channel alone reads 3.01 LU less.
@pytest.mark.parametrize(
    ("parts", "expected_stereo"),
    [
        ([(-23, 20)], -23.0),
        ([(-33, 20)], -33.0),
        ([(-36, 10), (-23, 60), (-36, 10)], -23.0),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),
    ],
)
def test_ebu_tech_3341_signals(parts: list[tuple[float, float]], expected_stereo: float) -> None:
    signal = np.concatenate([sine(level, seconds) for level, seconds in parts])
    assert integrated_lufs(signal, 48000) == pytest.approx(expected_stereo - 3.01, abs=0.1)


@pytest.mark.parametrize("sample_rate", [16000, 24000, 44100, 48000])
@pytest.mark.parametrize("seed", [0, 1])
def test_agrees_with_another_implementation(sample_rate: int, seed: int) -> None:
    signal = voice_like(sample_rate, seed)
    reference = pyloudnorm.Meter(sample_rate).integrated_loudness(signal)
    assert integrated_lufs(signal, sample_rate) == pytest.approx(reference, abs=0.1)


def test_silence_around_speech_does_not_count() -> None:
    signal = voice_like(24000)
    padded = np.concatenate((np.zeros(5 * 24000), signal, np.zeros(20 * 24000)))
    assert integrated_lufs(padded, 24000) == pytest.approx(integrated_lufs(signal, 24000), abs=0.5)


def test_clip_shorter_than_a_gating_block_is_measured_as_it_is() -> None:
    assert integrated_lufs(sine(-20, 0.3), 48000) == pytest.approx(integrated_lufs(sine(-20, 5), 48000), abs=0.2)
    assert integrated_lufs(sine(-20, 0.399), 48000) == pytest.approx(integrated_lufs(sine(-20, 0.401), 48000), abs=0.1)


@pytest.mark.parametrize("pcm", [np.zeros(0), np.zeros(100), np.zeros(48000)])
def test_silence_has_no_loudness_and_gets_no_gain(pcm: np.ndarray) -> None:
    assert integrated_lufs(pcm, 48000) == -math.inf
    assert true_peak_dbtp(pcm) == -math.inf
    assert gain_to(integrated_lufs(pcm, 48000)) == 1.0


def test_true_peak_sees_between_the_samples() -> None:
    # A quarter-rate sine sampled 45 degrees off its crests: samples at -3.01 dB, crests at 0.
    signal = np.sin(np.pi / 2 * np.arange(4800) + np.pi / 4) * np.hanning(4800) ** 0.1
    assert 20 * math.log10(np.abs(signal).max()) == pytest.approx(-3.01, abs=0.02)
    assert true_peak_dbtp(signal) == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("hz", [100.0, 997.0, 5000.0, 11000.0])
def test_true_peak_of_a_sine_is_its_amplitude(hz: float) -> None:
    faded = sine(-6, 1, hz=hz) * np.hanning(48000) ** 0.1
    assert true_peak_dbtp(faded) == pytest.approx(-6, abs=0.15)


def test_gain_brings_to_the_target() -> None:
    signal = voice_like(24000)
    louder = signal * gain_to(integrated_lufs(signal, 24000))
    assert integrated_lufs(louder, 24000) == pytest.approx(-16.0, abs=0.05)


def test_gain_is_bounded() -> None:
    assert gain_to(-69.0) == pytest.approx(10 ** (MAX_GAIN_DB / 20))
    assert gain_to(-6.0) == pytest.approx(10 ** (-10 / 20))
