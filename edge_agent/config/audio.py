"""The loudspeaker."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_agent.config.section import Section


class AudioSection(Section):
    """The loudspeaker, by ALSA."""

    device: Annotated[str, Field(min_length=1, max_length=256)] | None = Field(default=None, examples=["plughw:CARD=Device"])
    """The name of an ALSA device, or a part of it that no other has; ALSA's default unless set. See: edge-agent doctor."""
    sample_rate_hz: Annotated[int, Field(ge=8_000, le=192_000)] = 48_000
    """The rate to open the device at; where it refuses, its own rate is taken."""
    buffer_ms: Annotated[int, Field(ge=20, le=2_000)] = 64
    """The device's buffer; larger is safer on a busy machine, smaller falls silent sooner when interrupted."""
    loudness_lufs: Annotated[float, Field(ge=-40, le=-8)] = -16.0
    """The loudness (BS.1770) that every voice and chime is brought to."""
    lead_in_ms: Annotated[int, Field(ge=0, le=2_000)] = 150
    """Silence before the first sound after the device was opened, for converters that take a moment to wake up."""
    idle_close_s: Annotated[float, Field(ge=0, le=86_400)] = 5.0
    """The device is given back when nothing was played for so long."""
    volume: Annotated[float, Field(ge=0, le=1)] = 1.0
    """The device's volume at first start; the command "volume" changes it."""

    @property
    def buffer_s(self) -> float:
        return self.buffer_ms / 1000

    @property
    def lead_in_s(self) -> float:
        return self.lead_in_ms / 1000
