"""What can go wrong when a voice is scored."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

from edge_agent.errors import EdgeAgentError


class EvaluationError(EdgeAgentError):
    """A system, a sentence set or a result file cannot be used."""


class MissingExtra(EvaluationError):
    """A scorer's packages or files are not on this machine; ``missing`` names them."""

    def __init__(self, message: str, missing: Sequence[str]) -> None:
        super().__init__(message)
        self.missing = tuple(missing)


def require(scorer: str, packages: Sequence[str]) -> None:
    """Check that ``packages`` (import names) can be imported, without importing them.

    Raises:
        MissingExtra: naming every one that cannot, and the two ways out.
    """
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtra(
            f"{scorer} needs {', '.join(missing)}: install the extra (pip install 'edge-voice-agent[score]') or leave the "
            f"scorer out (--without {scorer})",
            missing,
        )
