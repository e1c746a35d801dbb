#!/usr/bin/python3
"""Stands for the program under a systemd whose release has no package of it: says what its sandbox lets it do, and answers as a daemon.

Beside it lies ``notify.py``, the daemon's own. What it sees goes to ``seen`` in its state folder, a line each.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PER_LINUX32 = 8
libc = ctypes.CDLL(None, use_errno=True)


def main() -> int:
    state = Path(os.environ["STATE_DIRECTORY"])
    state.joinpath("seen").write_text("".join(f"{name}={value}\n" for name, value in seen(state)))
    if sys.argv[1] == "run":
        if state.joinpath("config-is-wrong").exists():
            return 78
        serve()
    return 0


def seen(state: Path) -> Iterator[tuple[str, object]]:
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    yield "user", pwd.getpwuid(os.getuid()).pw_name
    yield "capabilities", int(status["CapEff"], 16) | int(status["CapBnd"], 16)
    yield "no new privileges", status["NoNewPrivs"]
    yield "seccomp", status["Seccomp"]
    yield "nice", os.getpriority(os.PRIO_PROCESS, 0)
    yield "core", resource.getrlimit(resource.RLIMIT_CORE)[1]
    yield "read-only", " ".join(path for path in ("/usr", "/etc", "/var", str(state)) if os.statvfs(path).f_flag & os.ST_RDONLY)
    yield "sees", " ".join(path for path in ("/proc/1", "/tmp/outside", "/home/somebody") if os.access(path, os.F_OK))
    yield "may not", " ".join(name for name, attempt in attempts(state).items() if is_refused(attempt))
    if folder := os.environ.get("CREDENTIALS_DIRECTORY"):
        yield "credentials", " ".join(f"{path.name}:{path.read_text().strip()}" for path in sorted(Path(folder).iterdir()))


def attempts(state: Path) -> dict[str, Callable[[], object]]:
    scratch = state / "scratch"
    scratch.touch()
    return {
        "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
        "inet": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close(),
        "namespace": lambda: call(libc.unshare, CLONE_NEWUSER),
        "personality": lambda: call(libc.personality, PER_LINUX32),
        "setuid-file": lambda: scratch.chmod(0o4755),
        "affinity": lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)),
        "chown": lambda: os.chown(scratch, -1, os.getgid()),
    }


def call(function: Callable[[int], int], argument: int) -> None:
    if function(argument) == -1:
        raise OSError(ctypes.get_errno(), function.__name__)


def is_refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return True
    return False


def serve() -> None:
    """Ready, fed, reloaded, stopped; stopped by SIGSTOP it is what hangs."""
    from notify import Notifier

    notifier = Notifier()
    wanted = {signal.SIGHUP, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    notifier.ready("ready")
    while True:
        notifier.alive()
        came = signal.sigtimedwait(wanted, (notifier.watchdog_s or 1.0) / 2)
        if came is None:
            continue
        if came.si_signo == signal.SIGTERM:
            break
        notifier.reloading()
        notifier.ready("reloaded")
    notifier.stopping()


if __name__ == "__main__":
    sys.exit(main())
