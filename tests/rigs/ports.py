"""TCP ports of loopback that nobody else will take, neither another worker of this test run nor an outgoing connection."""

from __future__ import annotations

import itertools
import os
import socket
from contextlib import ExitStack

_FIRST, _PER_WORKER = 20_000, 1500
"""Below 32768, where Linux begins to give ports to outgoing connections."""

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_candidates = itertools.cycle(range(_FIRST + _PER_WORKER * _worker, _FIRST + _PER_WORKER * (_worker + 1), 2))


def free_port() -> int:
    """A port nobody listens on; the one after it is free too."""
    for port in itertools.islice(_candidates, _PER_WORKER // 2):
        with ExitStack() as stack:
            try:
                for each in (port, port + 1):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", each))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no free port in the {_PER_WORKER} from {_FIRST + _PER_WORKER * _worker} on")
