"""Speaks for benchmarks/engine.py in the interpreter that has piper-tts; needs nothing else.

Each line of standard input is a JSON string to say; each is answered by a JSON object of what it took.
"""

from __future__ import annotations

import json
import os
import sys
import time

from piper import PiperVoice

if hasattr(os, "sched_setaffinity"):  # Piper takes as many threads as it sees cores
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
voice = PiperVoice.load(sys.argv[1])
for line in sys.stdin:
    cpu, wall, first, audio_s = time.process_time(), time.perf_counter(), None, 0.0
    for chunk in voice.synthesize(json.loads(line)):
        first = time.perf_counter() - wall if first is None else first
        audio_s += len(chunk.audio_int16_bytes) / 2 / chunk.sample_rate
    took = {"audio_s": audio_s, "cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall, "first_s": first}
    print(json.dumps(took), flush=True)
