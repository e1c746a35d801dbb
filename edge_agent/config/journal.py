"""The durable inbox."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_agent.config.section import Section
from edge_agent.journal.store import RESERVE_BYTES, RETENTION_S

MIB = 1024 * 1024


class JournalSection(Section):
    """The durable inbox, in paths.state_dir."""

    retention_days: Annotated[float, Field(gt=0, le=366)] = RETENTION_S / 86_400
    """How long the ids of finished announcements are remembered, so that the same one is not spoken again."""
    reserve_mib: Annotated[int, Field(ge=1, le=1024)] = RESERVE_BYTES // MIB
    """Free disk space below which no announcement is accepted, so that those accepted can be finished."""

    @property
    def retention_s(self) -> float:
        return self.retention_days * 86_400

    @property
    def reserve_bytes(self) -> int:
        return self.reserve_mib * MIB
