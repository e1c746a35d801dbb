"""The port to other programs' volumes, and what it remembers on disk."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from edge_agent import state_file
from edge_agent.errors import EdgeAgentError

log = logging.getLogger(__name__)


class MixerError(EdgeAgentError):
    """Others' volumes cannot be read or set now; says what to do."""


class Mixer(Protocol):
    """Used by one thread. All methods may raise :class:`MixerError`."""

    @property
    def lowered(self) -> bool:
        """Whether something may be lower than its own volume, if only because :meth:`set` failed half-way. Never raises."""
        ...

    def recover(self) -> None:
        """Undo what an earlier run of the daemon was killed before undoing."""

    def set(self, part: float) -> None:
        """Set everything others play to a part (0..1) of its own volume, newcomers too. What a person has changed meanwhile is left
        alone. What is lowered already is never lowered twice."""

    def restore(self) -> None:
        """Give everything its own volume back, and forget it."""

    def close(self) -> None:
        """Let go; never raises."""


class Memory:
    """What was lowered and how loud it was, written down before it is lowered, so that a crash can be undone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, values: Mapping[str, Any]) -> None:
        """Replace what is remembered.

        Raises:
            MixerError: it cannot be written; then nothing must be lowered.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            state_file.write(self._path, values)
        except OSError as error:
            raise MixerError(f"{self._path} cannot be written: {error.strerror or error}; nothing is lowered") from error

    def recall(self) -> dict[str, Any] | None:
        """What an earlier run left; None if it left nothing (or nothing that can be read)."""
        try:
            return state_file.read(self._path)
        except (OSError, ValueError) as error:
            log.error("ducking memory unreadable path=%s error=%r", self._path, str(error))
            return None

    def forget(self) -> None:
        """All is as it was."""
        try:
            state_file.remove(self._path)
        except OSError as error:
            log.error("ducking memory not removed path=%s error=%r", self._path, str(error))
