"""Where a daemon is, and the keys to get in."""

from __future__ import annotations

import json
import os
import socket
import stat
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent import wire
from edge_agent.client.errors import BadKeys


@dataclass(frozen=True, slots=True)
class Keys:
    """A client's CURVE keys and the daemon's public one, each 40 characters of Z85."""

    public: str
    secret: str = field(repr=False)
    server: str

    @classmethod
    def read(cls, path: Path | str) -> Keys:
        """Read the file that ``edge-agent keys zmq client`` wrote.

        Raises:
            BadKeys: it is missing, readable by others, or garbled.
        """
        path = Path(path)
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            values = json.loads(path.read_bytes())
            keys = cls(values["public_key"], values["secret_key"], values["server_key"])
        except OSError as error:
            raise BadKeys(f"{path} cannot be read: {error.strerror or error}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise BadKeys(f"{path} is no key file; make one with: edge-agent keys zmq client") from error
        if mode & 0o077:
            raise BadKeys(f"{path} can be read by others (mode {mode:04o}); after: chmod 600 {path}")
        if not all(isinstance(key, str) and len(key) == 40 for key in (keys.public, keys.secret, keys.server)):
            raise BadKeys(f"{path} is garbled: a CURVE key has 40 characters")
        return keys


@dataclass(frozen=True, slots=True)
class Address:
    """The two endpoints of a daemon, as ZeroMQ writes them."""

    say: str
    events: str

    @classmethod
    def of(cls, where: str | Path | None) -> Address:
        """``None`` is this computer's daemon; else a folder with its sockets, or ``tcp://host`` with or without ``:port``.

        Raises:
            ValueError: it is neither.
        """
        if isinstance(where, str) and where.startswith("tcp://"):
            return cls._network(where)
        folder = _found() if where is None else Path(where).absolute()
        if "://" in str(where):
            raise ValueError(f"{where!r} is no address; use a folder, or tcp://host:port")
        return cls(f"ipc://{folder / wire.SAY_SOCKET}", f"ipc://{folder / wire.EVENTS_SOCKET}")

    @property
    def secured(self) -> bool:
        """Whether keys are needed."""
        return self.say.startswith("tcp://")

    @property
    def obstacle(self) -> str | None:
        """Why nobody can answer this program, as far as can be seen without waiting; None if nothing shows."""
        return None if self.secured else _obstacle(Path(self.say.removeprefix("ipc://")))

    @classmethod
    def _network(cls, where: str) -> Address:
        host, separator, port = where.removeprefix("tcp://").rpartition(":")
        if not separator or port.endswith("]"):
            host, port = where.removeprefix("tcp://"), str(wire.TCP_PORT)
        if not host or not port.isdecimal() or not 0 < int(port) < 65_535:
            raise ValueError(f"{where!r} is no address; use tcp://host:port")
        return cls(f"tcp://{host}:{port}", f"tcp://{host}:{int(port) + 1}")


def _found() -> Path:
    own, service = wire.socket_dir(os.environ), wire.socket_dir({})
    return service if _obstacle(own / wire.SAY_SOCKET) and _is_there(service / wire.SAY_SOCKET) else own


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except OSError as error:
        return isinstance(error, PermissionError)  # the folder of the service is closed to those outside its group
    return True


def _obstacle(path: Path) -> str | None:
    try:
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.setblocking(False)  # one with a long line at its door is there
            knocking.connect(str(path))
    except (FileNotFoundError, NotADirectoryError):
        return "there is no such socket, so no daemon runs, or it has its sockets elsewhere"
    except PermissionError:
        return "this user may not use it, and has to be in the socket's group"
    except ConnectionRefusedError:
        return "nobody listens there, so no daemon runs; the socket was left by one that was killed"
    except OSError:
        return None
    return None
