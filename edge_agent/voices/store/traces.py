"""What a voice leaves behind outside the store, and how it is removed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge_agent.voices.memory import VoiceMemory
from edge_agent.voices.store import disk

_DIGEST_CHARS = 32
_KERNELS = "cuda"
"""Where CUDA keeps what it compiled; nothing in it comes from a voice."""


class Trace(Protocol):
    """Something made with a voice."""

    name: str

    def erase(self, voice_id: str) -> int:
        """Remove all of it; how many things that were. Doing it again does no harm.

        Raises:
            EdgeAgentError, OSError: some of it is still there.
        """
        ...

    def tidy(self) -> None:
        """Remove what no installed voice can use any more.

        Raises:
            EdgeAgentError, OSError: some of it is still there.
        """
        ...


@dataclass(frozen=True, slots=True)
class Phrases:
    """Recordings in the phrase cache. ``clear`` deletes those of a voice, pinned ones too."""

    clear: Callable[[str], int]
    name: str = "phrases"

    def erase(self, voice_id: str) -> int:
        return self.clear(voice_id)

    def tidy(self) -> None:
        """The least recently used go by themselves."""


@dataclass(frozen=True, slots=True)
class EngineCache:
    """Compiled models, which hold a voice's weights, in folders named by the beginning of its digest. All go but those of the
    digests that ``kept`` gives: what is not known to belong to another voice may belong to this one."""

    folder: Path
    kept: Callable[[], Collection[str]]
    name: str = "engine_cache"

    def erase(self, voice_id: str) -> int:
        spared = {digest[:_DIGEST_CHARS] for digest in self.kept()} | {_KERNELS}
        doomed = [path for path in self.folder.iterdir() if path.name not in spared] if self.folder.is_dir() else []
        for path in doomed:
            disk.remove_tree(path)
        return len(doomed)

    def tidy(self) -> None:
        self.erase("")


@dataclass(frozen=True, slots=True)
class Downloads:
    """Packs on their way here, in part or whole. All go: what is not known to belong to another voice may belong to this one, and the
    others are fetched anew."""

    folder: Path
    name: str = "downloads"

    def erase(self, voice_id: str) -> int:
        doomed = list(self.folder.iterdir()) if self.folder.is_dir() else []
        for path in doomed:
            disk.remove_tree(path)
        return len(doomed)

    def tidy(self) -> None:
        """Who fetches them knows which are still wanted."""


@dataclass(frozen=True, slots=True)
class Memory:
    """The facts of voices that were loaded once."""

    memory: VoiceMemory
    name: str = "memory"

    def erase(self, voice_id: str) -> int:
        return int(self.memory.forget(voice_id))

    def tidy(self) -> None:
        """It holds what was spoken, for when files are damaged."""
