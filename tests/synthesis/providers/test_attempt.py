"""Trials in processes of their own: one for real on the processor, and such as crash, hang or talk nonsense."""

from __future__ import annotations

import json
import os
import sys
import threading
import time

import pytest

from edge_agent.synthesis.providers import CPU, CUDA, Candidate, Stopped
from edge_agent.synthesis.providers.attempt import attempt
from edge_agent.voices.catalog import BUILT_IN

GPU = Candidate(CUDA, "gpu")
MEMORY = 1 << 29


def script(body: str) -> tuple[str, ...]:
    return (sys.executable, "-c", body)


def try_it(tmp_path, body: str, **options):
    return attempt(GPU, tmp_path, threads=1, gpu_memory_bytes=MEMORY, cache_dir=tmp_path, command=script(body), **options)


def test_the_processor_for_real(tmp_path) -> None:
    trial = attempt(Candidate(CPU, "cpu"), BUILT_IN, threads=1, gpu_memory_bytes=MEMORY, cache_dir=tmp_path)
    assert trial.right, trial.why
    assert min(trial.first_s, trial.load_s, trial.rtf) > 0
    assert trial.memory_mb > 50


def test_a_provider_that_is_not_here(tmp_path) -> None:
    trial = attempt(GPU, BUILT_IN, threads=1, gpu_memory_bytes=MEMORY, cache_dir=tmp_path)
    assert trial.why is not None
    assert trial.why.startswith("CUDA was demanded, but this ONNX Runtime has only")


def test_a_crash(tmp_path) -> None:
    trial = try_it(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert trial.why == "the driver crashed (SIGSEGV)"


def test_a_hang(tmp_path) -> None:
    assert try_it(tmp_path, "import time; time.sleep(600)", timeout_s=0.5).why == "gave no result within 0.5 s"


def test_what_hangs_takes_its_children_along(tmp_path) -> None:
    fifo, stop = tmp_path / "breath", threading.Event()
    os.mkfifo(fifo)
    child = f"import time; held = open({str(fifo)!r}, 'w'); time.sleep(600)"
    body = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(600)"

    def listen() -> None:
        with fifo.open() as breath:
            stop.set()  # the child has opened it too
            breath.read()  # lasts as long as the child

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    with pytest.raises(Stopped):
        try_it(tmp_path, body, stop=stop)
    listener.join(60)
    assert not listener.is_alive()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "ended with status 0 and no result"),
        ("print('hello')", "ended with status 0 and no result"),
        ("print('{}')", "ended with status 0 and no result"),
        ("raise SystemExit(3)", "ended with status 3 and no result"),
        ("raise RuntimeError('CUDA failure 999')", "RuntimeError: CUDA failure 999"),
    ],
)
def test_nonsense(tmp_path, body: str, why: str) -> None:
    assert try_it(tmp_path, body).why == why


def test_a_result_for_another_provider(tmp_path) -> None:
    values = {"candidate": {"provider": CPU, "variant": None}, "why": None, "load_s": 1, "first_s": 1, "rtf": 1, "memory_mb": 1}
    assert try_it(tmp_path, f"print({json.dumps(values)!r})").why == "answered for another provider"


def test_a_build_without_code_for_the_gpu_is_explained(tmp_path) -> None:
    why = try_it(tmp_path, "raise RuntimeError('CUDA failure 209: no kernel image is available for execution on the device')").why
    assert why.endswith("this ONNX Runtime has no code for this GPU; install a build for it (requirements/jetson.md)")


@pytest.mark.parametrize(
    "reason",
    [
        "Failed to allocate memory for requested buffer of size 33554432",
        "Available memory of 1048576 is smaller than requested bytes of 33554432",
        "CUDA failure 2: out of memory",
    ],
)
def test_too_little_memory_is_explained(tmp_path, reason: str) -> None:
    why = try_it(tmp_path, f"raise RuntimeError({reason!r})").why
    assert why == f"RuntimeError: {reason} - raise voice.gpu_memory_mib, or leave the GPU more memory"


def test_it_can_be_called_off(tmp_path) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Stopped):
        try_it(tmp_path, "import time; time.sleep(600)", stop=stop)
    assert time.monotonic() - began < 60
