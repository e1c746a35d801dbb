"""How long each step from a request to its sound took."""

from __future__ import annotations

import time
from collections.abc import Callable

STAGES = ("journaled", "normalised", "first_pcm", "first_frame", "drained")
"""In order, after ``received``, from which all are counted."""


class Stages:
    """The stopwatch of one announcement. A stage reached twice (after an interruption) keeps its first time."""

    __slots__ = ("_monotonic", "_reached", "_received")

    def __init__(self, received_monotonic: float | None = None, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """``received_monotonic`` is when the request arrived, on the monotonic clock; now if None."""
        self._monotonic = monotonic
        self._received = monotonic() if received_monotonic is None else received_monotonic
        self._reached: dict[str, float] = {}

    def reach(self, stage: str) -> None:
        """Note that a stage was reached now.

        Raises:
            ValueError: there is no such stage.
        """
        if stage not in STAGES:
            raise ValueError(f"no stage {stage!r}; there are {', '.join(STAGES)}")
        self._reached.setdefault(stage, self._monotonic() - self._received)

    def seconds(self) -> dict[str, float]:
        """Seconds from ``received`` to each stage reached, for the event and the histogram."""
        return {"received": 0.0} | {stage: round(self._reached[stage], 6) for stage in STAGES if stage in self._reached}
