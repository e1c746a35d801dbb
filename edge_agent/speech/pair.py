"""The engine that speaks, and the one that was prepared to follow it."""

from __future__ import annotations

import threading

from edge_agent.synthesis import Engine


class Pair:
    """Either may be missing. Thread-safe; nothing here takes long, so that what is loaded can be had while something else loads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._speaks: Engine | None = None
        self._follows: Engine | None = None

    @property
    def speaks(self) -> Engine | None:
        return self._speaks

    def find(self, digest: str) -> Engine | None:
        """The engine of a voice, whichever of the two it is."""
        with self._lock:
            return self._find(digest)

    def take(self, digest: str) -> Engine | None:
        """:meth:`find`; the one that followed becomes the one that speaks."""
        with self._lock:
            if self._follows is not None and self._follows.pack_digest == digest:
                # The one before is not closed: the synthesis thread may be speaking with it. It goes with the last reference.
                self._speaks, self._follows = self._follows, None
            return self._find(digest)

    def put(self, engine: Engine) -> None:
        """Have it speak."""
        with self._lock:
            self._speaks = engine

    def put_alone(self, engine: Engine) -> None:
        """Have it speak, and none follow."""
        with self._lock:
            self._speaks, self._follows = engine, None

    def put_beside(self, engine: Engine) -> None:
        """Have it follow, or speak where none does."""
        with self._lock:
            if self._speaks is None:
                self._speaks = engine
            else:
                self._follows = engine

    def replace(self, old: Engine, new: Engine) -> None:
        """Put one in another's place, if that has one."""
        with self._lock:
            if self._speaks is old:
                self._speaks = new
            elif self._follows is old:
                self._follows = new

    def drop(self, voice_id: str) -> None:
        """Forget a voice; whoever speaks with it still has it."""
        with self._lock:
            if self._speaks is not None and self._speaks.voice_id == voice_id:
                self._speaks = None
            if self._follows is not None and self._follows.voice_id == voice_id:
                self._follows = None

    def close(self) -> None:
        with self._lock:
            for engine in (self._speaks, self._follows):
                if engine is not None:
                    engine.close()
            self._speaks = self._follows = None

    def _find(self, digest: str) -> Engine | None:
        return next((each for each in (self._speaks, self._follows) if each is not None and each.pack_digest == digest), None)
