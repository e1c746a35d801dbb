"""Recording refusals without letting whoever can publish fill the disk."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from edge_agent.errors import EdgeAgentError
from edge_agent.voices.store import Store

MAX_AN_HOUR = 20


class Refusals:
    """Writes refusals into the store's audit log, so many an hour at most; those beyond are in the program's log only. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at: list[float] = []

    def record(self, store: Store, error: EdgeAgentError, by: str) -> None:
        now = time.monotonic()
        with self._lock:
            self._at = [at for at in self._at if now - at < 3600]
            if len(self._at) >= MAX_AN_HOUR:
                return
            self._at.append(now)
        with suppress(EdgeAgentError):
            store.record_refusal(error, by=by)
