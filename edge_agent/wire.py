"""What the daemon and its clients agree on over ZeroMQ. Standard library only: a client needs nothing else but pyzmq.

Requests go to a ROUTER as ``[b"1", JSON]`` (a REQ socket's empty delimiter may precede them) and are answered in the same
form, with the same ``ref``. Events come from a PUB as ``[announcement id, JSON]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

VERSION = b"1"
VERBS = ("say", "cancel", "stop", "preload", "status", "ping")
MAX_REQUEST_BYTES = 16 * 1024
MAX_PRELOAD_TEXTS = 200
MAX_STATUS_IDS = 100

SAY_SOCKET = "say.sock"
EVENTS_SOCKET = "events.sock"
TCP_PORT = 5570
"""Requests; events are one above."""

GREETING = b"?"
"""Whoever subscribes to a topic that begins with this is at once sent a message on it: the proof that this subscription, and all
made before it on the same socket, are in force. No announcement's id contains it."""

HEARTBEAT_MS = 2_000
DEAD_AFTER_MS = 3 * HEARTBEAT_MS


def socket_dir(environ: Mapping[str, str]) -> Path:
    """Where a daemon that nobody told otherwise has its sockets: the user's own, else the service's."""
    own = environ.get("XDG_RUNTIME_DIR", "")
    return Path(own) / "edge-agent" if own.startswith("/") else Path("/run/edge-agent")
