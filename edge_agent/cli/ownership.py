"""What root does in the service's folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent import state_file
from edge_agent.config import Config
from edge_agent.errors import EdgeAgentError

if TYPE_CHECKING:
    from edge_agent.voices.store import Store


def owner_instead_of_root(folder: Path) -> tuple[int, int] | None:
    """User and group of a folder that belongs to somebody else while root is at work; else None."""
    if os.geteuid() != 0 or not folder.is_dir():
        return None
    owner = folder.stat()
    return (owner.st_uid, owner.st_gid) if owner.st_uid != 0 else None


def check_access(folder: Path) -> None:
    """
    Raises:
        EdgeAgentError: the folder is there, and not for us.
    """
    if folder.is_dir() and not os.access(folder, os.R_OK | os.X_OK):
        raise EdgeAgentError(f"{folder} is for its owner and root only; take: sudo edge-agent, or --config with a file of your own")


@contextmanager
def as_owner_of(folder: Path) -> Iterator[None]:
    """Root works as the user who owns ``folder`` within the block: what root made there, the daemon could not read.

    Raises:
        EdgeAgentError: see :func:`check_access`.
    """
    check_access(folder)
    owner = owner_instead_of_root(folder)
    if owner is None:
        yield
        return
    user, group = owner
    groups, own_group = os.getgroups(), os.getgid()
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(user, user, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(own_group, own_group, own_group)
        os.setgroups(groups)


def leave_to_owner_of(folder: Path, made: Path) -> None:
    """Give the folder ``made``, with all below, to the owner of ``folder``, where root made it."""
    if made.is_dir():
        state_file.give_to_owner_of(folder, made, *made.rglob("*"))


@contextmanager
def device_store(config: Config) -> Iterator[Store]:
    """The store of voices, as its owner. The device's keys are read before, as they may be root's files.

    Raises:
        KeysError: they are there and cannot be used.
        EdgeAgentError: see :func:`check_access`.
    """
    check_access(config.paths.state_dir)
    from edge_agent.voices.keys import load_device_keys
    from edge_agent.voices.store import open_store

    keys = load_device_keys(config.paths.keys, os.environ)
    with as_owner_of(config.paths.state_dir):
        yield open_store(config, keys=keys)
