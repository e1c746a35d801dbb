"""What is asked of a recording, in one place: each measure's limits, and one sentence on what to do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

INF = math.inf


class Verdict(IntEnum):
    """The worst of several is their maximum."""

    OK = 0
    WARN = 1
    FAIL = 2

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Limit:
    """``good`` and ``usable`` are closed intervals: inside the first is ok, outside the second is a failure.

    ``advice`` says what to do about a value out of ``good``; ``unknown`` what to do where there was nothing to measure
    (then the verdict is ``unknown_verdict``). ``per_recording`` tells what one recording spoils from what all together show.
    """

    name: str
    label: str
    unit: str
    decimals: int
    good: tuple[float, float]
    usable: tuple[float, float]
    advice: str
    unknown: str = ""
    unknown_verdict: Verdict = Verdict.WARN
    per_recording: bool = True

    def judge(self, value: float | None) -> Verdict:
        if value is None:
            return self.unknown_verdict
        if self.good[0] <= value <= self.good[1]:
            return Verdict.OK
        return Verdict.WARN if self.usable[0] <= value <= self.usable[1] else Verdict.FAIL

    @property
    def wanted(self) -> str:
        """``good`` for people: ``at least 35 dB``."""
        low, high = (f"{bound:.{self.decimals}f}" for bound in self.good)
        unit = f" {self.unit}" if self.unit else ""
        if self.good[1] == INF:
            return f"at least {low}{unit}"
        return f"at most {high}{unit}" if self.good[0] == -INF else f"{low} to {high}{unit}"


LIMITS = {
    limit.name: limit
    for limit in (
        Limit(
            "speech", "speech in all recordings", "s", 0, (300, INF), (30, INF),
            "Record more: ten minutes of varied sentences make a voice, half a minute is the least.", per_recording=False,
        ),
        Limit(
            "sample_rate", "sampling rate", "Hz", 0, (24_000, INF), (16_000, INF),
            "Record at 48000 Hz; converting an existing file to a higher rate brings nothing back.",
        ),
        Limit(
            "bandwidth", "speech reaches up to", "Hz", 0, (10_000, INF), (7_000, INF),
            "Record anew with a wide-band microphone straight to WAV or FLAC, not over a telephone, Bluetooth or a call.",
            "Nothing that sounds like speech was found.", Verdict.FAIL,
        ),
        Limit(
            "coding", "sample format", "bit", 0, (16, INF), (8, INF),
            "Export the original as 16 or 24-bit WAV or FLAC; lossy and 8-bit files teach the voice their artefacts.",
        ),
        Limit(
            "level", "speech level", "dBFS", 1, (-36, -12), (-50, -6),
            "Set the gain so that speech is around -23 dBFS and its peaks stay below -3 dBFS.",
            "Nothing that sounds like speech was found.", Verdict.FAIL,
        ),
        Limit(
            "clipping", "clipped samples", "%", 3, (0, 0.002), (0, 0.1),
            "Turn the gain down and record the clipped passages again; turning a clipped file down does not mend it.",
        ),
        Limit(
            "snr", "speech over noise", "dB", 1, (35, INF), (20, INF),
            "Move closer to the microphone, switch fans off, close windows; noise removal afterwards harms the voice.",
            "The pauses are missing or hold digital silence, so noise cannot be seen: leave half a second between "
            "sentences, and no noise gate on.",
        ),
        Limit(
            "hum", "mains hum against speech", "dB", 1, (-INF, -50), (-INF, -35),
            "Use a balanced cable, another socket or a battery, and keep the microphone away from power supplies.",
            "Too short to tell hum from a voice: give at least ten seconds.",
        ),
        Limit(
            "dc", "DC offset", "%", 2, (0, 1), (0, 10),
            "Have the sound card or its cable checked, or high-pass the recording at 20 Hz.",
        ),
        Limit(
            "dropouts", "gaps torn into speech", "per minute", 1, (0, 0), (0, 2),
            "Record again with a larger buffer and no other program running.",
        ),
        Limit(
            "channels", "likeness of the two channels", "", 2, (0.5, 1), (-1, 1),
            "Export the one microphone as mono; two unlike channels are two microphones or one with reversed polarity.",
        ),
        Limit(
            "silence", "pauses", "%", 0, (5, 50), (0, 80),
            "Leave half a second between sentences, and cut away longer silence.", per_recording=False,
        ),
        Limit(
            "rate", "syllables in a second of speech", "/s", 1, (2.5, 6.5), (1.5, 8.5),
            "Read at the pace of an announcement, about four syllables a second.",
            "No syllables were found: is this speech?", Verdict.FAIL, per_recording=False,
        ),
        Limit(
            "reverberation", "the room rings for (RT60)", "s", 2, (-INF, 0.4), (-INF, 0.8),
            "Record in a room with carpet, curtains and a full wardrobe, a hand's breadth from the microphone.",
            "Too few clear ends of sentences to hear the room: leave half a second between sentences.", per_recording=False,
        ),
        Limit(
            "one_speaker", "likeness of the least like passages", "", 2, (0.85, 1), (0.75, 1),
            "Cut out everybody but the voice's owner, and record in one room at one distance.",
            "Too little speech to compare passages: give at least a quarter of a minute.", per_recording=False,
        ),
        Limit(
            "transcript", "syllables heard of those written", "%", 0, (75, 120), (50, 160),
            "Check that the transcript belongs to these recordings and is complete.", per_recording=False,
        ),
    )
}  # fmt: skip
