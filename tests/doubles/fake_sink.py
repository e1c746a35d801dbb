"""A sound card in simulated time: nothing waits, and what was heard when is known to the sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_agent.playback.errors import SinkLost


class ScriptedClock:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self._elapsed_s = 0.0
        self.epoch_s = 1_800_000_000.0
        """The time of day when no time had passed; another one is a clock that was set."""

    def now(self) -> float:
        return self.epoch_s + self._elapsed_s

    def monotonic(self) -> float:
        return self._elapsed_s

    def advance(self, seconds: float) -> None:
        self._elapsed_s += seconds


class FakeCard:
    """The hardware behind :class:`FakeSink`; stays while sinks are opened and closed, can be unplugged or freeze."""

    def __init__(self, clock: ScriptedClock, *, sample_rate: int = 48000, buffer_s: float = 0.15, paced: bool = True) -> None:
        self.clock = clock
        self.sample_rate = sample_rate
        self.buffer_s = buffer_s
        self.paced = paced
        """An unpaced card has played each frame at once, like a file."""
        self.present = True
        self.frozen_at: float | None = None
        self.n_opened = 0
        self.open_now = False
        self.n_written = 0
        self._pieces: list[tuple[int, NDArray[np.float32]]] = []
        self._end = 0

    def sink(self) -> FakeSink:
        return FakeSink(self)

    def unplug(self) -> None:
        self.present = False
        self.cut()

    def replug(self) -> None:
        self.present = True

    def freeze(self) -> None:
        """Stop taking audio while pretending that all is well."""
        self.frozen_at = self.clock.monotonic()

    def heard(self) -> NDArray[np.float32]:
        """Everything heard since the clock started, silence included: float32 [n_frames]."""
        return self._timeline()[: self._position()] if self.paced else self._timeline()

    def queued(self) -> int:
        return max(0, self._end - self._position()) if self.paced else 0

    def play(self, pcm: NDArray[np.float32]) -> bool:
        """Queue behind what is queued; returns whether there still was something."""
        seamless = not self.paced or self._end >= self._position()
        start = max(self._end, self._position()) if self.paced else self._end
        self._pieces.append((start, np.array(pcm, dtype=np.float32)))
        self._end = start + len(pcm)
        self.n_written += len(pcm)
        return seamless

    def cut(self) -> None:
        """Forget what was not heard yet."""
        if self.paced:
            timeline = self._timeline()[: self._position()]
            self._pieces, self._end = [(0, timeline)], len(timeline)

    def _position(self) -> int:
        at = self.clock.monotonic() if self.frozen_at is None else self.frozen_at
        return round(at * self.sample_rate)

    def _timeline(self) -> NDArray[np.float32]:
        timeline = np.zeros(max(self._end, self._position()), dtype=np.float32)
        for start, pcm in self._pieces:
            timeline[start : start + len(pcm)] = pcm
        return timeline


class FakeSink:
    """A :class:`~edge_agent.playback.sink.Sink` on a :class:`FakeCard`; waiting moves the card's clock."""

    def __init__(self, card: FakeCard) -> None:
        self.sample_rate = card.sample_rate
        self.underruns = 0
        self._card = card
        self._open = False
        self._running = False

    def open(self) -> None:
        if not self._card.present:
            raise SinkLost("the fake card is not there")
        self._card.n_opened += 1
        self._card.open_now = self._open = True

    def write(self, pcm: NDArray[np.float32]) -> None:
        n_piece = round(self._card.buffer_s * self.sample_rate / 4)
        for start in range(0, len(pcm), n_piece):
            piece = pcm[start : start + n_piece]
            self._check()
            self._wait(max(0.0, (self._card.queued() + len(piece)) / self.sample_rate - self._card.buffer_s))
            if not self._card.play(piece) and self._running:
                self.underruns += 1
            self._running = True

    def delay_s(self) -> float:
        self._check()
        return self._card.queued() / self.sample_rate

    def drop(self) -> None:
        self._check()
        self._card.cut()
        self._running = False

    def drain(self) -> None:
        self._check()
        self._wait(self._card.queued() / self.sample_rate)
        self._running = False

    def close(self) -> None:
        if self._open:
            self._card.cut()
            self._card.open_now = self._open = False

    def _wait(self, seconds: float) -> None:
        if seconds > 0:
            self._card.clock.advance(seconds if self._card.frozen_at is None else seconds + 0.5)
            self._check()

    def _check(self) -> None:
        frozen_at = self._card.frozen_at
        frozen = frozen_at is not None and self._card.queued() and self._card.clock.monotonic() - frozen_at >= 0.5
        if not self._open or not self._card.present or frozen:
            raise SinkLost("the fake card is gone")
