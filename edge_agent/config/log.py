"""What is written to the log."""

from __future__ import annotations

from typing import Literal

from edge_agent.config.section import Section


class LogSection(Section):
    """What is written to the log, on standard error or to the journal."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important lines to write. Announcements' texts appear at debug only."""
