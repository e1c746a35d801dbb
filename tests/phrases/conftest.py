from __future__ import annotations

import hashlib
import os
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.phrases import PhraseCache

SAMPLE_RATE = 24_000


@dataclass
class ManualClock:
    """A clock that moves when told to; ``wall`` may also jump back."""

    wall: float = 1_700_000_000.0
    elapsed: float = 0.0

    def now(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.elapsed

    def advance(self, seconds: float) -> None:
        self.wall += seconds
        self.elapsed += seconds


class Phrases:
    """Numbered phrases, each with its own key, text and sound."""

    sample_rate = SAMPLE_RATE

    def key(self, number: int) -> str:
        return hashlib.sha256(f"phrase {number}".encode()).hexdigest()

    def text(self, number: int) -> str:
        return f"第{number}句"

    def pcm(self, number: int, audio_s: float = 0.1) -> NDArray[np.float32]:
        """Already on the 16-bit grid, so that it comes back exactly."""
        noise = np.random.default_rng(number).uniform(-0.5, 0.5, int(audio_s * SAMPLE_RATE))
        return (np.rint(noise * 32768) / 32768).astype(np.float32)

    def put(self, cache: PhraseCache, number: int, *, audio_s: float = 0.1, **options) -> bool:
        description = {"text": self.text(number), "lang": "zh", "voice_id": "lan", "sample_rate": SAMPLE_RATE}
        return cache.put(self.key(number), self.pcm(number, audio_s), **{**description, **options})

    def plays(self, cache: PhraseCache, number: int, audio_s: float = 0.1) -> bool:
        """Whether the phrase is played; if so it must be the right sound."""
        pcm = cache.get(self.key(number))
        if pcm is not None:
            np.testing.assert_array_equal(pcm, self.pcm(number, audio_s))
        return pcm is not None


@pytest.fixture(scope="session")
def phrases() -> Phrases:
    return Phrases()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "phrases"


@pytest.fixture
def open_cache(folder: Path, clock: ManualClock) -> Iterator[Callable[..., PhraseCache]]:
    """Open the test's cache; opening it again closes the previous one unless told to keep it."""
    opened: list[PhraseCache] = []

    def opener(*, keep: bool = False, **options) -> PhraseCache:
        if opened and not keep:
            opened[-1].close()
        cache = PhraseCache(folder, **{"clock": clock, "floor_bytes": 0, **options})
        opened.append(cache)
        return cache

    yield opener
    for cache in opened:
        cache.close()


@pytest.fixture
def cache(open_cache: Callable[..., PhraseCache]) -> PhraseCache:
    return open_cache()


@pytest.fixture
def start_child() -> Iterator[Callable[[Callable[[], None]], int]]:
    """Run a function in a forked process, whose number it returns; what still runs at the end is killed."""
    running: list[int] = []

    def start(work: Callable[[], None]) -> int:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                work()
                status = 0
            finally:
                if status:
                    traceback.print_exc()
                os._exit(status)
        running.append(child)
        return child

    yield start
    for child in running:
        try:
            os.kill(child, 9)
            os.waitpid(child, 0)
        except (ProcessLookupError, ChildProcessError):
            continue


@pytest.fixture
def audio_files(folder: Path) -> Callable[[], set[str]]:
    return lambda: {path.name for path in (folder / "audio").iterdir()}
