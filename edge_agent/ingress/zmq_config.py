"""Everything the ZeroMQ ingress must be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_agent import wire
from edge_agent.ingress.base import IngressError

LONGEST_PATH_BYTES = 107
"""What fits a Unix socket's address (sun_path, without its closing zero)."""


class InvalidZmqConfig(IngressError):
    """Carries every fault found: ``problems`` holds (key, what is wrong with it) pairs."""

    def __init__(self, problems: tuple[tuple[str, str], ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"zmq.{key} {problem}" for key, problem in problems))


@dataclass(frozen=True, slots=True)
class ZmqConfig:
    """Where to listen, and for whom.

    Whoever may write to the sockets in ``socket_dir`` (``socket_mode``, ``group``) may speak. Over TCP, at ``tcp_host``, only
    clients whose public keys ``keys_dir`` lists may; see :class:`edge_agent.ingress.zmq_keys.KeyRing`.

    Raises:
        InvalidZmqConfig: naming every bad key at once.
    """

    socket_dir: Path
    keys_dir: Path
    socket_mode: int = 0o660
    group: str | None = None
    tcp_host: str | None = None
    tcp_port: int = wire.TCP_PORT

    def __post_init__(self) -> None:
        if problems := tuple(self._problems()):
            raise InvalidZmqConfig(problems)

    def _problems(self) -> list[tuple[str, str]]:
        problems = []
        longest = str(self.socket_dir.absolute() / wire.EVENTS_SOCKET).encode()
        if len(longest) > LONGEST_PATH_BYTES:
            most = LONGEST_PATH_BYTES - len(wire.EVENTS_SOCKET) - 1
            problems.append(("socket_dir", f"is too long for a Unix socket; use at most {most} bytes"))
        if not 1 <= self.tcp_port <= 65_534:
            problems.append(("tcp_port", f"is {self.tcp_port}; use 1 to 65534 (events have the port above)"))
        return problems
