"""Voices at rest: every version encrypted to a key of its own, and that key to this device.

Each file is an age file to the version's own X25519 identity; the identity lies beside them in ``key.age``, an age file to the
device's identity. Whoever destroys that one small file has erased the voice, wherever copies of the rest may be. The manifest
and its signature stay readable: they hold nothing of the voice, and say until when it may be used.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from edge_agent.voices.encryption import encrypt
from edge_agent.voices.store import disk
from edge_agent.voices.store.errors import StoreError
from edge_agent.voices.store.layout import KEY_SLOT

SUFFIX = ".age"
PLAIN = frozenset({"manifest.json", "manifest.json.minisig"})
_PREFIX = "edge-agent-voice-"
_MAX_SLOT_BYTES = 64 * 1024


def seal(plain: Path, version: Path, files: str, identity: Any) -> None:
    """Encrypt every file of the folder ``plain`` into ``version/<files>``, with the key slot in ``version``.

    Args:
        identity: the device's, as pyrage has it.

    Raises:
        OSError: it could not be written.
    """
    import pyrage

    own = pyrage.x25519.Identity.generate()
    disk.write_file(version / KEY_SLOT, pyrage.encrypt(str(own).encode(), [identity.to_public()]))
    for path in sorted(plain.rglob("*")):
        name = path.relative_to(plain).as_posix()
        target = version / files / name
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True, mode=0o700)
            continue
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if name in PLAIN:
            disk.write_file(target, path.read_bytes())
            continue
        with path.open("rb") as source, target.with_name(f"{target.name}{SUFFIX}").open("xb") as sealed:
            encrypt(source, sealed, [own.to_public()])


def unseal(version: Path, files: str, plain: Path, identities: Sequence[Any], only: Collection[str] | None = None) -> None:
    """Decrypt what :func:`seal` made into the folder ``plain``, which exists.

    Args:
        identities: the device's, as pyrage has them.
        only: paths of the files that are wanted, if that is not all; those that lie readable come anyway.

    Raises:
        StoreError: ``damaged``: the key slot or a file does not open.
    """
    import pyrage

    try:
        with (version / KEY_SLOT).open("rb") as slot:
            content = slot.read(_MAX_SLOT_BYTES)
        own = pyrage.x25519.Identity.from_str(pyrage.decrypt(content, list(identities)).decode())
        for path in sorted((version / files).rglob("*")):
            target = plain / path.relative_to(version / files)
            if path.is_dir() and not path.is_symlink():
                target.mkdir(exist_ok=True)
            elif path.name.endswith(SUFFIX):
                target = target.with_name(target.name.removesuffix(SUFFIX))
                if only is None or target.relative_to(plain).as_posix() in only:
                    with path.open("rb") as sealed, target.open("xb") as opened:
                        pyrage.decrypt_io(sealed, opened, [own])
            else:
                target.write_bytes(path.read_bytes())
    except (OSError, ValueError, pyrage.DecryptError, pyrage.IdentityError) as error:
        raise StoreError("damaged", f"{version} does not open with this device's key: {error!r}; install the voice again") from error


def memory_folder() -> Path:
    """A place in memory for what may not lie on the disk: that of the service, else of the user, else shared memory."""
    for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
        given = os.environ.get(name, "").split(":")[0]
        if given and os.access(given, os.W_OK):
            return Path(given)
    return Path("/dev/shm")  # noqa: S108 (the folder made in it is ours alone)


@contextmanager
def in_memory(memory: Path) -> Iterator[Path]:
    """A folder of our own in memory, gone afterwards; what a kill leaves of it, :func:`sweep_memory` removes.

    Raises:
        OSError: there is no room, or no such place.
    """
    folder, claim = _claimed(memory)
    try:
        yield folder
    finally:
        try:
            disk.remove_tree(folder)  # still claimed, or another process's sweep would remove it at the same time
        finally:
            os.close(claim)


def sweep_memory(memory: Path) -> None:
    """Remove the folders of processes that were killed: their locks ended with them."""
    for folder in memory.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            claim = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
                disk.remove_tree(folder)
            finally:
                os.close(claim)


def _claimed(memory: Path) -> tuple[Path, int]:
    """A new folder, and the descriptor that holds the claim to it."""
    while True:
        folder = memory / f"{_PREFIX}{secrets.token_hex(8)}"
        folder.mkdir(mode=0o700)
        with suppress(FileNotFoundError), ExitStack() as on_failure:
            claim = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            on_failure.callback(os.close, claim)
            fcntl.flock(claim, fcntl.LOCK_SH)
            if folder.exists():  # a sweep may have come between its making and the claim
                on_failure.pop_all()
                return folder, claim
