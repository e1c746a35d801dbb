"""What is remembered of voices that were loaded once: with their files damaged, their recordings can still be found."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from edge_agent import state_file
from edge_agent.voices.card import VoiceInfo

FILE = "voices.json"
_LAST = ""
"""No voice's id: which of them was loaded last."""


class VoiceMemory:
    """``voices.json`` in ``state_dir``. What in it makes no sense is forgotten."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / FILE

    def keep(self, voice: VoiceInfo) -> None:
        """
        Raises:
            OSError: it cannot be written.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        state_file.write(self._path, {**self._facts(), voice.id: asdict(voice), _LAST: {"last": voice.id}})

    def recall(self, voice_id: str | None) -> VoiceInfo | None:
        """A voice, or with None the one that was loaded last; None if it was not loaded here."""
        facts = self._facts()
        try:
            found = facts[voice_id if voice_id is not None else facts[_LAST]["last"]]
            return VoiceInfo(**{**found, "languages": tuple(found["languages"])})
        except (KeyError, TypeError):
            return None

    def forget(self, voice_id: str) -> bool:
        """Whether there was something to forget.

        Raises:
            OSError: it may still be there.
        """
        facts = self._facts()
        if not facts:
            self._path.unlink(missing_ok=True)  # it may be what makes no sense
            return False
        if facts.pop(voice_id, None) is None:
            return False
        if facts.get(_LAST) == {"last": voice_id}:
            del facts[_LAST]
        state_file.write(self._path, facts)
        return True

    def _facts(self) -> dict[str, Any]:
        try:
            facts = state_file.read(self._path)
        except (OSError, ValueError, RecursionError):
            return {}
        return facts or {}
