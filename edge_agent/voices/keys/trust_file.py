"""The one place where a device keeps whom it trusts and whom no longer: ``trust.json``."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from edge_agent import state_file
from edge_agent.voices.keys.errors import KeysError
from edge_agent.voices.keys.minisig import PublicKey
from edge_agent.voices.keys.project import PROJECT
from edge_agent.voices.keys.trust import ROLES, Role, Signer, Trust

FILE = "trust.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MAX_REASON_CHARS = 300


class TrustFile:
    """``trust.json`` in a folder of keys. Whatever it says, the voice that ships with the program is signed by a key known to
    it, which counts for that voice alone; it can be revoked as any other."""

    def __init__(self, folder: Path, built_in: Iterable[Signer] = (PROJECT,)) -> None:
        self.path = folder / FILE
        self._built_in = tuple(built_in)

    def read(self) -> Trust:
        """
        Raises:
            KeysError: the file cannot be read or is garbled: nobody is trusted then.
        """
        own, revoked = self._load()
        return Trust((*self._built_in, *own.values()), revoked)

    def stamp(self) -> object:
        """Changes with every change of the file, whoever makes it; cheap."""
        return state_file.stamp(self.path)

    def trust(self, signer: Signer) -> None:
        """Believe a key from now on, or in other roles than before.

        Raises:
            KeysError: the name or roles are bad, the name has another key, the key has another name or was revoked, or the
                file cannot be written.
        """
        if not _NAME.fullmatch(signer.name):
            raise KeysError(f"{signer.name!r} cannot be a signer's name; use 1 to 64 of A-Z a-z 0-9 . _ -")
        if not signer.roles or not set(signer.roles) <= set(ROLES):
            raise KeysError(f"a signer needs at least one of the roles {', '.join(ROLES)}")
        own, revoked = self._load()
        if signer.key in revoked:
            raise KeysError(f"key {signer.key.id} was revoked here ({revoked[signer.key]}), which is for good; make a new one")
        for other in (*self._built_in, *own.values()):
            if (other.name == signer.name) != (other.key == signer.key):
                raise KeysError(f"{other.name} has key {other.key.id} here; first: edge-agent keys revoke {other.name}")
        if any(other.key == signer.key for other in self._built_in):
            raise KeysError(f"key {signer.key.id} is built in")
        self._write({**own, signer.name: signer}, revoked)

    def revoke(self, name_or_key: str, reason: str) -> PublicKey:
        """Believe a key no longer, for good, whatever it signed and whenever.

        Args:
            name_or_key: a signer's name, or a public key, known here or not.

        Raises:
            KeysError: it is neither, or the file cannot be written.
        """
        own, revoked = self._load()
        if not 1 <= len(reason) <= _MAX_REASON_CHARS or not reason.isprintable():
            raise KeysError(f"the reason must be 1 to {_MAX_REASON_CHARS} printable characters")
        named = {signer.name: signer.key for signer in (*self._built_in, *own.values())}
        try:
            key = named[name_or_key] if name_or_key in named else PublicKey.parse(name_or_key)
        except KeysError as error:
            raise KeysError(f"{name_or_key!r} is no public key and no signer's name; there are: {', '.join(sorted(named))}") from error
        self._write({name: signer for name, signer in own.items() if signer.key != key}, {key: reason, **revoked})
        return key

    def _load(self) -> tuple[dict[str, Signer], dict[PublicKey, str]]:
        try:
            values = state_file.read(self.path)
            if values is None:
                return {}, {}
            mode = stat.S_IMODE(self.path.stat().st_mode)
            if mode & 0o022:
                raise KeysError(f"others can write to it (mode {mode:04o}), so what it says may not be yours; after a look: chmod 644")
            signers = {str(name): _signer(str(name), entry) for name, entry in values["signers"].items()}
            revoked = {PublicKey.parse(key): str(reason) for key, reason in values["revoked"].items()}
        except OSError as error:
            raise KeysError(f"{self.path} cannot be read: {error.strerror or error}") from error
        except KeysError as error:
            raise KeysError(f"{self.path} cannot be relied on: {error}") from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise KeysError(f"{self.path} is garbled ({error}); restore it, or remove it and trust the keys again") from error
        return signers, revoked

    def _write(self, signers: Mapping[str, Signer], revoked: Mapping[PublicKey, str]) -> None:
        values = {
            "signers": {
                name: {"key": each.key.text, "roles": list(each.roles), "voices": None if each.voices is None else list(each.voices)}
                for name, each in signers.items()
            },
            "revoked": {key.text: reason for key, reason in revoked.items()},
        }
        folder = self.path.parent
        try:
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            state_file.write(self.path, values, mode=0o644)
            state_file.give_to_owner_of(folder.parent, folder, self.path)
        except OSError as error:
            raise KeysError(f"{self.path} cannot be written: {error.strerror or error}") from error


def _signer(name: str, entry: Any) -> Signer:
    roles: tuple[Role, ...] = tuple(entry["roles"])
    voices = entry["voices"]
    if not set(roles) <= set(ROLES) or not (voices is None or (isinstance(voices, list) and all(isinstance(each, str) for each in voices))):
        raise ValueError(f"roles or voices of {name}")
    return Signer(name, PublicKey.parse(entry["key"]), roles, None if voices is None else tuple(voices))
