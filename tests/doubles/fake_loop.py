"""The part of an event loop that the core uses, in simulated time."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable
from typing import Any

from tests.doubles.fake_sink import ScriptedClock


class Handle:
    """A call to come, as :meth:`asyncio.loop.call_later` returns it."""

    def __init__(self, action: Callable[[], None]) -> None:
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        self.action = None


class FakeLoop:
    """Runs what is due when :meth:`run_due` is called, in the order asyncio would."""

    def __init__(self, clock: ScriptedClock) -> None:
        self._clock = clock
        self._ready: deque[Callable[[], None]] = deque()
        self._timers: list[tuple[float, int, Handle]] = []
        self._numbers = itertools.count()

    def call_soon_threadsafe(self, callback: Callable[..., None], *arguments: Any) -> None:
        self._ready.append(lambda: callback(*arguments))

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Handle:
        handle = Handle(callback)
        heapq.heappush(self._timers, (self._clock.monotonic() + delay_s, next(self._numbers), handle))
        return handle

    def run_due(self) -> bool:
        """Run what is due; whether anything was."""
        while self._timers and self._timers[0][0] <= self._clock.monotonic():
            handle = heapq.heappop(self._timers)[2]
            if handle.action is not None:
                self._ready.append(handle.action)
        if not self._ready:
            return False
        while self._ready:
            self._ready.popleft()()
        return True

    def next_at(self) -> float:
        """When the next timer is due, monotonic; infinity if there is none."""
        while self._timers and self._timers[0][2].action is None:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else float("inf")
