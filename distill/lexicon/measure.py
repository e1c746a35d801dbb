"""What reading English costs the daemon: time and resident memory."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from edge_agent.text.english import phonemes

_KNOWN = "Passengers for platform seven, please have your tickets and passports ready before boarding begins."
_UNKNOWN = "Passengers for Glorpish, please have your tickets and passports ready before boarding begins."
_N_RUNS = 200


@dataclass(frozen=True, slots=True)
class Cost:
    """Of reading one sentence over and over; the first time includes opening the data files."""

    sentence: str
    first_ms: float
    ms: float
    resident_mb: float
    """Resident memory of the process that reading this sentence added (Linux only)."""

    def __str__(self) -> str:
        return f"{self.ms:.2f} CPU-ms (first {self.first_ms:.0f}), +{self.resident_mb:.1f} MB resident: {self.sentence}"


def measure() -> list[Cost]:
    """Read a sentence of dictionary words, then one with a word that only the letter-to-sound model can read."""
    return [_cost(_KNOWN), _cost(_UNKNOWN)]


def _cost(sentence: str) -> Cost:
    resident_mb, started = _resident_mb(), time.process_time()
    phonemes(sentence)
    first_ms = 1000 * (time.process_time() - started)
    started = time.process_time()
    for _ in range(_N_RUNS):
        phonemes(sentence)
    ms = 1000 * (time.process_time() - started) / _N_RUNS
    return Cost(sentence, first_ms, ms, _resident_mb() - resident_mb)


def _resident_mb() -> float:
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
