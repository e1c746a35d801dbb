"""TCP ports of loopback that nobody else will take, neither another process of these tests nor an outgoing connection."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache

_FIRST, _PER_PROCESS, _N_PROCESSES = 20_000, 1500, 8
"""Below 32768, where Linux begins to give ports to outgoing connections."""


def free_port() -> int:
    """A port nobody listens on; the one after it is free too."""
    _, candidates = _claimed()
    for port in itertools.islice(candidates, _PER_PROCESS // 2):
        with ExitStack() as stack:
            try:
                for each in (port, port + 1):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", each))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no free port in the {_PER_PROCESS} of this process")


@cache
def _claimed() -> tuple[socket.socket, Iterator[int]]:
    """Ports that are this process's for as long as it lives: so long it has the address that stands for them."""
    for number in range(_N_PROCESSES):
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0edge-agent-tests-ports-{number}")
        except OSError:
            claim.close()
            continue
        first = _FIRST + _PER_PROCESS * number
        return claim, itertools.cycle(range(first, first + _PER_PROCESS, 2))
    raise RuntimeError(f"{_N_PROCESSES} processes run these tests already")
