"""Built-in sounds, made from struck tones, so that no recording has to be shipped or licensed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from edge_agent.playback.errors import PlaybackError
from edge_agent.playback.limiter import Limiter
from edge_agent.playback.loudness import TARGET_LUFS, gain_to, integrated_lufs, true_peak_dbtp
from edge_agent.playback.sink import PCM

_PASSES = 4
_CLOSE_ENOUGH = 0.01
_CEILING_DBTP = -1.5
_TAIL_S = 0.03


class UnknownChime(PlaybackError):
    """No chime has that name; ``known`` lists those that exist."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.known = names()
        super().__init__(f"unknown chime {name!r}; known are {', '.join(self.known)}")


@dataclass(frozen=True, slots=True)
class _Timbre:
    """Partials as (frequency ratio, amplitude, how much faster than the fundamental it dies away)."""

    partials: tuple[tuple[float, float, float], ...]
    attack_s: float


@dataclass(frozen=True, slots=True)
class _Note:
    """A tone struck ``at_s`` that falls to 1/e every ``decay_s`` and has ended after ``length_s``."""

    pitch_hz: float
    at_s: float
    length_s: float
    decay_s: float


_BELL = _Timbre(((1.0, 1.0, 1.0), (2.0, 0.45, 1.6), (3.01, 0.2, 2.4), (4.17, 0.1, 4.0)), attack_s=0.004)
_MARIMBA = _Timbre(((1.0, 1.0, 1.0), (3.93, 0.25, 4.0), (9.2, 0.05, 9.0)), attack_s=0.003)
_HORN = _Timbre(((1.0, 1.0, 1.0), (2.0, 0.5, 1.0), (3.0, 0.3, 1.0), (4.0, 0.12, 1.0)), attack_s=0.012)

_CHIMES: dict[str, tuple[_Timbre, tuple[_Note, ...]]] = {
    "chime": (_BELL, (_Note(784.0, 0.0, 1.2, 0.35),)),
    "dingdong": (_BELL, (_Note(659.3, 0.0, 1.2, 0.4), _Note(523.3, 0.55, 1.4, 0.45))),
    "attention": (
        _BELL,
        (
            _Note(392.0, 0.0, 1.0, 0.4),
            _Note(523.3, 0.28, 1.0, 0.4),
            _Note(659.3, 0.56, 1.0, 0.4),
            _Note(784.0, 0.84, 1.3, 0.45),
        ),
    ),
    "alarm": (
        _HORN,
        tuple(_Note(pitch_hz, 0.3 * beat, 0.28, 2.0) for beat, pitch_hz in enumerate((988.0, 740.0) * 3)),
    ),
    "success": (_MARIMBA, (_Note(523.3, 0.0, 0.5, 0.15), _Note(659.3, 0.11, 0.5, 0.15), _Note(1046.5, 0.22, 0.8, 0.22))),
    "error": (_HORN, (_Note(330.0, 0.0, 0.18, 0.5), _Note(233.1, 0.22, 0.45, 0.4))),
}


def names() -> list[str]:
    """The chimes there are."""
    return sorted(_CHIMES)


def render(name: str, sample_rate: int) -> PCM:
    """A chime at the loudness target, true peak below -1 dBTP: float32 mono [n_samples].

    Raises:
        UnknownChime: there is none of that name.
    """
    if name not in _CHIMES:
        raise UnknownChime(name)
    timbre, notes = _CHIMES[name]
    end_s = max(note.at_s + note.length_s for note in notes) + _TAIL_S
    sound = np.zeros(round(end_s * sample_rate))
    for note in notes:
        tone = _strike(timbre, note, sample_rate)
        start = round(note.at_s * sample_rate)
        sound[start : start + len(tone)] += tone
    return _normalised(sound, sample_rate)


def fit(pcm: PCM, sample_rate: int, wanted_rate: int) -> PCM:
    """A recorded sound, float32 mono [n_samples], as :func:`render` would give it: at ``wanted_rate`` Hz, at the loudness target."""
    if sample_rate != wanted_rate:
        pcm = soxr.resample(pcm, sample_rate, wanted_rate, quality="HQ")
    return _normalised(pcm, wanted_rate)


def _strike(timbre: _Timbre, note: _Note, sample_rate: int) -> NDArray[np.float64]:
    t = np.arange(round(note.length_s * sample_rate)) / sample_rate
    tone = np.zeros(len(t))
    for ratio, amplitude, damping in timbre.partials:
        if note.pitch_hz * ratio < 0.45 * sample_rate:
            tone += amplitude * np.exp(-t * damping / note.decay_s) * np.sin(2 * np.pi * note.pitch_hz * ratio * t)
    release_s = min(0.05, note.length_s / 4)
    return tone * np.clip(t / timbre.attack_s, 0, 1) * np.clip((note.length_s - t) / release_s, 0, 1)


def _normalised(sound: NDArray[np.floating], sample_rate: int) -> PCM:
    pcm = sound.astype(np.float32)
    for _ in range(_PASSES):  # what the limiter takes away is asked for again
        gain = gain_to(integrated_lufs(pcm, sample_rate), TARGET_LUFS)
        if abs(gain - 1) < _CLOSE_ENOUGH:
            break
        pcm = pcm * np.float32(gain)
        if true_peak_dbtp(pcm) > _CEILING_DBTP:
            limiter = Limiter(sample_rate, _CEILING_DBTP)
            pcm = np.concatenate((limiter.process(pcm), limiter.flush()))
    return pcm
