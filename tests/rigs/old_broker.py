"""Makes a broker look as if it had never heard of MQTT 5."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_CONNACK_UNACCEPTABLE_PROTOCOL = bytes([0x20, 0x02, 0x00, 0x01])
_PROTOCOL_LEVEL_AT = len(b"\x00\x04MQTT")


@contextmanager
def old_broker(port: int) -> Iterator[int]:
    """Relay to the broker on ``port``, but refuse protocol level 5 as a 3.1.1 broker does; yields the relay's port."""

    class Relay(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            connect = self.request.recv(4096)
            body = 1 + next(i for i in range(1, 5) if connect[i] < 0x80)
            if connect[body + _PROTOCOL_LEVEL_AT] == 5:
                self.request.sendall(_CONNACK_UNACCEPTABLE_PROTOCOL)
                return
            with socket.create_connection(("127.0.0.1", port)) as broker:
                broker.sendall(connect)
                back = threading.Thread(target=_pump, args=(broker, self.request), daemon=True)
                back.start()
                _pump(self.request, broker)
                back.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Relay) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # One side is gone; the other will notice.
