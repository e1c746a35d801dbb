"""How a command of the workstation ends."""

from __future__ import annotations

import sys
from collections.abc import Callable

from edge_agent.errors import EdgeAgentError

INTERRUPTED = 130
"""Exit status after Ctrl-C, as of a shell."""


def carried_out(program: str, action: Callable[[], int | None]) -> int:
    """The exit status of ``action``: its own, 1 if it failed, with the reason in one line on standard error, 130 after Ctrl-C."""
    try:
        return action() or 0
    except (EdgeAgentError, OSError) as error:  # a full disk or a folder of somebody else's is told by Python well enough
        sys.stderr.write(f"{program}: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write(f"{program}: interrupted; say it again to finish\n")
        return INTERRUPTED
