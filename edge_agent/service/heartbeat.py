"""Proof that a thread is going round its loop; the watchdog is fed only while every thread gives it."""

from __future__ import annotations

import time
from collections.abc import Callable


class Heartbeat:
    """One thread beats, any thread reads.

    There is no lock: the only state is one float, and Python stores and loads an attribute atomically. A heart that has
    not beaten yet is as old as its construction, so a thread that never starts is noticed too.
    """

    __slots__ = ("_last", "_monotonic", "limit_s", "name")

    def __init__(self, name: str, limit_s: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """``limit_s`` is the longest pause that is still normal; ``monotonic`` is for tests."""
        self.name = name
        self.limit_s = limit_s
        self._monotonic = monotonic
        self._last = monotonic()

    def beat(self) -> None:
        self._last = self._monotonic()

    def age_s(self) -> float:
        """Seconds since the last beat."""
        return self._monotonic() - self._last

    def alive(self) -> bool:
        return self.age_s() <= self.limit_s
