"""Checks that run native code on doubtful devices, each in a process of its own: a crash or a hang there is a finding too."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable
from functools import partial
from multiprocessing.connection import Connection

from edge_agent.config import Config
from edge_agent.service.doctor.finding import Finding

Check = Callable[[Config], Iterable[Finding]]
TIMEOUT_S = 60.0


def isolated(name: str, check: Check, *, fix: str, timeout_s: float = TIMEOUT_S) -> Check:
    """``check``, a function of a module, run in another process; ``fix`` is for when it does not come back."""
    return partial(_examine, name, check, fix, timeout_s)


def _examine(name: str, check: Check, fix: str, timeout_s: float, config: Config) -> list[Finding]:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(sender, check, config), name=f"doctor-{name}", daemon=True)
    process.start()
    sender.close()
    try:
        if receiver.poll(timeout_s):
            findings: list[Finding] = receiver.recv()
            return findings
        return [Finding.fail(name, f"no result within {timeout_s:g} s", fix)]
    except EOFError:
        process.join()
        return [Finding.fail(name, f"the libraries crashed ({_cause(process.exitcode)})", fix)]
    finally:
        process.kill()
        process.join()
        receiver.close()


def _run(sender: Connection, check: Check, config: Config) -> None:
    # What ALSA, PortAudio and CUDA chatter on standard error says nothing that the findings do not say better.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    sender.send(list(check(config)))


def _cause(exit_code: int | None) -> str:
    return signal.Signals(-exit_code).name if exit_code is not None and exit_code < 0 else f"exit status {exit_code}"
