"""Speech made by rule, with everything known that an enrolment measures, and defects of a known size to add to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from scipy.signal import fftconvolve, lfilter

Wave = NDArray[np.float32]

RATE = 48_000
VOWELS = ((750, 1250, 2500), (300, 2200, 2900), (350, 800, 2300), (500, 1800, 2500), (550, 1000, 2400))
SYLLABLE_S = (0.06, 0.16)
"""Hiss, then vowel."""
PHRASE = 8
PAUSE_S = 0.6


@dataclass(frozen=True)
class Spoken:
    """``wave`` float32 [samples] at 48 kHz; ``talking`` [samples] is True while a syllable sounds."""

    wave: Wave
    talking: NDArray[np.bool_]
    n_syllables: int

    @property
    def level_db(self) -> float:
        return level_db(self.wave[self.talking])

    def with_wave(self, wave: Wave) -> Spoken:
        return Spoken(wave.astype(np.float32), self.talking, self.n_syllables)


@lru_cache(maxsize=8)
def speech(n_phrases: int = 8, *, base_hz: float = 130.0, noise_db: float = -75.0, seed: int = 0, pause_s: float = PAUSE_S) -> Spoken:
    """Phrases of eight syllables (hiss up to half the rate, then a vowel) with pauses of faint white noise."""
    rng = np.random.default_rng(seed)
    parts, talking = [silence(pause_s)], [False]
    for _ in range(n_phrases):
        for place in range(PHRASE):
            parts.append(_syllable(rng, base_hz * 2 ** (rng.uniform(-0.15, 0.15) - 0.03 * place)))
            talking.append(True)
        parts.append(silence(pause_s))
        talking.append(False)
    marks = np.concatenate([np.full(len(part), mark) for part, mark in zip(parts, talking, strict=True)])
    wave = np.concatenate(parts)
    wave *= 10 ** (-22 / 20) / np.sqrt(np.mean(wave[marks] ** 2))
    wave += 10 ** (noise_db / 20) * rng.standard_normal(len(wave)).astype(np.float32)
    return Spoken(wave.astype(np.float32), marks, n_phrases * PHRASE)


def _syllable(rng: np.random.Generator, f0_hz: float) -> Wave:
    hiss_n, vowel_n = (int(seconds * RATE) for seconds in SYLLABLE_S)
    hiss = lfilter([1, -0.95], [1], rng.standard_normal(hiss_n)) * 0.05 * np.hanning(hiss_n)
    glide = f0_hz * np.linspace(1.05, 0.93, vowel_n)
    pulses = np.diff(np.floor(np.cumsum(glide) / RATE), prepend=0.0) + 1e-3 * rng.standard_normal(vowel_n)
    vowel = lfilter([1, -1], [1, -0.97], pulses)
    for formant_hz, width_hz in zip(VOWELS[rng.integers(len(VOWELS))], (80, 100, 150), strict=True):
        radius = np.exp(-np.pi * width_hz / RATE)
        vowel = lfilter([1 - radius], [1, -2 * radius * np.cos(2 * np.pi * formant_hz / RATE), radius**2], vowel)
    envelope = np.minimum(1, np.minimum(np.arange(vowel_n), np.arange(vowel_n)[::-1]) / (0.025 * RATE))
    vowel = vowel / np.sqrt(np.mean(vowel**2)) * 0.3 * envelope
    return np.concatenate([hiss, vowel]).astype(np.float32)


def silence(seconds: float) -> Wave:
    return np.zeros(int(seconds * RATE), np.float32)


def level_db(wave: Wave) -> float:
    return float(10 * np.log10(np.mean(np.square(wave, dtype=np.float64))))


def noisy(spoken: Spoken, snr_db: float) -> Spoken:
    noise = np.random.default_rng(9).standard_normal(len(spoken.wave)) * 10 ** ((spoken.level_db - snr_db) / 20)
    return spoken.with_wave(spoken.wave + noise)


def clipped(spoken: Spoken, share: float, gain: float = 1.0) -> Spoken:
    """``share`` of the samples cut off, then turned down by ``gain``."""
    top = np.quantile(np.abs(spoken.wave), 1 - share)
    return spoken.with_wave(np.clip(spoken.wave, -top, top) * (0.9 / top) * gain)


def up_sampled(spoken: Spoken, rate: int) -> Spoken:
    """As if recorded at ``rate``."""
    wave = soxr.resample(soxr.resample(spoken.wave, RATE, rate), rate, RATE)
    return spoken.with_wave(np.pad(wave, (0, max(len(spoken.wave) - len(wave), 0)))[: len(spoken.wave)])


def humming(spoken: Spoken, mains_hz: float, below_speech_db: float, n_harmonics: int) -> Spoken:
    """Lines at ``mains_hz`` and its multiples, together ``below_speech_db`` under the speech."""
    time = np.arange(len(spoken.wave)) / RATE
    lines = sum(np.sin(2 * np.pi * mains_hz * k * time + k) / k for k in range(1, n_harmonics + 1))
    lines *= 10 ** ((spoken.level_db - below_speech_db) / 20) / np.sqrt(np.mean(lines**2))
    return spoken.with_wave(spoken.wave + lines)


def reverberant(spoken: Spoken, rt60_s: float, direct_db: float = 0.0) -> Spoken:
    """In a room whose sound decays by 60 dB in ``rt60_s``, the direct sound ``direct_db`` over all of the room's."""
    n = int(1.2 * rt60_s * RATE)
    room = np.random.default_rng(3).standard_normal(n) * 10 ** (-3 * np.arange(n) / RATE / rt60_s)
    room[: int(0.003 * RATE)] = 0
    room *= 10 ** (-direct_db / 20) / np.sqrt(np.sum(room**2))
    room[0] = 1
    wave = fftconvolve(spoken.wave, room)[: len(spoken.wave)]
    return spoken.with_wave(wave * 10 ** ((spoken.level_db - level_db(wave[spoken.talking])) / 20))


def joined(*parts: Spoken) -> Spoken:
    return Spoken(
        np.concatenate([part.wave for part in parts]),
        np.concatenate([part.talking for part in parts]),
        sum(part.n_syllables for part in parts),
    )


def write(path, wave, rate: int = RATE, **options):
    soundfile.write(path, wave, rate, **{"subtype": "PCM_24", **options})
    return path


class ByPitch:
    """Tells voices apart by their median F0: what GE2E does, for voices made by rule."""

    def vector(self, wave16k):
        from distill.evaluate import pitch

        f0 = pitch.track(wave16k, 16_000)
        if not (f0 > 0).any():
            return np.zeros(256, np.float32)
        gap = np.linspace(np.log(60), np.log(500), 256) - np.log(np.median(f0[f0 > 0]))
        vector = np.exp(-((gap / 0.4) ** 2))
        return (vector / np.linalg.norm(vector)).astype(np.float32)
