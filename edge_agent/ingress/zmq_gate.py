"""Who may connect: ZeroMQ's authentication protocol (ZAP, RFC 27), answered from the allow-list.

Whoever is let in is known by its public key: a name may be given to another key while connections of the old one last.
"""

from __future__ import annotations

import logging

import zmq
from zmq.utils import z85

from edge_agent.ingress.zmq_keys import KeyRing, KeysError

log = logging.getLogger(__name__)

DOMAIN = "edge-agent"
_ENDPOINT = "inproc://zeromq.zap.01"


class Gate:
    """libzmq asks it about every connection with CURVE, through a socket that its owner polls.

    It must be bound before the sockets it guards: without an answerer, libzmq lets every key in.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], keys: KeyRing) -> None:
        self._keys = keys
        self.socket = context.socket(zmq.REP)
        self.socket.linger = 0
        self.socket.bind(_ENDPOINT)

    def answer(self) -> None:
        """Answer one question; call when the socket is readable."""
        version, request_id, _domain, address, _identity, mechanism, *credentials = self.socket.recv_multipart()
        user_id = self._user_id(address, mechanism, credentials)
        status, text = (b"200", b"OK") if user_id else (b"400", b"this key is not on the list")
        self.socket.send_multipart([version, request_id, status, text, user_id or b"", b""])

    def close(self) -> None:
        self.socket.close()

    def _user_id(self, address: bytes, mechanism: bytes, credentials: list[bytes]) -> bytes | None:
        if mechanism != b"CURVE" or len(credentials) != 1:
            return None
        try:
            name = self._keys.name_of(credentials[0])
        except KeysError as error:
            log.error("nobody let in error=%r", str(error))
            return None
        if name is None:
            return None
        log.info("zmq client let in name=%s address=%s", name, address.decode("ascii", "replace"))
        return z85.encode(credentials[0])


def client_key(frame: zmq.Frame) -> bytes:
    """The public key (32 raw bytes) of who sent a frame through a door that is guarded."""
    return z85.decode(str(frame.get("User-Id")))
