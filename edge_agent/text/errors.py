"""What can be wrong with a text that was sent to be spoken."""

from __future__ import annotations

from edge_agent.errors import EdgeAgentError


class TextError(EdgeAgentError):
    """A text cannot be spoken as it stands. `position` is a character offset into it, where one is known."""

    def __init__(self, message: str, *, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


class NothingSpeakable(TextError):
    """After normalisation no word is left: empty, only punctuation, emoji or control characters."""


class SsmlError(TextError):
    """Markup outside the supported subset, or not well formed. `line` and `column` count from 1."""

    def __init__(self, message: str, *, line: int, column: int, position: int | None = None) -> None:
        super().__init__(f"line {line}, column {column}: {message}", position=position)
        self.line = line
        self.column = column
