"""Proof that a thread is going round its loop; the watchdog is fed only while every thread gives it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path


class Heartbeat:
    """One thread beats, any thread reads.

    There is no lock: the only state is one float, and Python stores and loads an attribute atomically. A heart that has
    not beaten yet is as old as its construction, so a thread that never starts is noticed too. The first beat gives the
    kernel the thread's name, so that ``top -H`` shows who is at work.
    """

    __slots__ = ("_last", "_monotonic", "_named", "limit_s", "name")

    def __init__(self, name: str, limit_s: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """``limit_s`` is the longest pause that is still normal; ``monotonic`` is for tests."""
        self.name = name
        self.limit_s = limit_s
        self._monotonic = monotonic
        self._last = monotonic()
        self._named = False

    def beat(self) -> None:
        self._last = self._monotonic()
        if not self._named:
            self._named = True
            _name_thread(self.name)

    def age_s(self) -> float:
        """Seconds since the last beat."""
        return self._monotonic() - self._last

    def alive(self) -> bool:
        return self.age_s() <= self.limit_s


def _name_thread(name: str) -> None:
    """Python does it by itself from 3.14 on. The main thread's name is the process's, and without /proc there is nobody to tell."""
    if threading.current_thread() is not threading.main_thread():
        with contextlib.suppress(OSError):
            Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text(name[:15])
