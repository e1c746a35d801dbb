"""What can be measured of a teacher that gives nothing but audio: pitch and energy on the student's grid."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from distill.evaluate import pitch
from distill.teachers.base import SAMPLES_PER_FRAME, TeacherError, Utterance, check
from edge_agent.text import TextError
from edge_agent.text.symbols import encode

SAMPLE_RATE = 24_000

N_FFT, WINDOW, N_MELS = 2048, 1200, 80
FLOOR = 1e-5

# Letters are about 70 ms each in both languages; stress marks, tone arrows and spaces have no length of their own.
SILENT_SYMBOLS = frozenset('ˈˌːʰ→↗↓↘ ,.!?;:—…"()“”')
SHORTEST_S, LONGEST_S = 0.03, 0.30
MARGIN_S = 1.5
"""For silence around speech and for pauses, beyond what the sounds take."""


def utterance(phonemes: str, wave: NDArray[np.float32], sample_rate: int) -> Utterance:
    """An :class:`Utterance` without durations of whatever a teacher said.

    Args:
        wave: float32 [samples] in -1..1, at any ``sample_rate``; it is resampled, and cut or padded to whole frames.

    Raises:
        TeacherError: silence, NaN, phonemes outside the alphabet, or too short or too long for them.
    """
    try:
        ids = np.array(encode(phonemes), np.int64)
    except TextError as error:
        raise TeacherError(f"{phonemes!r} cannot be said: {error}") from error
    if not np.isfinite(wave).all():
        raise TeacherError(f"audio of {phonemes!r} is not finite")
    _check_length(phonemes, len(wave) / sample_rate)  # first: a few samples at a rate of 1 Hz would become more than memory holds
    if sample_rate != SAMPLE_RATE:
        wave = soxr.resample(wave.astype(np.float32), sample_rate, SAMPLE_RATE, quality="VHQ").astype(np.float32)
    frames = len(wave) // SAMPLES_PER_FRAME
    wave = wave[: frames * SAMPLES_PER_FRAME]
    return check(
        Utterance(
            phonemes, ids, wave,
            f0_hz=pitch.track(wave, SAMPLE_RATE), energy=log_energy(wave),
        )
    )


def mel_power(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    """``wave`` [samples] at 24 kHz -> power in 80 mel bands, float32 [samples // 300, 80], the first centred on sample 0."""
    frames = len(wave) // SAMPLES_PER_FRAME
    window = np.zeros(N_FFT, np.float32)
    before = (N_FFT - WINDOW) // 2
    window[before : before + WINDOW] = np.hanning(WINDOW + 1)[:-1]
    padded = np.pad(wave, (N_FFT // 2, N_FFT // 2))
    pieces = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::SAMPLES_PER_FRAME][:frames]
    return (np.square(np.abs(np.fft.rfft(pieces * window))) @ _mel_bands()).astype(np.float32)


def log_energy(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    """``wave`` [samples] at 24 kHz -> natural log of the norm of the mel power, float32 [samples // 300].

    This is what Kokoro's own energy means: over real speech the two correlate by 0.99 with a slope of 1.02.
    """
    return np.log(np.linalg.norm(mel_power(wave) + FLOOR, axis=-1))


def _mel_bands() -> NDArray[np.float32]:
    """Triangles of height 1, equally wide in mel (HTK), float32 [N_FFT // 2 + 1, N_MELS]."""
    top = 2595 * np.log10(1 + SAMPLE_RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, N_MELS + 2) / 2595) - 1)
    bins = np.linspace(0, SAMPLE_RATE / 2, N_FFT // 2 + 1)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.clip(np.minimum(rising, falling), 0, None).astype(np.float32)


def _check_length(phonemes: str, seconds: float) -> None:
    sounds = sum(symbol not in SILENT_SYMBOLS for symbol in phonemes)
    low, high = SHORTEST_S * sounds, LONGEST_S * sounds + MARGIN_S
    if not low <= seconds <= high:
        raise TeacherError(f"{seconds:.2f} s for {sounds} sounds, expected {low:.2f} to {high:.2f} s: {phonemes!r}")
