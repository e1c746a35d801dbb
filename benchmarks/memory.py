"""Resident memory of the daemon, warmed up and over thousands of announcements.

    python -m benchmarks.memory [--n 10000] [--phrases 200] [--json]

Starts a mosquitto and the daemon, which plays to an ALSA device that takes everything at once. ``--phrases`` different
short sentences are spoken from the phrase cache in turn, after each was made once; the rest of the daemon works as ever: every
announcement is journaled, planned, read from its FLAC file, played, and answered with events.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.latency import ALSA, DIGITS
from edge_agent.events import TERMINAL
from tests.rigs.daemon import BASE, Daemon
from tests.rigs.mosquitto import Mosquitto
from tests.rigs.mqtt_peer import Peer

AT_ONCE = 8
"""Requests that wait at any time: enough to keep the daemon busy, few enough for every queue."""
POINTS = 20
WITHIN_S = 120.0


class Load:
    """Publishes announcements as fast as they are spoken."""

    def __init__(self, port: int, texts: list[str]) -> None:
        self._peer = Peer(port).subscribe(f"{BASE}/event", f"{BASE}/status")
        self._texts = itertools.cycle(texts)
        self._numbers = itertools.count()
        deadline = time.monotonic() + WITHIN_S
        while not any(status["state"] == "online" for status in self._peer.on(f"{BASE}/status")):
            if time.monotonic() > deadline:
                raise SystemExit("the daemon did not come online")
            time.sleep(0.01)

    def speak(self, n: int) -> None:
        """Have ``n`` announcements spoken.

        Raises:
            SystemExit: one of them was not played.
        """
        published = ended = 0
        deadline = time.monotonic() + WITHIN_S
        while ended < n:
            while published < n and published - ended < AT_ONCE:
                self._peer.publish_soon(f"{BASE}/say", {"id": f"m{next(self._numbers)}", "text": next(self._texts)})
                published += 1
            arrived = tuple(self._peer.received)
            del self._peer.received[: len(arrived)]  # more may have come meanwhile
            for event in (json.loads(message.payload) for message in arrived if message.topic.endswith("/event")):
                if event["event"] in TERMINAL:
                    if event["event"] != "played":
                        raise SystemExit(f"not played: {event}")
                    ended += 1
                    deadline = time.monotonic() + WITHIN_S
            if not arrived:
                if time.monotonic() > deadline:
                    raise SystemExit(f"only {ended} of {n} were played")
                time.sleep(0.002)

    def close(self) -> None:
        self._peer.close()


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def run(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    broker = Mosquitto(folder / "broker").start()
    alsa = folder / "alsa.conf"
    alsa.write_text(ALSA.format())
    daemon = Daemon(folder / "daemon", broker.port, environ={"ALSA_CONFIG_PATH": str(alsa)}).start()
    tickets = itertools.product(DIGITS, repeat=3)
    load = Load(broker.port, [f"{a}{b}{c}号请进" for a, b, c in itertools.islice(tickets, options.phrases)])
    try:
        assert daemon.process is not None
        pid = daemon.process.pid
        load.speak(2 * options.phrases)  # each made once, then played once from the cache
        curve = [(0, resident_mb(pid))]
        began = time.monotonic()
        for spoken in _steps(options.n):
            load.speak(spoken - curve[-1][0])
            curve.append((spoken, resident_mb(pid)))
        seconds = time.monotonic() - began
    finally:
        load.close()
        daemon.close()
        broker.stop()
    # The first tenth still fills caches; what it would take for ever shows after it.
    settled = [(n, mb) for n, mb in curve if n >= options.n / 10]
    (n_first, first), (n_last, last) = settled[0], settled[-1]
    return {
        "warm_mb": round(curve[0][1], 1),
        "peak_mb": round(max(mb for _, mb in curve), 1),
        "growth_mb_per_10k": round((last - first) / (n_last - n_first) * 10_000, 2),
        "announcements_per_s": round(options.n / seconds, 1),
        "curve": [{"announcements": n, "resident_mb": round(mb, 1)} for n, mb in curve],
    }


def _steps(n: int) -> list[int]:
    return sorted({max(1, n * point // POINTS) for point in range(1, POINTS + 1)})


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=10_000, help="announcements, at least 20 (default %(default)s)")
    parser.add_argument("--phrases", type=int, default=200, help="different sentences, up to 729 (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    options = parser.parse_args(arguments)
    if options.n < POINTS:
        parser.error(f"--n must be at least {POINTS}")
    with tempfile.TemporaryDirectory(prefix="edge-agent-bench-") as folder:
        result = run(options, Path(folder))
    if options.json:
        print(json.dumps(result, indent=1))
        return
    print("| announcements | resident MB |\n|---|---|")
    for point in result["curve"]:
        print("| {announcements} | {resident_mb:.1f} |".format(**point))
    summary = "warm {warm_mb} MB, peak {peak_mb} MB, growth {growth_mb_per_10k} MB per 10,000, {announcements_per_s} a second"
    print(f"\n{summary.format(**result)}")


if __name__ == "__main__":
    main(sys.argv[1:])
