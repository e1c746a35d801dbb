"""A changed configuration while the daemon speaks: what takes effect at once, and what waits for a restart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.config import Config
from edge_agent.config.model import SECTIONS

LIVE: Mapping[str, frozenset[str]] = {
    "announcement": frozenset(SECTIONS["announcement"].model_fields) - {"max_waiting"},
    "audio": frozenset({"device", "sample_rate_hz", "buffer_ms", "loudness_lufs"}),
    "cache": frozenset({"prewarm_file"}),
    "log": frozenset({"level"}),
    "policy": frozenset(SECTIONS["policy"].model_fields),
}
"""Keys by section that need no restart. A changed audio device is used from the next opening on: what plays, plays to its end."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The difference of two configurations, as ``section.key``, sorted.

    ``config`` is the old one with the live changes made, which is what the daemon runs on after a reload.
    """

    config: Config
    live: tuple[str, ...]
    at_restart: tuple[str, ...]

    def summary(self) -> str:
        """One line for a person."""
        if not self.live and not self.at_restart:
            return "configuration read again, nothing has changed"
        parts = [f"changed {', '.join(self.live)}"] if self.live else []
        if self.at_restart:
            parts.append(f"a restart is needed for {', '.join(self.at_restart)}")
        return f"configuration read again: {'; '.join(parts)}"


def compare(old: Config, new: Config) -> Changes:
    """What has changed from ``old``, which the daemon runs on, to ``new``, which was read just now."""
    live, at_restart, sections = [], [], {}
    for name, model in SECTIONS.items():
        before, after = getattr(old, name), getattr(new, name)
        changed = [key for key in model.model_fields if getattr(before, key) != getattr(after, key)]
        taken = [key for key in changed if key in LIVE.get(name, ())]
        live += [f"{name}.{key}" for key in taken]
        at_restart += [f"{name}.{key}" for key in changed if key not in taken]
        if taken:
            sections[name] = before.model_copy(update={key: getattr(after, key) for key in taken})
    return Changes(old.model_copy(update=sections), tuple(sorted(live)), tuple(sorted(at_restart)))
