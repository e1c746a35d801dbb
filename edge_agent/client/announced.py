"""What can be asked of an announcement without waiting, in both kinds of client."""

from __future__ import annotations

from typing import Any

from edge_agent.client.errors import NoAnswer
from edge_agent.client.followed import Followed


class Announced:
    """An announcement that the daemon has taken; ``answer`` is what it answered."""

    def __init__(self, followed: Followed, answer: dict[str, Any]) -> None:
        self._followed = followed
        self.duplicate: bool = answer.get("status") == "duplicate"
        """Whether the id was known already, so that this request changed nothing."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.outcome or 'not ended'}>"

    @property
    def id(self) -> str:
        return self._followed.id

    @property
    def outcome(self) -> str | None:
        """``played``, ``failed``, ``expired``, ``superseded``, ``cancelled`` or ``dropped``; None while it has not ended."""
        return self._followed.outcome

    @property
    def events(self) -> tuple[dict[str, Any], ...]:
        """The daemon's events about it so far."""
        return self._followed.events

    def _not_in_time(self, what: str, timeout_s: float | None) -> NoAnswer:
        return NoAnswer(f"announcement {self.id} has not {what} within {timeout_s:g} s", self.id)
