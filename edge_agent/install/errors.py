"""Why nothing was laid out or taken away."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge_agent.errors import EdgeAgentError


class InstallError(EdgeAgentError):
    """Nothing was changed."""


class Conflict(InstallError):
    """Files of somebody else stand where ours belong."""

    def __init__(self, paths: Sequence[Path]) -> None:
        super().__init__(f"not ours, and in the way: {', '.join(map(str, paths))}; move them away, or give --force to replace them")
        self.paths = tuple(paths)


class NotInstalled(InstallError):
    """There is no manifest."""

    def __init__(self, prefix: Path) -> None:
        super().__init__(f"nothing is installed in {prefix}")
        self.prefix = prefix


class Outside(InstallError):
    """A link would have us write or delete outside of the prefix."""

    def __init__(self, path: Path, prefix: Path) -> None:
        super().__init__(f"{path} leads out of {prefix}")
        self.path = path
