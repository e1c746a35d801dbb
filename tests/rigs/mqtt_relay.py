"""A relay in front of a real broker that gives the answers mosquitto 2.0 cannot be configured to give."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_CONNACK_UNACCEPTABLE_PROTOCOL = bytes([0x20, 0x02, 0x00, 0x01])
_SUBACK = 0x90
_NOT_AUTHORIZED = 0x87
_PROTOCOL_LEVEL_AT = len(b"\x00\x04MQTT")


@contextmanager
def mqtt_relay(
    port: int, *, refuse_v5: bool = False, refuse_last_subscription: bool = False, forget_subscriptions: bool = False
) -> Iterator[int]:
    """Relay to the broker on ``port``; yields the relay's port.

    ``refuse_v5`` answers protocol level 5 as a 3.1.1 broker does. ``refuse_last_subscription`` turns the last reason code of
    each SUBACK into "Not authorized", as brokers do whose access control knows subscriptions. ``forget_subscriptions`` answers none.
    """

    class Relay(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            connect = self.request.recv(4096)
            body = 1 + next(i for i in range(1, 5) if connect[i] < 0x80)
            if refuse_v5 and connect[body + _PROTOCOL_LEVEL_AT] == 5:
                self.request.sendall(_CONNACK_UNACCEPTABLE_PROTOCOL)
                return
            with socket.create_connection(("127.0.0.1", port)) as broker:
                broker.sendall(connect)
                change = _refuse_last if refuse_last_subscription else _lose if forget_subscriptions else _unchanged
                back = threading.Thread(target=_pump, args=(broker, self.request, change), daemon=True)
                back.start()
                _pump(self.request, broker, _unchanged)
                back.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Relay) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def _unchanged(data: bytes) -> bytes:
    return data


def _refuse_last(data: bytes) -> bytes:
    # The broker sends a SUBACK by itself: there is nothing else to send to a client that has only just subscribed.
    return data[:-1] + bytes([_NOT_AUTHORIZED]) if data[0] == _SUBACK else data


def _lose(data: bytes) -> bytes:
    return b"" if data[0] == _SUBACK else data


def _pump(source: socket.socket, sink: socket.socket, change: Callable[[bytes], bytes]) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(change(data))
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # One side is gone; the other will notice.
