"""A device's own keys: the one packs are sealed for, and the one it signs receipts with.

Both are files of the stock tools, ``device.age`` of ``age-keygen`` and ``device.minisign`` of ``minisign -G -W``. They come
from systemd's credentials where the service was given some of these names, else from the folder of keys, where nobody else
may read them. Who works by hand on the service's folder of keys, and may read the files that it is given as credentials, has those.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from edge_agent import appliance, state_file
from edge_agent.voices.keys.errors import KeysError
from edge_agent.voices.keys.minisig import SecretKey

AGE_FILE, MINISIGN_FILE = "device.age", "device.minisign"
_MAX_BYTES = 64 << 10


@dataclass(frozen=True, slots=True, repr=False)
class DeviceKeys:
    """``identities`` are age's, as pyrage has them, any of which may open a pack; packs are sealed for the first."""

    identities: tuple[Any, ...]
    secret: SecretKey
    protection: Literal["credential", "file"]

    @property
    def recipient(self) -> str:
        """The age public key a station seals packs for."""
        return str(self.identities[0].to_public())

    @property
    def fingerprint(self) -> str:
        """See :func:`fingerprint`."""
        return fingerprint(self.identities[0])

    def sign(self, content: bytes, trusted_comment: str) -> bytes:
        """A ``.minisig`` of this device."""
        return self.secret.sign(content, trusted_comment)


def fingerprint(identity: Any) -> str:
    """Of a device's age identity, to be read over a telephone and to choose devices by: four groups of four hexadecimal digits."""
    digest = hashlib.sha256(str(identity.to_public()).encode()).hexdigest()
    return "-".join(digest[at : at + 4] for at in range(0, 16, 4))


def load_device_keys(folder: Path, environ: Mapping[str, str]) -> DeviceKeys | None:
    """The device's keys; None if it has none.

    Args:
        folder: for what the service was given no credential of.

    Raises:
        KeysError: one of the two is missing, others can read it, or it is garbled.
    """
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    given = Path(credentials) if credentials else appliance.credentials() if folder.parent == appliance.STATE else None
    try:
        places = [given if given and _is_given(given / name) else folder for name in (AGE_FILE, MINISIGN_FILE)]
        age, minisign = places[0] / AGE_FILE, places[1] / MINISIGN_FILE
        has_age, has_minisign = age.exists(), minisign.exists()
    except OSError as error:
        raise KeysError(f"the device's keys cannot be looked for: {error}") from error
    if not (has_age or has_minisign):
        return None
    if not has_minisign:
        raise KeysError(f"{minisign} is missing; bring it back, or make another one: minisign -G -W -p device.pub -s {minisign}")
    if not has_age:
        also = f"remove {minisign} and make new keys: edge-agent keys init"
        raise KeysError(f"{age} is missing, and nothing else opens what is sealed for it; bring it back, or {also}")
    secret = SecretKey(_read_private(minisign, given), origin=str(minisign))
    return DeviceKeys(_identities(_read_private(age, given), age), secret, "credential" if age.parent == given else "file")


def make_device_keys(folder: Path) -> DeviceKeys:
    """Make both keys on the device; they need never leave it.

    Raises:
        KeysError: there are some already, or they cannot be written.
    """
    import pyrage

    age, minisign = folder / AGE_FILE, folder / MINISIGN_FILE
    for path in (age, minisign):
        if path.exists():
            raise KeysError(f"{path} exists; packs sealed for it, and voices installed here, are lost with it, so remove it yourself")
    identity, secret = pyrage.x25519.Identity.generate(), SecretKey.generate()
    created = datetime.now(timezone.utc).isoformat(timespec="seconds")
    text = f"# created: {created}\n# public key: {identity.to_public()}\n{identity}\n"
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        state_file.write_bytes(minisign, secret.to_bytes(), mode=0o600)
        state_file.write_bytes(age, text.encode(), mode=0o600)
        state_file.give_to_owner_of(folder.parent, folder, age, minisign)
    except OSError as error:
        raise KeysError(f"{folder} cannot be written: {error.strerror or error}") from error
    return DeviceKeys((identity,), secret, "file")


def read_identities(path: Path) -> tuple[Any, ...]:
    """The age identities in a file of ``age-keygen``.

    Raises:
        KeysError: it cannot be read, or holds none.
    """
    return _identities(_read(path), path)


def _identities(content: bytes, path: Path) -> tuple[Any, ...]:
    import pyrage

    lines = [line.strip() for line in content.decode("ascii", "replace").splitlines()]
    try:
        found = tuple(pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#"))
    except pyrage.IdentityError as error:
        raise KeysError(f"{path} holds something else than age identities: {error}") from error
    if not found:
        raise KeysError(f"{path} holds no age identity; remove it and make new keys: edge-agent keys init")
    return found


def _is_given(path: Path) -> bool:
    """Whether there is a credential. The units name every one there may be; one that a device does not have is blank."""
    return path.exists() and bool(path.read_bytes().strip())


def _read_private(path: Path, credentials: Path | None) -> bytes:
    content = _read(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    # systemd sees to it that only the service can read a credential, by other means than its mode
    if mode & 0o077 and path.parent != credentials:
        raise KeysError(f"{path} can be read by others (mode {mode:04o}); after: chmod 600 {path}")
    return content


def _read(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(_MAX_BYTES)
    except OSError as error:
        raise KeysError(f"{path} cannot be read: {error.strerror}") from error
