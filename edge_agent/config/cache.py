"""Recordings of phrases already spoken."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from edge_agent.config.section import Section

MIB = 1024 * 1024


class CacheSection(Section):
    """Recordings of phrases already spoken, in paths.cache_dir."""

    enabled: bool = True
    """Keep recordings at all."""
    budget_mib: Annotated[int, Field(ge=1, le=1_048_576)] = 512
    """The most that recordings may take; beyond it those unused for longest go, pinned ones never."""
    floor_mib: Annotated[int, Field(ge=0, le=1_048_576)] = 256
    """Free disk space that is left to the rest of the device."""
    prewarm_file: Path | None = Field(default=None, examples=["/etc/edge-agent/phrases.txt"])
    """Phrases to have ready, one a line (lines that begin with # are remarks); made when nothing else is to be done, and pinned."""

    @property
    def budget_bytes(self) -> int:
        return self.budget_mib * MIB

    @property
    def floor_bytes(self) -> int:
        return self.floor_mib * MIB
