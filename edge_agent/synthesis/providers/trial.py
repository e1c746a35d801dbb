"""One provider on one voice, loaded, checked and timed.

    python -m edge_agent.synthesis.providers.trial VOICE_DIR PROVIDER VARIANT THREADS GPU_MEMORY_BYTES CACHE_DIR

Prints one line of JSON. Meant to be run by :mod:`edge_agent.synthesis.providers.attempt`: it may crash or never end.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import sys
import time
from pathlib import Path

from edge_agent.errors import EdgeAgentError
from edge_agent.synthesis.engine import Engine
from edge_agent.synthesis.loader import load_engine
from edge_agent.synthesis.providers.attempt import explain
from edge_agent.synthesis.providers.choice import Candidate, Trial
from edge_agent.synthesis.providers.names import short
from edge_agent.synthesis.runtime import Runtime
from edge_agent.text import Speech, plan

TEXTS = ("请到五号窗口。", "The train to the airport leaves from platform nine in five minutes.")
"""A short one and a longer one: what a GPU gains on the second it may lose on the first."""
RUNS = 3
_NICENESS = 5


def measure(voice: Path, candidate: Candidate, *, threads: int, gpu_memory_bytes: int, cache_dir: Path | None) -> Trial:
    """Load, compare with the golden phrase, warm up, time."""
    began = time.perf_counter()
    try:
        runtime = Runtime(
            short(candidate.provider), threads, cache_dir=cache_dir, variant=candidate.variant, gpu_memory_bytes=gpu_memory_bytes
        )
        engine = load_engine(voice, runtime)
    except EdgeAgentError as error:
        return Trial(candidate, explain(_one_line(error)))
    try:
        if runtime.degraded:
            return Trial(candidate, explain(runtime.why or "its session runs elsewhere"))
        engine.check()
        segments = [item for text in TEXTS for item in plan(text).items if isinstance(item, Speech)]
        for segment in segments:
            _speak(engine, segment)
        load_s = time.perf_counter() - began
        takes = [[_speak(engine, segment) for _ in range(RUNS)] for segment in segments]
    except EdgeAgentError as error:
        return Trial(candidate, explain(_one_line(error)))
    finally:
        engine.close()
    medians = [[statistics.median(values) for values in zip(*each, strict=True)] for each in takes]
    return Trial(
        candidate,
        load_s=round(load_s, 3),
        first_s=round(max(first for first, _, _ in medians), 5),
        rtf=round(max(whole / audio for _, whole, audio in medians), 5),
        memory_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    )


def _speak(engine: Engine, segment: Speech) -> tuple[float, float, float]:
    """Seconds to the first sound and to the last, and how many of sound."""
    began = time.perf_counter()
    first_s, n_samples = 0.0, 0
    for chunk in engine.synthesize(segment):
        first_s = first_s or time.perf_counter() - began
        n_samples += len(chunk)
    return first_s, time.perf_counter() - began, n_samples / engine.sample_rate


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def main(arguments: list[str]) -> None:
    voice, provider, variant, threads, n_bytes, cache_dir = arguments
    os.nice(_NICENESS)  # somebody may be speaking meanwhile
    candidate = Candidate(provider, None if variant == "-" else variant)
    trial = measure(Path(voice), candidate, threads=int(threads), gpu_memory_bytes=int(n_bytes), cache_dir=Path(cache_dir))
    sys.stdout.write(json.dumps(trial.to_json()) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
