"""One recording from end to end, reduced to what the measures need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from distill.enrol.activity import find_activity
from distill.enrol.bandwidth import Bandwidth, find_bandwidth
from distill.enrol.frames import SILENT_DB, Frames
from distill.enrol.hum import Hum, LowBand, find_hum
from distill.enrol.recording import Recording
from distill.enrol.reverberation import find_decays
from distill.enrol.samples import Channel, ChannelFacts, Stereo
from distill.enrol.speakers import windows
from distill.enrol.syllables import Voicing, find_nuclei

FEWEST_PAUSE_FRAMES = 24
PERCENTILES = (10, 50, 90)
PICTURE_POINTS = 600


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found in one recording; a few kilobytes, while the recording may be hours.

    Levels in dB of full scale, over frames of 25 ms; None where there was nothing to measure. ``channel`` is the louder
    one, which everything else was measured on; ``correlation`` is None for mono. ``gated`` is the part of the pauses that
    is digital silence. ``decays`` [n] in s as of :mod:`distill.enrol.reverberation`. ``windows`` (start, length) in s are
    where the voice can be told. ``timeline_db`` [at most 600] is the highest level of each equal part.
    """

    recording: Recording
    channel: int
    facts: ChannelFacts
    correlation: float | None
    other_silent: bool
    speech_s: float
    speech_db: float | None
    snr_db: float | None
    speech_percentiles_db: list[float]
    noise_percentiles_db: list[float]
    gated: float
    bandwidth: Bandwidth | None
    hum: Hum | None
    decays: NDArray[np.float64]
    n_syllables: int
    f0_median_hz: float | None
    windows: list[tuple[float, float]]
    timeline_db: NDArray[np.float32]


def look(recording: Recording) -> Findings:
    """Read the recording twice, a block at a time: its samples, then its sound.

    Raises:
        RecordingError: it is damaged.
    """
    facts, correlation = _samples(recording)
    channel = int(np.argmax([each.power for each in facts]))
    frames, low, voicing = (kind(recording.sample_rate) for kind in (Frames, LowBand, Voicing))
    for block in recording.blocks():
        wave = np.ascontiguousarray(block[:, channel])
        for collector in (frames, low, voicing):
            collector.add(wave)
    levels, bands = frames.levels_db, frames.bands_db
    activity = find_activity(levels)
    noise = levels[activity.pause]
    audible = noise[noise > SILENT_DB + 10]
    speech_db = _mean_db(levels[activity.speech])
    enough = len(audible) >= FEWEST_PAUSE_FRAMES and len(audible) >= len(noise) / 2
    f0 = voicing.f0_hz(len(levels))
    nuclei = find_nuclei(bands, f0, activity)
    voiced = f0[(f0 > 0) & activity.active]
    return Findings(
        recording=recording,
        channel=channel,
        facts=facts[channel],
        correlation=correlation,
        other_silent=len(facts) == 2 and facts[1 - channel].power < 1e-4 * facts[channel].power,
        speech_s=activity.speech_s,
        speech_db=speech_db,
        snr_db=_snr_db(speech_db, float(np.median(audible))) if enough and speech_db is not None else None,
        speech_percentiles_db=_percentiles(levels[activity.active]),
        noise_percentiles_db=_percentiles(noise),
        gated=1 - len(audible) / len(noise) if len(noise) else 0.0,
        bandwidth=find_bandwidth(bands, activity, recording.sample_rate),
        hum=find_hum(low.wave()),
        decays=find_decays(bands),
        n_syllables=len(nuclei),
        f0_median_hz=float(np.median(voiced)) if len(voiced) else None,
        windows=windows(activity.speech),
        timeline_db=_timeline(levels),
    )


def _samples(recording: Recording) -> tuple[list[ChannelFacts], float | None]:
    """The facts of each channel, and the correlation of two."""
    channels = [Channel(recording.sample_rate) for _ in range(recording.channels)]
    stereo = Stereo()
    for block in recording.blocks():
        for number, channel in enumerate(channels):
            channel.add(np.ascontiguousarray(block[:, number]))
        if recording.channels == 2:
            stereo.add(block)
    return [channel.facts() for channel in channels], stereo.correlation if recording.channels == 2 else None


def _mean_db(levels_db: NDArray[np.float32]) -> float | None:
    return float(10 * np.log10(np.mean(10 ** (levels_db.astype(np.float64) / 10)))) if len(levels_db) else None


def _snr_db(both_db: float, noise_db: float) -> float:
    """Noise lies under the speech, too: it is taken out of the level of both."""
    ratio = 10 ** ((both_db - noise_db) / 10) - 1
    return float(10 * np.log10(max(ratio, 1e-3)))


def _percentiles(levels_db: NDArray[np.float32]) -> list[float]:
    return [round(float(value), 1) for value in np.percentile(levels_db, PERCENTILES)] if len(levels_db) else []


def _timeline(levels_db: NDArray[np.float32]) -> NDArray[np.float32]:
    parts = np.array_split(levels_db, min(PICTURE_POINTS, len(levels_db))) if len(levels_db) else []
    return np.array([part.max() for part in parts], np.float32)
