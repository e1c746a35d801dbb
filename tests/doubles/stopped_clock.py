"""A clock that moves when told to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class StoppedClock:
    """``time`` is the time of day, in seconds since the Unix epoch, and the monotonic one."""

    time: float

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time
