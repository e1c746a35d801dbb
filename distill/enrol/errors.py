"""What can go wrong when a recording is looked at."""

from __future__ import annotations

from pathlib import Path

from edge_agent.errors import EdgeAgentError


class EnrolmentError(EdgeAgentError):
    """A voice cannot be enrolled: a recording, an option or the output folder stands against it."""


class RecordingError(EnrolmentError):
    """``path`` is not a recording that can be judged."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path} {problem}")
        self.path, self.problem = path, problem
