"""CURVE keys: the daemon's own pair, the clients it lets in, and the files that clients are given."""

from __future__ import annotations

import contextlib
import re
import stat
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zmq
from zmq.utils import z85

from edge_agent import state_file
from edge_agent.ingress.base import IngressError

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
NAME_ALLOWED = "1 to 64 characters of A-Z, a-z, 0-9, dot, underscore and hyphen"


class KeysError(IngressError):
    """A key file is missing, unsafe or garbled, or a name is taken or bad; says what to do."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Both keys in Z85, 40 characters."""

    public: str
    secret: str = field(repr=False)


def make_pair() -> KeyPair:
    """A new pair, from the system's random numbers."""
    public, secret = zmq.curve_keypair()
    return KeyPair(public.decode(), secret.decode())


class KeyRing:
    """The folder with ``server.json`` (0600) and ``clients.json``, the allow-list by name.

    The allow-list is read again whenever its file has changed, so that a key is let in or shut out without a restart.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server, self._clients = folder / "server.json", folder / "clients.json"
        self._read_as: tuple[int, int, int] | None = None
        self._names: dict[bytes, str] = {}

    def server(self) -> KeyPair:
        """The daemon's pair.

        Raises:
            KeysError: there is none, others can read it, or it is garbled.
        """
        values = _load(self._server)
        if values is None:
            raise KeysError(f"{self._server} does not exist; make it with: edge-agent keys zmq server")
        mode = stat.S_IMODE(self._server.stat().st_mode)
        if mode & 0o077:
            raise KeysError(f"{self._server} can be read by others (mode {mode:04o}); after: chmod 600 {self._server}")
        return KeyPair(_key(values.get("public_key"), self._server), _key(values.get("secret_key"), self._server))

    def make_server(self, *, replace: bool = False) -> KeyPair:
        """Make the daemon's pair; clients that know the old public key no longer find us.

        Raises:
            KeysError: there is one and ``replace`` is false, or it cannot be written.
        """
        if self._server.exists() and not replace:
            raise KeysError(f"{self._server} exists; --force replaces it, and every client needs the new public key then")
        pair = make_pair()
        self._write(self._server, {"public_key": pair.public, "secret_key": pair.secret}, mode=0o600)
        return pair

    def clients(self) -> dict[str, str]:
        """Public keys of the clients that are let in, by name.

        Raises:
            KeysError: the list cannot be read or is garbled.
        """
        values = _load(self._clients) or {}
        listed = values.get("clients", {})
        if not isinstance(listed, dict):
            raise KeysError(f"{self._clients} is garbled; remove it and allow the clients again")
        return {str(name): _key(key, self._clients) for name, key in listed.items()}

    def allow(self, name: str, public_key: str) -> None:
        """Let a client in from now on.

        Raises:
            KeysError: the name is bad or has another key, the key is none or has another name, or the list cannot be written.
        """
        if not _NAME.fullmatch(name):
            raise KeysError(f"{name!r} cannot be a client's name; use {NAME_ALLOWED}")
        key = _key(public_key, "the command line")
        clients = self.clients()
        if clients.get(name, key) != key:
            raise KeysError(f"{name} is allowed with another key; first: edge-agent keys zmq revoke {name}")
        for other, known in clients.items():
            if known == key and other != name:
                raise KeysError(f"this key is allowed already, as {other}")
        self._write(self._clients, {"clients": {**clients, name: key}}, mode=0o644)

    def revoke(self, name: str) -> None:
        """Let a client in no longer; requests on connections it has are refused as well.

        Raises:
            KeysError: there is none of that name, or the list cannot be written.
        """
        clients = self.clients()
        if clients.pop(name, None) is None:
            raise KeysError(f"no client is named {name!r}; there are: {', '.join(sorted(clients)) or 'none'}")
        self._write(self._clients, {"clients": clients}, mode=0o644)

    def name_of(self, public_key: bytes) -> str | None:
        """Who has this public key (32 raw bytes); None for one that is not let in.

        Raises:
            KeysError: the list cannot be read.
        """
        self._refresh()
        return self._names.get(public_key)

    def _refresh(self) -> None:
        try:
            status = self._clients.stat()
        except OSError:
            read_as = None
        else:
            read_as = (status.st_mtime_ns, status.st_ino, status.st_size)
        if read_as is None or read_as != self._read_as:
            self._names = {z85.decode(key.encode()): name for name, key in self.clients().items()}
            self._read_as = read_as

    def _write(self, path: Path, values: dict[str, Any], *, mode: int) -> None:
        try:
            self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            state_file.write(path, values, mode=mode)
            state_file.give_to_owner_of(self._folder.parent, self._folder, path)
        except OSError as error:
            raise KeysError(f"{path} cannot be written: {error.strerror or error}") from error


def write_client_file(path: Path, name: str, pair: KeyPair, server_key: str) -> None:
    """What a client needs to connect, readable by its owner only (0600); see :class:`edge_agent.client.Keys`.

    Raises:
        KeysError: the file exists or cannot be written.
    """
    if path.exists():
        raise KeysError(f"{path} exists; it may be the only copy of a key, so remove it yourself")
    values = {"name": name, "public_key": pair.public, "secret_key": pair.secret, "server_key": server_key}
    try:
        state_file.write(path, values, mode=0o600)
    except OSError as error:
        raise KeysError(f"{path} cannot be written: {error.strerror or error}") from error


def _load(path: Path) -> dict[str, Any] | None:
    try:
        return state_file.read(path)
    except OSError as error:
        raise KeysError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise KeysError(f"{path} is garbled: {error}") from error


def _key(value: Any, where: object) -> str:
    with contextlib.suppress(ValueError, KeyError, struct.error):  # the last for digits that stand for too large a number
        if isinstance(value, str) and len(value) == 40 and len(z85.decode(value.encode("ascii"))) == 32:
            return value
    raise KeysError(f"a CURVE key has 40 characters of Z85; {where} gives {str(value)[:4] + '…' if value else 'none'}")
