"""How long an assistant on the same computer waits for speech, over a Unix socket and over TCP with CURVE.

    python -m benchmarks.zmq_latency [--n 500] [--phrases 60] [--json]

The daemon runs as a process of its own, with the voice that ships, on an ALSA device that takes sound in real time: a PulseAudio null
sink by default, or the one named by --device. Rows:

- ``bare ROUTER``: a round trip of the same frames to a process that only sends them back; what ZeroMQ itself costs.
- ``ping``, ``status``: verb round trips, through the daemon's core. ``ratio`` is to the bare one over the same transport, medians.
- ``say, preloaded``: from the call of say() to the first frame of a phrase from the cache that ALSA has accepted.
- ``say, new``: the same for a phrase never said before, whose first segment has to be synthesized first; ``ratio`` is to a preloaded
  one. ``stages`` are the shares of that time: until the request was understood, was safely in the journal, had its first sound, and
  had its first frame accepted.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zmq

from edge_agent.client import SpeechClient
from edge_agent.ingress.zmq_keys import KeyRing, make_pair, write_client_file
from tests.rigs.alsa import NullSink
from tests.rigs.daemon import Daemon
from tests.rigs.ports import free_port

_WARM_UP = 20
_PATIENCE_S = 120.0
_STAGES = ("normalised", "journaled", "first_pcm", "first_frame")


@dataclass
class Row:
    """Times of one kind of request."""

    name: str
    transport: str
    times_ms: Sequence[float]
    ratio: float | None = None
    stages: dict[str, float] = field(default_factory=dict)

    @property
    def median_ms(self) -> float:
        return statistics.median(self.times_ms)

    def to_dict(self) -> dict[str, Any]:
        cuts = statistics.quantiles(self.times_ms, n=100, method="inclusive")
        figures = {f"p{part}_ms": round(cuts[part - 1], 3) for part in (50, 95, 99)}
        ratio = None if self.ratio is None else round(self.ratio, 2)
        shares = {name: round(share, 3) for name, share in self.stages.items()}
        return {"name": self.name, "transport": self.transport, "n": len(self.times_ms), **figures, "ratio": ratio, "stages": shares}


def measure(action: Callable[[], object], n: int) -> list[float]:
    """Durations in milliseconds, after a warm-up."""
    times_ms = []
    for _ in range(n + _WARM_UP):
        started = time.perf_counter()
        action()
        times_ms.append((time.perf_counter() - started) * 1000)
    return times_ms[_WARM_UP:]


def _echo(endpoint: str, secret: bytes | None) -> None:
    router = zmq.Context.instance().socket(zmq.ROUTER)
    if secret is not None:
        router.curve_server, router.curve_secretkey = True, secret
    router.bind(endpoint)
    while True:
        router.send_multipart(router.recv_multipart())


def bare(endpoint: str, n: int, *, secured: bool) -> list[float]:
    """Round trips to a process that only echoes."""
    public, secret = zmq.curve_keypair()
    echo = multiprocessing.get_context("spawn").Process(target=_echo, args=(endpoint, secret if secured else None), daemon=True)
    echo.start()
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    dealer = context.socket(zmq.DEALER)
    dealer.linger = 0
    if secured:
        dealer.curve_serverkey = public
        dealer.curve_publickey, dealer.curve_secretkey = zmq.curve_keypair()
    dealer.connect(endpoint)

    def trip() -> None:
        dealer.send_multipart([b"1", b'{"verb": "ping", "ref": "1"}'])
        dealer.recv_multipart()

    try:
        return measure(trip, n)
    finally:
        context.destroy(linger=0)
        echo.terminate()
        echo.join()


def until_first_frame(speech: SpeechClient, text: str) -> tuple[float, dict[str, float]]:
    """Milliseconds from the call to the first frame accepted, and the daemon's stages in seconds since the request's arrival."""
    called = time.time()
    handle = speech.say(text, lang="zh")
    if not handle.wait_played(_PATIENCE_S):
        raise SystemExit(f"{text!r} ended as {handle.outcome}: {handle.events[-1]}")
    stages: dict[str, float] = handle.events[-1]["stages"]
    started = next(event for event in handle.events if event["event"] == "started")
    # The event's time has milliseconds; the stage is finer, but does not have the way to the daemon.
    return max((started["at"] - called) * 1000, stages["first_frame"] * 1000), stages


def shares(found: Sequence[dict[str, float]]) -> dict[str, float]:
    """What part of the time to the first frame each stage took, by the mean over all requests."""
    ends = {name: statistics.fmean(stages[name] for stages in found) for name in _STAGES}
    total, before, parts = ends["first_frame"], 0.0, {}
    for name in _STAGES:
        parts[name] = (ends[name] - before) / total
        before = ends[name]
    return parts


def rows(speech: SpeechClient, transport: str, n: int, n_phrases: int, bare_ms: list[float]) -> Iterator[Row]:
    floor = Row("bare ROUTER", transport, bare_ms)
    yield floor
    for name, verb in (("ping", speech.ping), ("status", speech.status)):
        row = Row(name, transport, measure(verb, n))
        row.ratio = row.median_ms / floor.median_ms
        yield row
    numbers = range(200, 200 + n_phrases)
    kept = [f"前方{number}米右转" for number in numbers]
    speech.preload(kept)
    until_first_frame(speech, kept[0])  # opens the device, which says nothing of the others
    found = [until_first_frame(speech, text) for text in kept]
    preloaded = Row("say, preloaded", transport, [ms for ms, _ in found], stages=shares([stages for _, stages in found]))
    yield preloaded
    # Words of its own for each transport: none of them is in the cache yet.
    street = {"ipc": "人民路", "tcp+CURVE": "解放路"}[transport]
    found = [until_first_frame(speech, f"请在{number}米后左转进入{street}") for number in numbers]
    new = Row("say, new", transport, [ms for ms, _ in found], stages=shares([stages for _, stages in found]))
    new.ratio = new.median_ms / preloaded.median_ms
    yield new


def run(n: int, n_phrases: int, device: str | None, folder: Path) -> list[Row]:
    with contextlib.ExitStack() as stack:
        if device is None:
            sink = NullSink()
            stack.callback(sink.close)
            os.environ["ALSA_CONFIG_PATH"], device = str(sink.config), sink.device
        port = free_port()
        audio = {"device": device, "idle_close_s": 600}
        listening = {"socket_dir": str(folder), "tcp_host": "127.0.0.1", "tcp_port": port}
        daemon = Daemon(folder, 1, {"mqtt": {"enabled": False}, "audio": audio, "zmq": listening})
        stack.callback(daemon.close)
        keys, pair = KeyRing(folder / "state" / "zmq"), make_pair()
        server = keys.make_server()
        keys.allow("bench", pair.public)
        write_client_file(folder / "bench.json", "bench", pair, server.public)
        daemon.start()
        found: list[Row] = []
        with SpeechClient(folder, timeout_s=_PATIENCE_S) as local:
            found += rows(local, "ipc", n, n_phrases, bare(f"ipc://{folder}/echo.sock", n, secured=False))
        with SpeechClient(f"tcp://127.0.0.1:{port}", keys=folder / "bench.json", timeout_s=_PATIENCE_S) as remote:
            found += rows(remote, "tcp+CURVE", n, n_phrases, bare(f"tcp://127.0.0.1:{free_port()}", n, secured=True))
        return found


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--n", type=int, default=500, help="round trips of each verb (default %(default)s)")
    parser.add_argument("--phrases", type=int, default=60, help="phrases of each kind (default %(default)s)")
    parser.add_argument("--device", help="ALSA device to play on (default: a silent one in real time)")
    parser.add_argument("--json", action="store_true", help="one JSON array instead of a table")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        found = [row.to_dict() for row in run(options.n, options.phrases, options.device, Path(folder))]
    if options.json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return
    lines = ["| request | over | p50 ms | p95 ms | p99 ms | p50 ratio | shares |", "|---|---|---|---|---|---|---|"]
    for row in found:
        parts = ", ".join(f"{name} {share:.0%}" for name, share in row["stages"].items())
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
        lines.append("| {name} | {transport} | {p50_ms:.2f} | {p95_ms:.2f} | {p99_ms:.2f} |".format(**row) + f" {ratio} | {parts} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
