"""A trial in a process of its own: a driver that crashes or hangs there has cost nothing but time."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from edge_agent.synthesis.providers.choice import Candidate, Trial
from edge_agent.synthesis.providers.names import CPU, CUDA, TENSORRT

COMMAND = (sys.executable, "-m", "edge_agent.synthesis.providers.trial")
TIMEOUT_S = {CPU: 120.0, CUDA: 180.0, TENSORRT: 1800.0}
"""TensorRT builds its engine within this; nearly ten minutes were reported from an Orin."""
_GLANCE_S = 0.2
_NO_CODE = ("no kernel image is available", "cudaErrorNoKernelImageForDevice")
_NO_LIBRARY = ("cannot open shared object file",)
_NO_ROOM = ("is smaller than requested bytes", "Failed to allocate memory", "out of memory", "OutOfMemory")


class Stopped(Exception):
    """The trial was called off."""


def attempt(
    candidate: Candidate,
    voice: Path,
    *,
    threads: int,
    gpu_memory_bytes: int,
    cache_dir: Path,
    stop: threading.Event | None = None,
    command: Sequence[str] = COMMAND,
    timeout_s: float | None = None,
) -> Trial:
    """Have ``candidate`` speak ``voice``; a trial that crashes, hangs or says nothing sensible is one that failed, with the reason.

    Raises:
        Stopped: ``stop`` was set meanwhile.
    """
    limit_s = TIMEOUT_S[candidate.provider] if timeout_s is None else timeout_s
    arguments = [*command, str(voice), candidate.provider, candidate.variant or "-", str(threads), str(gpu_memory_bytes), str(cache_dir)]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=complaints, env=environ, start_new_session=True
        )
        try:
            finished = _wait(process, limit_s, stop or threading.Event())
        finally:
            _end(process)
        if not finished:
            return Trial(candidate, f"gave no result within {limit_s:g} s")
        return _result(candidate, process.returncode, _text(output), _text(complaints))


def _wait(process: subprocess.Popen[bytes], limit_s: float, stop: threading.Event) -> bool:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GLANCE_S)
            return True
        if stop.is_set():
            raise Stopped
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """Whatever the trial started ends with it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _text(file: object) -> str:
    file.seek(0)  # type: ignore[attr-defined]
    raw: bytes = file.read()  # type: ignore[attr-defined]
    return raw.decode("utf-8", "replace")


def _result(candidate: Candidate, status: int, output: str, complaints: str) -> Trial:
    if status < 0:
        return Trial(candidate, f"the driver crashed ({signal.Signals(-status).name})")
    try:
        values = json.loads(output.strip().splitlines()[-1])
        trial = Trial.from_json(values)
    except (IndexError, ValueError, KeyError, TypeError):
        last = next((line for line in reversed(complaints.splitlines()) if line.strip()), "")
        return Trial(candidate, explain(last.strip()[:300] or f"ended with status {status} and no result"))
    if trial.candidate != candidate:
        return Trial(candidate, "answered for another provider")
    return trial


def explain(reason: str) -> str:
    """``reason`` with what can be done, where that is known."""
    if any(sign in reason for sign in _NO_CODE):
        return f"{reason} - this ONNX Runtime has no code for this GPU; install a build for it (requirements/jetson.md)"
    if any(sign in reason for sign in _NO_LIBRARY):
        return f"{reason} - a library that this ONNX Runtime was built with is not installed"
    if any(sign in reason for sign in _NO_ROOM):
        return f"{reason} - raise voice.gpu_memory_mib, or leave the GPU more memory"
    return reason
