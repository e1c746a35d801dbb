"""The answer to a request that cannot be an announcement."""

from __future__ import annotations

import json
from typing import Any

from edge_agent.errors import EdgeAgentError

_SHOWN_CHARS = 40


class Rejected(EdgeAgentError):
    """A request was refused before it was kept; nothing else is affected.

    ``field`` is the JSON field (or ``payload``, ``content_type``, ``correlation``, ``expiry_s``), ``problem`` and
    ``allowed`` are the two halves of ``reason``, which is one sentence fit for the requester. ``id`` and ``reply_to``
    are set when they could be read in spite of the problem, so that the answer finds whoever asked.
    """

    def __init__(
        self, field: str, problem: str, allowed: str, *, id: str | None = None, reply_to: str | None = None
    ) -> None:
        self.field = field
        self.problem = problem
        self.allowed = allowed
        self.reason = f"{field} {problem}; allowed: {allowed}"
        self.id = id
        self.reply_to = reply_to
        super().__init__(self.reason)

    def detail(self) -> dict[str, Any]:
        """The fields a ``rejected`` event carries beside its id."""
        return {"reason": self.reason, "field": self.field, "allowed": self.allowed}


def show(value: object) -> str:
    """Render a value from the wire for a message: quoted, escaped and short, whatever it was."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"
