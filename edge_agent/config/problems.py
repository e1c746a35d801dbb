"""What is wrong with a configuration, said so that it can be put right without reading the source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edge_agent.errors import EdgeAgentError


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from: a file (then with its line), an environment variable, a credential, or the default."""

    source: str
    line: int | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


DEFAULT = Origin("default")


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault. ``message`` never shows a secret's value; ``key`` is ``section.key``, or empty for a whole file."""

    key: str
    message: str
    origin: Origin

    def __str__(self) -> str:
        return f"{self.origin}: {self.key} {self.message}" if self.key else f"{self.origin}: {self.message}"


class ConfigError(EdgeAgentError):
    """Carries every fault found, in the order of their places."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda each: (each.origin.source, each.origin.line or 0)))
        super().__init__("\n".join(map(str, self.problems)))

    @classmethod
    def of_file(cls, path: Path, message: str, line: int | None = None) -> ConfigError:
        """A file that cannot be used at all."""
        return cls([Problem("", message, Origin(str(path), line))])
