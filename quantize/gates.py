"""What a voice must satisfy to be built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from distill.evaluate.bootstrap import Interval
from edge_agent.synthesis.golden import TOLERANCE_DB
from quantize.hearing import ALL
from quantize.loss import Loss

MAX_BYTES = 15_000_000
MAX_SPECTRAL_DB = 0.4
"""Below what a vocoder of this kind loses by changing nothing but the order of its float additions (0.5 to 1.3 dB)."""
MAX_DURATIONS = 0.05
MAX_F0_CENTS = 15.0
MAX_VOICING = 0.01
MAX_MOS_LOSS = 0.02
MAX_RECOGNITION_LOSS = 1.0


@dataclass(frozen=True, slots=True)
class Gate:
    """One bound; passed if ``value`` is at most ``limit``, both in ``unit``.

    A ``value`` known only within ``bounds``, low and high, fails if even the low one is beyond the limit.
    """

    name: str
    value: float
    limit: float
    unit: str
    bounds: tuple[float, float] | None = None

    @property
    def passed(self) -> bool:
        return (self.value if self.bounds is None else self.bounds[0]) <= self.limit


def size_gate(n_bytes: int) -> Gate:
    """All files of the voice together."""
    return Gate("voice folder", n_bytes / 1e6, MAX_BYTES / 1e6, "MB")


def loss_gates(variant: str, loss: Loss) -> list[Gate]:
    """What eight bits may cost against float32."""
    return [
        Gate(f"{variant}: log-spectral distance", loss.spectral_db, MAX_SPECTRAL_DB, "dB"),
        Gate(f"{variant}: durations changed", 100 * loss.durations, 100 * MAX_DURATIONS, "%"),
        Gate(f"{variant}: F0 deviation", loss.f0_cents, MAX_F0_CENTS, "cents"),
        Gate(f"{variant}: voicing changed", 100 * loss.voicing, 100 * MAX_VOICING, "%"),
    ]


def golden_gate(variant: str, difference_db: float) -> Gate:
    """Half of what a device allows, so that a right processor passes there with room to spare."""
    return Gate(f"{variant}: golden phrase", difference_db, TOLERANCE_DB / 2, "dB")


def hearing_gates(losses: Mapping[str, Interval]) -> list[Gate]:
    """``losses`` against float32 as :func:`quantize.hearing.losses` gives them.

    DistillMOS of one sentence moves by 0.1 to 0.2 either way when nothing is audible, so the mean over the 40 of a language is
    known to 0.02 or 0.03 only, which is the limit itself: as a plain bound it would be a throw of dice. A language fails if its
    loss is beyond the limit with confidence; the mean over all languages, known better, must keep the limit as it stands. That
    one cannot be passed by listening to less.
    """
    found = []
    for name, loss in losses.items():
        limit = MAX_MOS_LOSS if name.startswith("DistillMOS") else MAX_RECOGNITION_LOSS
        uncertain = name.startswith("DistillMOS") and name != ALL
        found.append(Gate(f"{name} loss", loss.value, limit, "points", (loss.low, loss.high) if uncertain else None))
    return found
