"""What can be wrong with a pattern."""

from __future__ import annotations

from edge_agent.errors import EdgeAgentError


class TemplateError(EdgeAgentError):
    """A pattern is not a template. ``column`` counts its characters from 1; ``number`` its place in a list, from 1."""

    def __init__(self, reason: str, pattern: str, column: int = 1, number: int | None = None) -> None:
        place = f"template {number}, " if number is not None else ""
        super().__init__(f"{place}column {column} of {pattern!r}: {reason}")
        self.reason = reason
        self.pattern = pattern
        self.column = column
        self.number = number


class TemplateListError(EdgeAgentError):
    """Every fault of a list of patterns at once."""

    def __init__(self, errors: tuple[TemplateError, ...]) -> None:
        super().__init__("\n".join(map(str, errors)))
        self.errors = errors
