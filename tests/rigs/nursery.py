"""Daemons by the hundred: a process that has imported everything already and forks one for each life.

Nine tenths of a start are Python reading modules, which is not what a test about crashes is about. What is forked is the
whole daemon, from reading its configuration on, in a process of its own that can be killed like any other.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

_GONE_WITHIN_S = 60.0


class Nursery:
    """Context manager around the process that forks."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._pids: set[int] = set()

    def __enter__(self) -> Nursery:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.rigs.nursery"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, **self._environ}, cwd=Path(__file__).parents[2],
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        for pid in tuple(self._pids):
            self.kill(pid)
        self._process.communicate()

    def fork(self, config: Path, log: Path) -> int:
        """Begin a daemon's life; its process id."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{config}\t{log}\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        self._pids.add(pid)
        return pid

    def kill(self, pid: int) -> None:
        """SIGKILL, and wait until nothing of it is left."""
        self._pids.discard(pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            deadline = time.monotonic() + _GONE_WITHIN_S
            while time.monotonic() < deadline:
                os.kill(pid, 0)
                time.sleep(0.001)
            raise RuntimeError(f"process {pid} cannot be killed")


def _serve() -> None:
    from edge_agent import agent, cli
    from edge_agent.cli import run as _run
    from edge_agent.text import plan

    plan("请A12号到3号窗口。Gate 5.", "auto")
    assert agent and _run
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        config, log = line.rstrip("\n").split("\t")
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            for stream in (1, 2):
                os.dup2(output, stream)
            os._exit(cli.main(["--config", config, "run"]))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
