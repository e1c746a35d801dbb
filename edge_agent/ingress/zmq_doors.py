"""The sockets clients come in by: one door on this machine, one for the network."""

from __future__ import annotations

import grp
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import zmq
from zmq.utils.monitor import parse_monitor_message

from edge_agent import wire
from edge_agent.ingress.base import IngressError
from edge_agent.ingress.zmq_config import ZmqConfig
from edge_agent.ingress.zmq_gate import DOMAIN
from edge_agent.ingress.zmq_keys import KeyPair

log = logging.getLogger(__name__)

Context = zmq.Context[zmq.Socket[bytes]]
Socket = zmq.Socket[bytes]

HANDSHAKE_FAILURES = {
    zmq.Event.HANDSHAKE_FAILED_AUTH: "key",
    zmq.Event.HANDSHAKE_FAILED_PROTOCOL: "protocol",
    zmq.Event.HANDSHAKE_FAILED_NO_DETAIL: "incomplete",
}
"""Why somebody was not let in: a key that is not on the list; CURVE for another server's key, or garbled; no CURVE at all, or a
handshake that was never finished."""

_HANDSHAKE_WITHIN_MS = 5_000
_REQUESTS_QUEUED = 64
"""For each peer; who sends more has to wait, and nobody else has."""
_EVENTS_QUEUED = 2_000
"""For each peer; who does not read loses what is beyond, and asks for the status instead."""
_FRAMES_KEPT = 8
"""Of one request; a sound one has four at most."""
_FRAMES_AT_ONCE = 1_000
_OVERHEAD_BYTES = 1024
"""What CURVE's handshake and encryption may add."""
_RETRY_S = 2.0
_LOG_EVERY_S = 10.0


class Door:
    """A ROUTER for requests beside an XPUB for events. Used by the ingress's thread only."""

    name = ""
    requests: Socket
    events: Socket

    def __init__(self, context: Context) -> None:
        self._context = context
        self._held = ExitStack()
        self._retry_at = 0.0
        self._received: list[zmq.Frame] = []
        self.open = False
        self.problem: str | None = "not open yet"

    @property
    def monitors(self) -> list[Socket]:
        """Sockets that tell about failed handshakes; see :func:`failures`."""
        return []

    def try_to_open(self, now: float) -> bool:
        """Open if it is shut and time to try; whether anything changed. An address that is not there may come later."""
        if self.open or now < self._retry_at:
            return False
        before = self.problem
        try:
            self.requests = self._held.enter_context(self._context.socket(zmq.ROUTER))
            self.events = self._held.enter_context(self._context.socket(zmq.XPUB))
            _prepare(self.requests, wire.MAX_REQUEST_BYTES + _OVERHEAD_BYTES)
            _prepare(self.events, _OVERHEAD_BYTES)
            # The same subscription again, from a client whose old connection is not known to be dead yet, is to be greeted too.
            self.events.xpub_verbose = 1
            self._bind()
        except (OSError, zmq.ZMQError, IngressError) as error:
            self._fail(error, now)
        else:
            self.open, self.problem = True, None
        return self.problem != before

    def receive(self) -> list[zmq.Frame] | None:
        """The next request that is there, without what it has beyond eight frames; None while there is more of it to read.

        libzmq bounds a frame and not how many there are: millions of them must not hold up what the thread has to do besides.
        """
        for _ in range(_FRAMES_AT_ONCE):
            frame = self.requests.recv(copy=False)
            if len(self._received) < _FRAMES_KEPT:
                self._received.append(frame)
            if not frame.more:
                received, self._received = self._received, []
                return received
        return None

    def close(self) -> None:
        self._held.close()
        self.open = False

    def _bind(self) -> None:
        raise NotImplementedError

    def _fail(self, error: Exception, now: float) -> None:
        self._held.close()
        self.problem, self._retry_at = f"cannot listen at {self}: {error}", now + _RETRY_S
        log.debug("zmq door shut door=%s error=%r", self.name, str(error))


class LocalDoor(Door):
    """Unix sockets; whoever may write to them may speak."""

    name = "local"

    def __init__(self, context: Context, folder: Path, mode: int, group: str | None) -> None:
        super().__init__(context)
        self._folder, self._mode = folder.absolute(), mode
        self._group = group

    def __str__(self) -> str:
        return str(self._folder)

    def _bind(self) -> None:
        group_id = self._group_id()
        self._folder.mkdir(parents=True, exist_ok=True)
        for socket, name in ((self.requests, wire.SAY_SOCKET), (self.events, wire.EVENTS_SOCKET)):
            path = self._folder / name
            socket.bind(f"ipc://{path}")
            # libzmq leaves it there, and clients would take it for a daemon.
            self._held.callback(_remove, path, path.stat())
            # Only where it is another: the service's sandbox refuses even a change to what already is.
            if path.stat().st_gid != group_id:
                os.chown(path, -1, group_id)
            path.chmod(self._mode)

    def _group_id(self) -> int:
        try:
            return os.getegid() if self._group is None else grp.getgrnam(self._group).gr_gid
        except KeyError:
            raise IngressError(f"zmq.group is {self._group!r}, which is no group of this system") from None


class NetworkDoor(Door):
    """TCP with CURVE: only clients on the allow-list get past the handshake, and everything is encrypted."""

    name = "network"

    def __init__(self, context: Context, host: str, port: int, pair: KeyPair) -> None:
        super().__init__(context)
        self._host, self._port, self._pair = host, port, pair
        self._monitors: list[Socket] = []

    def __str__(self) -> str:
        return f"tcp://{self._host}:{self._port}"

    @property
    def monitors(self) -> list[Socket]:
        return self._monitors if self.open else []

    def _bind(self) -> None:
        for socket, port in ((self.requests, self._port), (self.events, self._port + 1)):
            socket.ipv6 = ":" in self._host
            socket.curve_server = True
            socket.curve_publickey, socket.curve_secretkey = self._pair.public.encode(), self._pair.secret.encode()
            socket.zap_domain = DOMAIN.encode()
            host = f"[{self._host}]" if ":" in self._host else self._host
            socket.bind(f"tcp://{host}:{port}")
        wanted = 0
        for event in HANDSHAKE_FAILURES:
            wanted |= event
        self._monitors = []
        for socket in (self.requests, self.events):
            self._held.callback(socket.disable_monitor)
            self._monitors.append(socket.get_monitor_socket(wanted))


def doors(context: Context, config: ZmqConfig, pair: KeyPair | None) -> list[Door]:
    """The doors that are configured; ``pair`` is there if one goes to the network."""
    local = LocalDoor(context, config.socket_dir, config.socket_mode, config.group)
    if config.tcp_host is None or pair is None:
        return [local]
    return [local, NetworkDoor(context, config.tcp_host, config.tcp_port, pair)]


class Failures:
    """Counts handshakes that failed, and logs them without letting a stranger fill the log."""

    def __init__(self, on_failure: Callable[[str], None]) -> None:
        self._on_failure = on_failure
        self._n_unlogged = 0
        self._log_after = 0.0

    def take(self, monitor: Socket) -> None:
        """Read what a monitor has to tell."""
        for cause in _read(monitor):
            self._on_failure(cause)
            self._n_unlogged += 1
            now = time.monotonic()
            if now >= self._log_after:
                log.warning("zmq connection refused cause=%s refused_since_last=%d", cause, self._n_unlogged)
                self._n_unlogged, self._log_after = 0, now + _LOG_EVERY_S


def _read(monitor: Socket) -> Iterator[str]:
    while monitor.poll(0):
        cause = HANDSHAKE_FAILURES.get(parse_monitor_message(monitor.recv_multipart())["event"])
        if cause is not None:
            yield cause


def _remove(path: Path, made: os.stat_result) -> None:
    """Unless another daemon has taken the place meanwhile."""
    with suppress(OSError):  # it is gone, or may not be removed: nobody listens there, as clients can tell
        if os.path.samestat(path.stat(), made):
            path.unlink()


def _prepare(socket: Socket, longest_bytes: int) -> None:
    socket.linger = 0
    socket.maxmsgsize = longest_bytes
    socket.rcvhwm, socket.sndhwm = _REQUESTS_QUEUED, _EVENTS_QUEUED
    socket.handshake_ivl = _HANDSHAKE_WITHIN_MS
    socket.heartbeat_ivl, socket.heartbeat_timeout = wire.HEARTBEAT_MS, wire.DEAD_AFTER_MS
    socket.heartbeat_ttl = wire.DEAD_AFTER_MS
