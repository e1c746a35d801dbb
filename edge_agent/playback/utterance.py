"""The sound of one announcement, on its way from the synthesis thread to the audio thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from edge_agent.playback.errors import BadAudio
from edge_agent.playback.sink import PCM

_NEARLY_WHOLE_S = 0.1
"""A segment with less than this to go counts as spoken: what is left is its closing silence."""

_SIGN_EVERY_S = 1.0
"""How often who waits for room is let know that it waits."""

_LEAST_BUFFER_S = 0.5
"""The player holds back the end of what it has; a smaller buffer would be full before it hands anything over."""


class StreamState(NamedTuple):
    """``n_buffered`` samples wait to be taken of ``n_put`` so far."""

    n_buffered: int
    n_put: int
    finished: bool
    cancelled: bool
    error: Exception | None


class Utterance:
    """A bounded stream of PCM with the segments it is made of. Thread-safe.

    The synthesis thread calls :meth:`put` until :meth:`finish` or :meth:`fail`; the audio thread takes from the other
    end. :meth:`cancel` makes a waiting or later ``put`` return ``False``, so that synthesis of what nobody will hear
    ends at once.
    """

    def __init__(self, id: str, sample_rate: int, *, volume: float = 1.0, first_segment: int = 0, max_buffered_s: float = 20.0) -> None:
        """``volume`` is a linear gain on the whole utterance; ``put`` blocks beyond ``max_buffered_s``. An utterance
        that resumes an earlier one begins at its ``first_segment``."""
        if max_buffered_s < _LEAST_BUFFER_S:
            raise ValueError(f"max_buffered_s must be at least {_LEAST_BUFFER_S}, got {max_buffered_s}")
        self.id = id
        self.sample_rate = sample_rate
        self.volume = volume
        self._max_buffered = round(max_buffered_s * sample_rate)
        self._changed = threading.Condition()
        self._chunks: deque[tuple[PCM, float]] = deque()
        self._n_buffered = 0
        self._n_put = 0
        self._first_segment = first_segment
        self._segment_starts: list[tuple[int, int]] = []  # (first sample, segment)
        self._finished = False
        self._cancelled = False
        self._error: Exception | None = None
        self._on_change: Callable[[], None] | None = None

    # ---- the synthesis thread's end

    def put(self, chunk: PCM, *, segment: int, gain: float = 1.0, waiting: Callable[[], None] = lambda: None) -> bool:
        """Append mono float32 or int16 [n_samples] of segment number ``segment``; blocks while the stream is full.

        ``gain`` (linear) brings this chunk to the loudness target, so that a voice and a chime can share an utterance.
        ``waiting`` is called every second of such a pause, which lasts for as long as the audio device is away.

        Returns:
            Whether anyone still listens.

        Raises:
            BadAudio: not float32 or int16, not mono, or NaN or infinity in it.
            ValueError: segments go backwards, or the stream was finished.
        """
        _check(chunk)
        with self._changed:
            if self._finished or self._error:
                raise ValueError(f"utterance {self.id}: put() after finish() or fail()")
            if self._segment_starts and segment < self._segment_starts[-1][1]:
                raise ValueError(f"utterance {self.id}: segment {segment} after {self._segment_starts[-1][1]}")
            while not self._changed.wait_for(lambda: self._cancelled or self._n_buffered < self._max_buffered, _SIGN_EVERY_S):
                waiting()
            if self._cancelled:
                return False
            if not self._segment_starts or segment != self._segment_starts[-1][1]:
                self._segment_starts.append((self._n_put, segment))
            if len(chunk):
                self._chunks.append((chunk, gain))
                self._n_buffered += len(chunk)
                self._n_put += len(chunk)
        self._notify()
        return True

    def finish(self) -> None:
        """No more chunks will come."""
        with self._changed:
            self._finished = True
        self._notify()

    def fail(self, error: Exception) -> None:
        """Synthesis broke down; what was not heard yet will not be."""
        with self._changed:
            self._error = error
        self._notify()

    def cancel(self) -> None:
        """Nobody listens any more: drop what is buffered and release a blocked ``put``."""
        with self._changed:
            self._cancelled = True
            self._chunks.clear()
            self._n_buffered = 0
            self._changed.notify_all()
        self._notify()

    # ---- the audio thread's end

    def listen(self, on_change: Callable[[], None] | None) -> None:
        """Have ``on_change`` called, from whichever thread, after each change of the stream."""
        self._on_change = on_change

    def take(self, n_samples: int) -> list[tuple[PCM, float]]:
        """Remove up to ``n_samples`` as (PCM, gain) pieces; empty when nothing is buffered."""
        pieces: list[tuple[PCM, float]] = []
        with self._changed:
            while n_samples > 0 and self._chunks:
                chunk, gain = self._chunks.popleft()
                if len(chunk) > n_samples:
                    self._chunks.appendleft((chunk[n_samples:], gain))
                    chunk = chunk[:n_samples]
                pieces.append((chunk, gain))
                n_samples -= len(chunk)
                self._n_buffered -= len(chunk)
            self._changed.notify_all()
        return pieces

    def put_back(self, pieces: list[tuple[PCM, float]]) -> None:
        """Undo a :meth:`take`: nobody has heard these pieces, and the next who takes gets them first."""
        with self._changed:
            if not self._cancelled:
                self._chunks.extendleft(reversed(pieces))
                self._n_buffered += sum(len(pcm) for pcm, _ in pieces)

    def state(self) -> StreamState:
        """A consistent look at the stream."""
        with self._changed:
            return StreamState(self._n_buffered, self._n_put, self._finished, self._cancelled, self._error)

    def segment_after(self, n_heard: int) -> int:
        """The first segment that was not heard to its end when the first ``n_heard`` samples were; one past the last
        segment when all were."""
        n_whole = n_heard + round(_NEARLY_WHOLE_S * self.sample_rate)
        with self._changed:
            if not self._segment_starts:
                return self._first_segment
            ends = [start for start, _ in self._segment_starts[1:]]
            for end, (_, segment) in zip(ends, self._segment_starts, strict=False):
                if end > n_whole:
                    return segment
            last = self._segment_starts[-1][1]
            return last + 1 if self._finished and self._n_put <= n_whole else last

    def _notify(self) -> None:
        on_change = self._on_change  # once: the audio thread may stop listening meanwhile
        if on_change is not None:
            on_change()


def _check(chunk: PCM) -> None:
    if not isinstance(chunk, np.ndarray) or chunk.dtype not in (np.float32, np.int16) or chunk.ndim != 1:
        got = f"{chunk.dtype} {list(chunk.shape)}" if isinstance(chunk, np.ndarray) else type(chunk).__name__
        raise BadAudio(f"a chunk must be float32 or int16 mono [n_samples], got {got}")
    if not np.isfinite(chunk).all():
        raise BadAudio("a chunk holds NaN or infinity; the engine's output is broken")
