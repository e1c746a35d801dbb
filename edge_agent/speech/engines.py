"""Loaded voices, one at a time, with the fall-back to the processor."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from edge_agent.errors import EdgeAgentError
from edge_agent.synthesis import Engine, Runtime, SynthesisError, load_engine
from edge_agent.synthesis.runtime import CPU
from edge_agent.voices import VoiceInfo

log = logging.getLogger(__name__)

RETRY_S = 30.0
"""How long a voice that could not be loaded is left alone."""


class Engines:
    """Gives out the engine of a voice, keeping the last one loaded. Thread-safe.

    Args:
        provider: ``auto``, ``cuda`` or ``cpu``, see :class:`Runtime`.
        threads: processor threads for the model.
        on_change: told (voice, engine, or None with the reason) after each load; runs in the caller's thread.
        load: makes an engine of a voice's folder.
    """

    def __init__(
        self, provider: str, threads: int, on_change: Callable[[VoiceInfo, Engine | None, str | None], None] = lambda *_: None,
        load: Callable[[Path, Runtime], Engine] = load_engine,
    ) -> None:
        self._provider, self._threads, self._on_change, self._load_engine = provider, threads, on_change, load
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._failed: tuple[str, float, str] | None = None

    def get(self, voice: VoiceInfo) -> Engine:
        """The engine of ``voice``, loaded if need be.

        Raises:
            SynthesisError: it cannot be loaded; tried again at the earliest half a minute later.
        """
        with self._lock:
            if self._engine is not None and self._engine.pack_digest == voice.digest:
                return self._engine
            if self._failed and self._failed[0] == voice.digest and time.monotonic() - self._failed[1] < RETRY_S:
                raise SynthesisError(self._failed[2])
            return self._load(voice, self._provider)

    def fall_back(self, voice: VoiceInfo, error: SynthesisError) -> Engine:
        """The same voice on the processor, after its provider failed with ``error``; this lasts until the program starts anew.

        Raises:
            SynthesisError: it is on the processor already, or cannot be loaded there either.
        """
        with self._lock:
            if self._engine is None or self._engine.provider == CPU:
                raise SynthesisError(f"voice {voice.id} fails on the processor: {error}") from error
            log.error("engine falls back voice=%s provider=%s error=%r", voice.id, self._engine.provider, str(error))
            self._provider = "cpu"
            return self._load(voice, "cpu")

    def close(self) -> None:
        with self._lock:
            if self._engine is not None:
                self._engine.close()
                self._engine = None

    def _load(self, voice: VoiceInfo, provider: str) -> Engine:
        started = time.monotonic()
        try:
            engine = self._load_engine(Path(voice.folder), Runtime(provider, self._threads))
        except EdgeAgentError as error:
            reason = f"voice {voice.id} cannot be loaded: {error}"
            self._failed = (voice.digest, time.monotonic(), reason)
            self._on_change(voice, None, reason)
            raise SynthesisError(reason) from error
        # The one before is not closed: the synthesis thread may be speaking with it. It goes with the last reference.
        self._engine, self._failed = engine, None
        log.info("engine loaded voice=%s provider=%s seconds=%.2f", voice.id, engine.provider, time.monotonic() - started)
        self._on_change(voice, engine, None)
        return engine
