"""Whether the device does all it should, and if not, what is missing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

State = Literal["online", "degraded", "offline"]


class Health:
    """Collects what is wrong from every part. Thread-safe.

    ``on_change`` is called by whichever thread changed something; it asks :meth:`state` for the news, which then can never be
    older than what another thread told before.
    """

    def __init__(self, on_change: Callable[[], None] | None = None) -> None:
        self._lock = threading.Lock()
        self._faults: dict[str, str] = {}
        self._on_change = on_change

    def degrade(self, part: str, why: str) -> None:
        """``part`` (``audio``, ``engine``, ``cache`` ...) does not do all it should, for a reason a person understands."""
        with self._lock:
            changed = self._faults.get(part) != why
            self._faults[part] = why
        if changed:
            self._tell()

    def recover(self, part: str) -> None:
        """``part`` is well again."""
        with self._lock:
            changed = self._faults.pop(part, None) is not None
        if changed:
            self._tell()

    def note(self, part: str, why: str | None) -> None:
        """:meth:`degrade` or, without a reason, :meth:`recover`."""
        if why is None:
            self.recover(part)
        else:
            self.degrade(part, why)

    def state(self) -> tuple[State, list[str]]:
        """``online`` or ``degraded``, and every reason as ``part: why``."""
        with self._lock:
            why = [f"{part}: {reason}" for part, reason in sorted(self._faults.items())]
        return ("degraded" if why else "online"), why

    def _tell(self) -> None:
        if self._on_change is not None:
            self._on_change()
