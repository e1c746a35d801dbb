"""Lets any thread end another thread's wait in a selector."""

from __future__ import annotations

import contextlib
import socket


class Wakeup:
    """Register it for reading, then :meth:`drain` after every wait."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def fileno(self) -> int:
        return self._reader.fileno()

    def wake(self) -> None:
        """From any thread; never blocks."""
        try:
            self._writer.send(b"\0")
        except BlockingIOError:
            pass  # So many wake-ups are pending that one more makes no difference.
        except OSError:
            pass  # Closed: the thread that waited has ended.

    def drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._reader.recv(4096)

    def close(self) -> None:
        self._reader.close()
        self._writer.close()
