"""Notices gradients that are finite and yet beyond all measure: the weights they lead to are lost as surely as by NaN."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Sequence

MEMORY = 200
LEAST = 40
"""Norms to know before one is called large: a stage's first steps are no measure."""

FACTOR = 50.0
PATIENCE = 8
"""Clipping takes care of a single bad batch; this many in a row are no accident."""


class GradientWatch:
    """Compares each norm with the median of the recent ones."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=MEMORY)
        self._in_a_row = 0

    @property
    def suspicious(self) -> bool:
        """Whether the last norm was out of proportion."""
        return self._in_a_row > 0

    @property
    def exploded(self) -> bool:
        return self._in_a_row >= PATIENCE

    @property
    def usual(self) -> float:
        """Median of the recent norms, 0 while there are none."""
        return statistics.median(self._recent) if self._recent else 0.0

    def see(self, norm: float) -> None:
        """Take note of a step's gradient norm, which must be finite."""
        if len(self._recent) >= LEAST and norm > FACTOR * self.usual:
            self._in_a_row += 1
        else:
            self._in_a_row = 0
            self._recent.append(norm)

    def forget(self) -> None:
        """Begin anew: another stage has other losses."""
        self._recent.clear()
        self._in_a_row = 0

    def state(self) -> list[float]:
        """For a checkpoint; none is written while :attr:`suspicious`."""
        return list(self._recent)

    def restore(self, state: Sequence[float]) -> None:
        self.forget()
        self._recent.extend(state)
