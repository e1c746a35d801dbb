"""What can go wrong when asking for speech."""

from __future__ import annotations

from typing import Any

from edge_agent.errors import EdgeAgentError


class SpeechError(EdgeAgentError):
    """The base of all that a client raises."""


class BadKeys(SpeechError):
    """The client's key file is missing, unsafe or garbled, or goes with another kind of address."""


class NoAnswer(SpeechError, TimeoutError):
    """Nothing was heard in time.

    With ``id``, it is about that announcement, which may be spoken all the same: say it again with the same id, which never speaks
    it twice, or cancel it.
    """

    def __init__(self, message: str, id: str | None = None) -> None:
        self.id = id
        super().__init__(message)


class Refused(SpeechError):
    """The daemon would not do it; ``answer`` is all it said, ``field`` the field that was wrong, if one was."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.field: str | None = answer.get("field")
        super().__init__(str(answer.get("reason", "refused")))


class Rejected(Refused):
    """An announcement was refused; nothing will be spoken."""
