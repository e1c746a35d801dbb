"""A value with its verdict, and the values that one recording has."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from distill.enrol.limits import LIMITS, Verdict
from distill.enrol.look import Findings

BITS = {
    "PCM_U8": 8, "PCM_S8": 8, "ULAW": 8, "ALAW": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "FLOAT": 32, "DOUBLE": 64,
    "ALAC_16": 16, "ALAC_20": 20, "ALAC_24": 24, "ALAC_32": 32,
}  # fmt: skip
LOSSY_BITS = 16
"""What lossy formats are decoded to; every format not in :data:`BITS` is lossy."""

NO_HUM_DB = -120.0


@dataclass(frozen=True, slots=True)
class Measure:
    """``value`` in the limit's unit, None where nothing could be measured; ``detail`` holds what it was made of."""

    name: str
    value: float | None
    verdict: Verdict
    note: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def advice(self) -> str:
        """What to do, empty if all is well."""
        limit = LIMITS[self.name]
        return "" if self.verdict is Verdict.OK else limit.unknown if self.value is None else limit.advice

    @property
    def shown(self) -> str:
        """The value for people, with its unit and note."""
        limit = LIMITS[self.name]
        value = "not measured" if self.value is None else f"{self.value:.{limit.decimals}f} {limit.unit}".rstrip()
        return f"{value} ({self.note})" if self.note else value

    def to_json(self) -> dict[str, Any]:
        limit = LIMITS[self.name]
        return {
            "value": None if self.value is None else round(self.value, 6),
            "unit": limit.unit,
            "verdict": self.verdict.word,
            "good": [bound if math.isfinite(bound) else None for bound in limit.good],
            "usable": [bound if math.isfinite(bound) else None for bound in limit.usable],
            "note": self.note,
            "advice": self.advice,
            "detail": self.detail,
        }


def judged(name: str, value: float | None, *, note: str = "", at_least: Verdict = Verdict.OK, **detail: Any) -> Measure:
    """``value`` against the limit ``name``; ``at_least`` is for faults the value itself does not show."""
    return Measure(name, value, max(LIMITS[name].judge(value), at_least), note, detail)


def of_recording(found: Findings) -> Iterator[Measure]:
    """Everything one recording can spoil."""
    recording, facts = found.recording, found.facts
    yield judged("sample_rate", float(recording.sample_rate))
    yield _bandwidth(found)
    lossy = recording.coding not in BITS
    yield judged(
        "coding", float(BITS.get(recording.coding, LOSSY_BITS)), at_least=Verdict.WARN if lossy else Verdict.OK,
        note=f"{recording.container} {recording.coding}{', lossy' if lossy else ''}",
    )
    yield judged("level", found.speech_db, peak=round(facts.peak, 4))
    runs = f"{facts.clipped_runs} flat crests" if facts.clipped_runs else ""
    yield judged("clipping", 100 * facts.clipped_share, note=runs, runs=facts.clipped_runs)
    yield judged(
        "snr", found.snr_db, note=f"{found.gated:.0%} of the pauses are digital silence" if found.gated > 0.5 else "",
        speech_percentiles_db=found.speech_percentiles_db, noise_percentiles_db=found.noise_percentiles_db,
    )
    yield _hum(found)
    yield judged("dc", 100 * abs(facts.dc))
    minutes = recording.seconds / 60
    yield judged("dropouts", facts.dropouts / minutes, note=f"{facts.dropouts} in all" if facts.dropouts else "")
    if found.correlation is not None:
        unlike = found.correlation < LIMITS["channels"].good[0]
        note = "one is silent" if found.other_silent else "reversed polarity" if found.correlation < -0.5 else ""
        yield judged("channels", found.correlation, note=note or ("unlike" if unlike else ""), used=found.channel)


def _bandwidth(found: Findings) -> Measure:
    band = found.bandwidth
    if band is None:
        return judged("bandwidth", None)
    half = found.recording.sample_rate / 2
    note = f"cut off, although the sampling rate has room up to {half:.0f} Hz: coded or up-sampled" if band.cut else ""
    return judged(
        "bandwidth", float(band.top_hz), note=note, at_least=Verdict.WARN if band.cut else Verdict.OK,
        edge_db=round(band.edge_db, 1), cut=band.cut,
    )


def _hum(found: Findings) -> Measure:
    hum = found.hum
    if hum is None or found.speech_db is None:
        return judged("hum", None)
    if not hum.lines_hz:
        return judged("hum", NO_HUM_DB, note="none found", lines_hz=[])
    lines = ", ".join(map(str, hum.lines_hz))
    return judged("hum", hum.level_db - found.speech_db, note=f"{hum.mains_hz} Hz mains: {lines} Hz", lines_hz=list(hum.lines_hz))
