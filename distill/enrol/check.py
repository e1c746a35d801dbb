"""All recordings of one voice judged together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from distill.enrol import reverberation
from distill.enrol.errors import EnrolmentError
from distill.enrol.limits import LIMITS, Verdict
from distill.enrol.look import Findings, look
from distill.enrol.measures import Measure, judged, of_recording
from distill.enrol.recording import Recording
from distill.enrol.speakers import MOST_WINDOWS, Voices, VoiceVector, compare, spread
from distill.evaluate.listeners import LISTENING_RATE

FORMAT = "voice-enrolment/1"


@dataclass(frozen=True, slots=True)
class Quality:
    """The answer. ``per_recording`` holds each recording's own measures, ``together`` those of all; ``vector`` is the
    voice, unit-norm float32 [256], None if it was not asked for or there is too little speech."""

    findings: tuple[Findings, ...]
    per_recording: tuple[tuple[Measure, ...], ...]
    together: tuple[Measure, ...]
    vector: NDArray[np.float32] | None

    @property
    def verdict(self) -> Verdict:
        return max(measure.verdict for _, measure in self.worst())

    @property
    def several_speakers(self) -> bool:
        """Whether another voice than the owner's is in it for certain."""
        return any(measure.name == "one_speaker" and measure.verdict is Verdict.FAIL for measure in self.together)

    def worst(self) -> list[tuple[Findings | None, Measure]]:
        """A line a measure: of those a recording has the worst one with its recording, of the others None with it."""
        lines: dict[str, tuple[Findings | None, Measure]] = {measure.name: (None, measure) for measure in self.together}
        for found, measures in zip(self.findings, self.per_recording, strict=True):
            for measure in measures:
                if measure.name not in lines or _badness(measure) > _badness(lines[measure.name][1]):
                    lines[measure.name] = (found, measure)
        return [lines[name] for name in LIMITS if name in lines]

    def to_json(self) -> dict[str, Any]:
        """What ``enrol.json`` holds."""
        recordings = []
        for found, measures in zip(self.findings, self.per_recording, strict=True):
            recording = found.recording
            recordings.append({
                "file": recording.path.name,
                "sha256": recording.sha256,
                "seconds": round(recording.seconds, 3),
                "speech_s": round(found.speech_s, 2),
                "sample_rate": recording.sample_rate,
                "channels": recording.channels,
                "channel_used": found.channel,
                "coding": f"{recording.container} {recording.coding}",
                "f0_median_hz": None if found.f0_median_hz is None else round(found.f0_median_hz, 1),
                "measures": {measure.name: measure.to_json() for measure in measures},
            })  # fmt: skip
        return {
            "format": FORMAT,
            "verdict": self.verdict.word,
            "measures": {measure.name: measure.to_json() for measure in self.together},
            "recordings": recordings,
        }


def check(
    paths: Sequence[Path],
    *,
    voice: VoiceVector | None,
    n_syllables: int | None = None,
    progress: Callable[[Iterable[Recording]], Iterable[Recording]] = iter,
) -> Quality:
    """Judge the recordings of one voice.

    Args:
        paths: sound files.
        voice: tells voices apart; None leaves the voice's vector and the question of several speakers out.
        n_syllables: how many the transcript of all of them has; None if there is no transcript.
        progress: wraps the recordings while they are read.

    Raises:
        RecordingError: one of them cannot be judged at all.
        EnrolmentError: there is none, or one was given twice.
    """
    recordings = [Recording.open(path) for path in paths]
    if not recordings:
        raise EnrolmentError("no recording was given")
    first: dict[str, Path] = {}
    for recording in recordings:
        if recording.sha256 in first:
            raise EnrolmentError(f"{recording.path} is the same recording as {first[recording.sha256]}: give each once")
        first[recording.sha256] = recording.path
    findings = tuple(look(recording) for recording in progress(recordings))
    voices = None if voice is None else _voices(findings, voice)
    together = list(_together(findings, n_syllables))
    if voice is not None:
        together.append(_one_speaker(voices))
    return Quality(findings, tuple(tuple(of_recording(found)) for found in findings), tuple(together), voices.vector if voices else None)


def _together(findings: Sequence[Findings], n_syllables: int | None) -> Iterable[Measure]:
    seconds = sum(found.recording.seconds for found in findings)
    speech_s = sum(found.speech_s for found in findings)
    heard = sum(found.n_syllables for found in findings)
    yield judged("speech", speech_s, total_s=round(seconds, 1))
    yield judged("silence", 100 * max(1 - speech_s / seconds, 0.0))
    yield judged("rate", heard / speech_s if heard and speech_s else None, syllables=heard)
    room = reverberation.estimate(np.concatenate([found.decays for found in findings]))
    if room is None:
        yield judged("reverberation", None)
    else:
        note = f"{room.low_s:.2f} to {room.high_s:.2f} s"
        if room.rt60_s < reverberation.SHORTEST_S:
            note = f"below {reverberation.SHORTEST_S} s it cannot be told from the voice"
        yield judged(
            "reverberation", room.rt60_s, note=note, low_s=round(room.low_s, 3), high_s=round(room.high_s, 3), decays=room.decays
        )
    if n_syllables is not None:
        yield judged("transcript", 100 * heard / n_syllables, note=f"{heard} of {n_syllables}")


def _voices(findings: Sequence[Findings], voice: VoiceVector) -> Voices | None:
    places = [(found, *window) for found in findings for window in found.windows]
    return compare(np.array([_vector(voice, *place) for place in spread(places, MOST_WINDOWS)], np.float32).reshape(-1, 256))


def _vector(voice: VoiceVector, found: Findings, start_s: float, seconds: float) -> NDArray[np.float32]:
    wave = found.recording.excerpt(start_s, seconds)[:, found.channel]
    return voice.vector(soxr.resample(wave, found.recording.sample_rate, LISTENING_RATE).astype(np.float32))


def _one_speaker(voices: Voices | None) -> Measure:
    if voices is None:
        return judged("one_speaker", None)
    measure = judged("one_speaker", voices.likeness, windows=len(voices.other), other_windows=int(voices.other.sum()))
    if measure.verdict is Verdict.OK:
        return measure
    note = f"{voices.other.sum()} of {len(voices.other)} passages are unlike the rest"
    return judged("one_speaker", voices.likeness, note=note, **measure.detail)


def _badness(measure: Measure) -> tuple[int, float]:
    """Verdict first, then how far the value is from the good ones or how near to their edge."""
    limit = LIMITS[measure.name]
    if measure.value is None:
        return (measure.verdict, 0.0)
    return (measure.verdict, max(limit.good[0] - measure.value, measure.value - limit.good[1]))
