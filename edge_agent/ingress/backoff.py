"""How long to wait before knocking at a broker's door again."""

from __future__ import annotations

import random


class Backoff:
    """Full jitter: a uniform draw below a doubling ceiling, so that a fleet does not return all at once.

    After a refusal that only a person can end (a wrong password), the wait is in the upper half of the longest ceiling at once.
    """

    def __init__(self, cap_s: float = 30.0, *, first_s: float = 0.5, rng: random.Random | None = None) -> None:
        self._cap_s = cap_s
        self._first_s = first_s
        self._rng = rng or random.Random()
        self._failures = 0

    def reset(self) -> None:
        """Forget past failures; called when a connection has proved stable, not when it was merely made."""
        self._failures = 0

    def next_s(self, *, refused: bool = False) -> float:
        """Seconds to wait now."""
        if refused:
            return self._rng.uniform(self._cap_s / 2, self._cap_s)
        # Beyond 2**30 the ceiling is the cap for any sensible setting; the bound keeps the float from overflowing.
        ceiling_s = min(self._cap_s, self._first_s * 2 ** min(self._failures, 30))
        self._failures += 1
        return self._rng.uniform(0, ceiling_s)
