"""A voice that hums: each segment has a length and a pitch of its own, and any of them can be made to fail."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_agent.synthesis import Runtime, SynthesisError
from edge_agent.text import Speech

RATE = 24_000
CHUNK_S = 0.1
SECONDS_PER_CHARACTER = 0.1
CUDA = "CUDAExecutionProvider"


class FakeEngine:
    """See :class:`edge_agent.synthesis.Engine`."""

    sample_rate = RATE
    loudness_lufs = -16.0

    def __init__(self, voice_id: str, pack_digest: str, provider: str, failures: dict[str, SynthesisError | None]) -> None:
        self.voice_id, self.pack_digest, self.provider = voice_id, pack_digest, provider
        self.n_segments = 0
        self._failures = failures

    def synthesize(self, segment: Speech, *, speed: float = 1.0) -> Iterator[NDArray[np.float32]]:
        self.n_segments += 1
        pcm = hum(segment.text, speed * segment.rate)
        for start in range(0, len(pcm), round(CHUNK_S * RATE)):
            if failure := self._failures.get(self.provider):
                raise failure
            yield pcm[start : start + round(CHUNK_S * RATE)]

    def check(self) -> None:
        if failure := self._failures.get(self.provider):
            raise failure

    def close(self) -> None:
        self.provider = "closed"


class FakeLoader:
    """Stands for :func:`edge_agent.synthesis.load_engine`; ``failures`` by provider, ``broken`` is raised by loading."""

    def __init__(self, provider: str = "CPUExecutionProvider") -> None:
        self.failures: dict[str, SynthesisError | None] = {}
        self.broken: SynthesisError | None = None
        self.loaded: list[FakeEngine] = []
        self._provider = provider

    def __call__(self, folder: Path, runtime: Runtime) -> FakeEngine:
        if self.broken:
            raise self.broken
        raw = (folder / "voice.json").read_bytes()
        provider = self._provider if not self.loaded else runtime.provider
        engine = FakeEngine(json.loads(raw)["voice_id"], hashlib.sha256(raw).hexdigest(), provider, self.failures)
        self.loaded.append(engine)
        return engine


def hum(text: str, speed: float = 1.0) -> NDArray[np.float32]:
    """What the voice makes of a segment, float32 [n_samples] at ``RATE``."""
    t = np.arange(round(len(text) * SECONDS_PER_CHARACTER / speed * RATE)) / RATE
    tone = 0.1 * np.sin(2 * np.pi * pitch_hz(text) * t) * np.minimum(1, np.minimum(t, t[-1] - t) / 0.005)
    return tone.astype(np.float32)


def pitch_hz(text: str) -> float:
    """Far enough from that of other texts to be told apart within ten milliseconds."""
    return 300.0 + 100.0 * (hashlib.sha256(text.encode()).digest()[0] % 64)


def write_voice(folder: Path, voice_id: str = "hum") -> Path:
    """A voice folder with a card and nothing else in it."""
    folder.mkdir(parents=True, exist_ok=True)
    card = {"voice_id": voice_id, "display_name": "Hum", "engine": "hum", "languages": ["zh", "en"]}
    card |= {"shape": {"sample_rate": RATE}, "loudness_lufs": -16.0}
    (folder / "voice.json").write_text(json.dumps(card))
    return folder


