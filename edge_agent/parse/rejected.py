"""The answer to a request that cannot be an announcement."""

from __future__ import annotations

import enum
import json
from typing import Any

from edge_agent.errors import EdgeAgentError

_SHOWN_CHARS = 40


class Refusal(str, enum.Enum):
    """What kind of fault it was, for whoever counts; what exactly was wrong is in the sentence."""

    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    """Not the bytes, the JSON or the frames of a request."""
    FIELD = "field"
    """A field is unknown, missing or out of its range."""
    UNAUTHORISED = "unauthorised"
    """The key was revoked, or answers may not go where they are wanted."""
    UNSPEAKABLE = "unspeakable"
    """This device has not the voice, the chime or the words."""
    BUSY = "busy"
    INTERNAL = "internal"
    """A defect of this program."""


class Rejected(EdgeAgentError):
    """A request was refused before it was kept; nothing else is affected.

    ``field`` is the JSON field (or ``payload``, ``content_type``, ``correlation``, ``expiry_s``), ``problem`` and
    ``allowed`` are the two halves of ``reason``, which is one sentence fit for the requester. ``id`` and ``reply_to``
    are set when they could be read in spite of the problem, so that the answer finds whoever asked.
    """

    def __init__(
        self, field: str, problem: str, allowed: str, *, kind: Refusal = Refusal.FIELD, id: str | None = None, reply_to: str | None = None
    ) -> None:
        self.field = field
        self.problem = problem
        self.allowed = allowed
        self.kind = kind
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
