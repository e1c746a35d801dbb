"""Voices from a USB stick."""

from __future__ import annotations

from typing import Literal

from edge_agent.config.section import Section


class UsbSection(Section):
    """What a technician hears who brings voices on a USB stick."""

    languages: tuple[Literal["zh", "en"], ...] = ("zh", "en")
    """The languages in which the result is said, in this order; none for silence."""
