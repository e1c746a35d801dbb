"""What a store is made of besides its folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.voices.store import seal
from edge_agent.voices.store.traces import Trace

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Settings:
    """``canary`` loads the voice in a folder, has it speak, and raises if that is not what it should say; ``traces`` are what
    else must go with a voice; ``reserved`` ids belong to voices that ship with the program; ``device`` names this device in
    receipts; ``memory`` is a folder in memory for opened voices.
    """

    canary: Callable[[Path], None]
    traces: Sequence[Trace] = ()
    quota_bytes: int = 2 * GIB
    reserved: frozenset[str] = frozenset()
    device: str = "unnamed"
    memory: Path = field(default_factory=seal.memory_folder)
