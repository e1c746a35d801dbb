"""How long the phrase cache takes to answer, keep and start. Prints a table.

python benchmarks/phrase_cache.py --entries 5000 --audio-s 3
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_agent.phrases import PhraseCache

SAMPLE_RATE = 24_000
N_SOUNDS = 16


def main() -> None:
    options = parse_arguments()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        rows = list(measure(Path(name), options.entries, options.audio_s, options.lookups))
    print(f"{options.entries} entries of {options.audio_s} s at {SAMPLE_RATE} Hz, times in ms")
    print(f"{'':34}{'p50':>9}{'p99':>9}{'max':>9}{'n':>8}")
    for title, seconds in rows:
        p50, p99, worst = 1000 * np.percentile(seconds, [50, 99, 100])
        print(f"{title:34}{p50:9.3f}{p99:9.3f}{worst:9.3f}{len(seconds):8}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=5000, help="phrases in the cache (default: %(default)s)")
    parser.add_argument("--audio-s", type=float, default=3.0, help="length of each (default: %(default)s)")
    parser.add_argument("--lookups", type=int, default=2000, help="look-ups to time (default: %(default)s)")
    parser.add_argument("--folder", type=Path, help="a folder on the disk to measure (default: the system's temporary)")
    return parser.parse_args()


def measure(folder: Path, n_entries: int, audio_s: float, n_lookups: int) -> Iterator[tuple[str, list[float]]]:
    sounds = [speech_like(seed, audio_s) for seed in range(N_SOUNDS)]
    cache = PhraseCache(folder, budget_bytes=2**40, floor_bytes=0)

    def put(number: int) -> None:
        kept = cache.put(
            key(number),
            sounds[number % N_SOUNDS],
            text=f"phrase {number}",
            lang="en",
            voice_id="bench",
            sample_rate=SAMPLE_RATE,
            synthesis_s=0.3,
        )
        if not kept:
            raise SystemExit(f"the cache refused phrase {number}: {cache.stats().degraded}")

    def get(number: int) -> None:
        if cache.get(key(number)) is None:
            raise SystemExit(f"phrase {number} is gone")

    yield "keep (encode, fsync, index)", [timed(put, number) for number in range(n_entries)]
    chosen = np.random.default_rng(0).integers(0, n_entries, n_lookups).tolist()
    yield "look up, hit (read, hash, decode)", [timed(get, number) for number in chosen]
    yield "look up, miss", [timed(lambda n: cache.get(key(-1 - n)), number) for number in range(n_lookups)]
    yield "statistics", [timed(lambda _: cache.stats(), n) for n in range(20)]
    cache.close()

    def start(_: int) -> None:
        PhraseCache(folder, budget_bytes=2**40, floor_bytes=0).close()

    yield "start (check index, sweep folder)", [timed(start, n) for n in range(5)]


def timed(work: Callable[[int], object], number: int) -> float:
    begun = time.perf_counter()
    work(number)
    return time.perf_counter() - begun


def key(number: int) -> str:
    return hashlib.sha256(f"phrase {number}".encode()).hexdigest()


def speech_like(seed: int, audio_s: float) -> NDArray[np.float32]:
    """Four syllables a second of harmonics on a gliding pitch, with some breath: FLAC packs it about as it does speech."""
    random = np.random.default_rng(seed)
    t = np.arange(int(audio_s * SAMPLE_RATE)) / SAMPLE_RATE
    pitch_hz = random.uniform(100, 250) * (1 + 0.15 * np.sin(2 * np.pi * 0.7 * t))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE
    voiced = sum(np.sin(n * phase) / n**1.3 for n in range(1, 20))
    sound = voiced * np.sin(2 * np.pi * 2 * t) ** 2 + 0.02 * random.standard_normal(t.size)
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


if __name__ == "__main__":
    main()
