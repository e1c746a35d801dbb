"""What JACK's library leaves behind when a process dies inside it, and how the next one starts all the same.

PortAudio tries JACK, and opens each of ALSA's devices once, one of which belongs to JACK. Either way libjack opens a Berkeley DB
environment in shared memory, ``/dev/shm/jack_db-<uid>``, whose locks stay taken when their holder is killed (SIGKILL, the
watchdog): whoever initialises PortAudio afterwards waits for ever, until the machine is restarted. Only JACK's server puts
anything into it, so where none runs the environment's regions are thrown away before each start.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where JACK was built to look
_SOCKETS = Path("/proc/self/net/unix")
_LOCKED_WITHIN_S = 5.0


@contextlib.contextmanager
def cleared_away(shared_memory: Path = _SHARED_MEMORY, sockets: Path = _SOCKETS) -> Iterator[None]:
    """Inside, PortAudio can be initialised: what a killed process has left is gone, and no other process of ours clears it now.

    Never raises: it is not what the caller came for.

    Args:
        sockets: the kernel's list of listening and connected Unix sockets.
    """
    folder = shared_memory / f"jack_db-{os.getuid()}"
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:  # JACK was never here, or somebody else has taken its name
        yield
        return
    try:
        if _locked(descriptor) and not _server_runs(shared_memory, sockets):
            _remove_regions(descriptor)
        yield
    finally:
        os.close(descriptor)


def _locked(folder: int) -> bool:
    """Whether this process now has the folder's lock, which ends with ``folder``; given up where its holder hangs."""
    until = time.monotonic() + _LOCKED_WITHIN_S
    while True:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        except OSError:
            return False
        else:
            return True


def _server_runs(shared_memory: Path, sockets: Path) -> bool:
    try:
        return f" {shared_memory}/jack_" in sockets.read_text(errors="replace")
    except OSError:
        return True  # nobody knows


def _remove_regions(folder: int) -> None:
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith("__db."):
                os.unlink(name, dir_fd=folder)
