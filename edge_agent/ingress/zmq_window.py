"""How much of what peers send is let through to the core at a time."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

FORGET_AFTER_S = 0.25
"""A request not answered by then waits for a disk that is full; others, a stop above all, go past it."""


class Window:
    """Requests that the core has and has not answered. Thread-safe.

    Args:
        at_once: with so many under way, no more are read.
        most: with so many unanswered, however long ago they were sent, further ones are refused.
    """

    def __init__(self, *, at_once: int, most: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._at_once, self._most, self._monotonic = at_once, most, monotonic
        self._numbers = itertools.count()
        self._since: dict[int, float] = {}

    @property
    def wait_s(self) -> float:
        """How long to read nothing more; 0 when there is room."""
        recent = sorted(self._since.values(), reverse=True)[: self._at_once]
        if len(recent) < self._at_once:
            return 0.0
        return max(0.0, recent[-1] + FORGET_AFTER_S - self._monotonic())

    @property
    def full(self) -> bool:
        """Whether so many are unanswered that the next one is to be refused."""
        return len(self._since) >= self._most

    def enter(self) -> int:
        """A request goes to the core; returns its number."""
        number = next(self._numbers)
        self._since[number] = self._monotonic()
        return number

    def leave(self, number: int) -> None:
        """It was answered."""
        self._since.pop(number, None)
