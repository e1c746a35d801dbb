"""Source, noise and overlap-add on the device are those of training."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from distill.student.source import harmonic_source
from distill.student.stft import ShortFrames
from edge_agent.synthesis.mobilesovits.source import HarmonicSource, OverlapAdd, noise_bank

RATE, HOP, N_FFT, STEP = 24_000, 300, 400, 100


@pytest.fixture
def f0_hz() -> np.ndarray:
    random = np.random.default_rng(0)
    f0 = 180 * np.exp(0.3 * np.sin(np.arange(400) / 20)) + random.normal(0, 1, 400)
    f0[60:75] = 0
    f0[200:210] = 9.0  # what the teacher calls silence
    return f0.astype(np.float32)


def test_source_is_the_one_of_training(f0_hz):
    trained_on = harmonic_source(torch.from_numpy(f0_hz)[None], RATE, HOP)[0].numpy()
    ours = HarmonicSource(f0_hz, RATE, HOP).samples(0, len(f0_hz) * HOP)
    # where sin(x) is nearly zero the last bit of the phase decides between two branches
    assert np.mean(np.abs(ours - trained_on) > 1e-3) < 1e-3
    assert np.abs(ours).max() > 0.5


def test_pieces_of_the_source_join(f0_hz):
    source = HarmonicSource(f0_hz, RATE, HOP)
    np.testing.assert_array_equal(source.samples(1234, 2345), source.samples(0, 3000)[1234:2345])


def test_outside_the_segment_there_is_silence(f0_hz):
    source = HarmonicSource(f0_hz, RATE, HOP)
    end = len(f0_hz) * HOP
    assert not source.samples(-500, 0).any()
    assert not source.samples(end, end + 500).any()
    assert len(source.samples(-100, 100)) == 200


def test_unvoiced_frames_are_silent(f0_hz):
    samples = HarmonicSource(f0_hz, RATE, HOP).samples(0, len(f0_hz) * HOP).reshape(-1, HOP)
    assert not samples[60:75].any()
    assert not samples[200:210].any()


def test_stretches_are_framed_as_in_training(f0_hz):
    source = HarmonicSource(f0_hz, RATE, HOP)
    wave = torch.from_numpy(source.samples(0, len(f0_hz) * HOP))
    frames = ShortFrames(N_FFT, STEP)
    analysed = frames.analyse(wave[None])[0].numpy()
    ours = np.fft.rfft(source.pieces(0, len(f0_hz), N_FFT, STEP) * frames.window.numpy())
    np.testing.assert_allclose(ours, analysed, atol=1e-3)
    np.testing.assert_array_equal(source.pieces(7, 9, N_FFT, STEP), source.pieces(0, 20, N_FFT, STEP)[21:27])


def test_noise_is_as_in_training_and_circular():
    bank = noise_bank(3000, N_FFT, STEP, seed=0)
    assert np.mean(np.hypot(bank[:, 20:180], bank[:, 221:381])) == pytest.approx(1.0, abs=0.02)
    frames = ShortFrames(N_FFT, STEP)
    analysed = frames.analyse(torch.randn(1, 300_000)) / (frames.window.square().sum() * torch.pi / 4).sqrt()
    assert float(analysed.abs()[:, :, 20:180].mean()) == pytest.approx(1.0, abs=0.02)

    def samples(index: int) -> np.ndarray:
        spectrum = bank[index % 3000]
        return np.fft.irfft(spectrum[:201] + 1j * spectrum[201:], N_FFT)

    window = np.hanning(N_FFT + 1)[:-1]
    for index in (10, 2999):  # neighbours share 300 samples, also across the end
        shared = slice(STEP + 20, N_FFT - 20), slice(20, N_FFT - STEP - 20)
        ours, next_ones = samples(index) / np.maximum(window, 1e-6), samples(index + 1) / np.maximum(window, 1e-6)
        np.testing.assert_allclose(ours[shared[0]], next_ones[shared[1]], atol=1e-3)


def test_noise_is_the_same_for_the_same_seed():
    np.testing.assert_array_equal(noise_bank(20, N_FFT, STEP, 3), noise_bank(20, N_FFT, STEP, 3))
    assert (noise_bank(20, N_FFT, STEP, 3) != noise_bank(20, N_FFT, STEP, 4)).any()


@pytest.mark.parametrize("cuts", [[], [1], [3, 4, 30], list(range(1, 40))])
def test_overlap_add_is_the_one_of_training_however_it_is_cut(cuts):
    frames = np.random.default_rng(0).standard_normal((40, N_FFT)).astype(np.float32)
    transform = ShortFrames(N_FFT, STEP)
    spectrum = torch.fft.rfft(torch.from_numpy(frames))
    expected = transform.synthesise(spectrum[None])[0].numpy()
    windowed = frames * (transform.window.numpy() / 1.5)
    join = OverlapAdd(N_FFT, STEP)
    pieces = [join.add(part) for part in np.split(windowed, cuts)]
    np.testing.assert_allclose(np.concatenate([*pieces, join.finish()]), expected, atol=1e-5)
