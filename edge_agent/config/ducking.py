"""Other programs' sound while speech plays."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from edge_agent.config.section import Section


class DuckingSection(Section):
    """Lower other programs' sound while speech plays.

    It can be done where the other programs play through PulseAudio or PipeWire (each of them is lowered), or where they play
    through the ALSA device "music" of firmware_configs/alsa/asound.conf (its softvol control is lowered). Programs that open a
    sound card directly cannot be lowered, nor can those in an ALSA dmix without that control.
    """

    backend: Literal["off", "pulse", "alsa"] = "off"
    """pulse: by PulseAudio or PipeWire's stand-in for it. alsa: by a softvol control."""
    level: Annotated[float, Field(ge=0, le=1)] = 0.5
    """What others are lowered to, as a part of their own volume setting; half of it is 18 dB less, a quarter of the loudness."""
    ramp_ms: Annotated[int, Field(ge=0, le=2_000)] = 150
    """How long lowering and raising take."""
    hold_ms: Annotated[int, Field(ge=0, le=10_000)] = 400
    """How long to wait for a next announcement before raising."""
    pulse_server: str | None = Field(default=None, examples=["unix:/run/user/1000/pulse/native"])
    """The PulseAudio server; found as any client finds it unless set."""
    alsa_card: Annotated[str, Field(min_length=1, max_length=256)] = "default"
    """The ALSA control device that has the control, such as hw:0."""
    alsa_control: Annotated[str, Field(min_length=1, max_length=43, pattern=r"^[^',\"]+$")] = "Music"
    """The name of the softvol control, as the ALSA configuration gives it."""
