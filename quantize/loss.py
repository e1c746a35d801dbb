"""How much worse than float32 a variant reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from distill.evaluate import spectrum
from quantize.reading import Reading, Voice


@dataclass(frozen=True, slots=True)
class Loss:
    """Against float32, over sentences.

    ``spectral_db``: log-spectral distance with the same durations, source and noise, mean over sentences; ``worst_db``:
    of the worst sentence; ``durations``: share of phonemes whose duration rounds to another 25 ms unit; ``f0_cents``:
    RMS of the F0 deviation where both are voiced; ``voicing``: share of frames voiced in only one.
    """

    spectral_db: float
    worst_db: float
    durations: float
    f0_cents: float
    voicing: float


def measure(voice: Voice, references: Sequence[Reading], sample_rate: int) -> Loss:
    """Let ``voice`` follow the float32 ``references``."""
    distances, moved, cents, flipped = [], [], [], []
    for reference in references:
        reading = voice.read(reference.phonemes, reference)
        distances.append(distance_db(reference, reading, sample_rate))
        moved.append(reading.units != reference.units)
        voiced, both = reference.f0_hz > 0, (reference.f0_hz > 0) & (reading.f0_hz > 0)
        cents.append(1200 * np.log2(reading.f0_hz[both] / reference.f0_hz[both]))
        flipped.append(voiced != (reading.f0_hz > 0))
    all_cents = np.concatenate(cents)
    return Loss(
        float(np.mean(distances)),
        float(np.max(distances)),
        float(np.concatenate(moved).mean()),
        float(np.sqrt(np.mean(all_cents**2))) if len(all_cents) else 0.0,
        float(np.concatenate(flipped).mean()),
    )


def distance_db(reference: Reading, reading: Reading, sample_rate: int) -> float:
    """Log-spectral distance of two readings of the same durations."""
    levels = [spectrum.band_levels(spectrum.power(each.wave, sample_rate), sample_rate) for each in (reference, reading)]
    return spectrum.log_spectral_distance(*levels)
