"""The utterance that is being played, seen from the audio thread."""

from __future__ import annotations

import numpy as np

from edge_agent.playback.chain import Chain
from edge_agent.playback.sink import PCM
from edge_agent.playback.utterance import StreamState, Utterance

BLOCK_S = 0.02
GUARD_S = 0.1
"""The end of an utterance that is handed over only after its :class:`~edge_agent.playback.events.NearEnd` was
acknowledged."""

_ANNOUNCE_S = 2 * GUARD_S
"""``NearEnd`` is reported with this much to go, so that the acknowledgement arrives before the guard is reached."""


class Track:
    """Turns an utterance into blocks for the device and knows how much of it was handed over."""

    def __init__(self, utterance: Utterance, device_rate: int) -> None:
        self.utterance = utterance
        self.segment = utterance.segment_after(0)
        """The first segment that was not heard to its end, as far as it was reported."""
        self.acknowledged = False
        self.ack_deadline: float | None = None
        """Until when (monotonic) an acknowledgement is waited for; ``None`` before it was asked for."""
        self.gap_s: float | None = None
        """Silence played in the current gap; ``None`` outside one."""
        self._device_rate = device_rate
        self._chain = Chain(utterance.sample_rate, device_rate)
        self._ready = np.zeros(0, dtype=np.float32)
        self._flushed = False
        self._n_rendered = 0
        self._unheard: list[tuple[PCM, float]] | None = []

    @property
    def started(self) -> bool:
        """Whether the device has accepted a frame."""
        return self._unheard is None

    def start(self) -> None:
        """The device has accepted a frame."""
        self._unheard = None

    def taken_back(self) -> Utterance:
        """The utterance whole again, for another track: of this one, which has not started, nothing was heard."""
        self.utterance.put_back(self._unheard or [])
        return self.utterance

    @property
    def id(self) -> str:
        return self.utterance.id

    @property
    def spent(self) -> bool:
        """Whether every frame was rendered."""
        return self._flushed and not len(self._ready)

    def near_end(self, stream: StreamState) -> bool:
        return stream.finished and self._seconds(stream.n_put) - self.rendered_s <= _ANNOUNCE_S

    def short(self, stream: StreamState) -> bool:
        """Whether the guard may be all there is."""
        return stream.finished and self._seconds(stream.n_put) <= _ANNOUNCE_S

    def render(self, volume: float, now: float) -> PCM:
        """The next block, up to ``BLOCK_S`` long; empty while the synthesis or the acknowledgement is late."""
        n_frames = round(BLOCK_S * self._device_rate)
        if not self.acknowledged and (self.ack_deadline is None or now < self.ack_deadline):
            unguarded_s = self._seconds(self.utterance.state().n_put) - GUARD_S - self.rendered_s
            n_frames = min(n_frames, max(0, round(unguarded_s * self._device_rate)))
        return self._pull(n_frames, volume)

    def fade_out(self, fade_s: float, volume: float) -> PCM:
        """The next frames, guard or not, down to silence."""
        tail = self._pull(round(fade_s * self._device_rate), volume)
        return tail * _ramp(len(tail), len(tail))[::-1]

    def fade_in(self, block: PCM, fade_s: float) -> PCM:
        return block * _ramp(len(block), round(fade_s * self._device_rate))

    @property
    def rendered_s(self) -> float:
        return self._n_rendered / self._device_rate

    def heard(self, *, unheard_s: float) -> tuple[int, float]:
        """The next segment to be heard, and the seconds heard, when the last ``unheard_s`` rendered never will be."""
        heard_s = max(0.0, self.rendered_s - unheard_s)
        return self.utterance.segment_after(self._samples(heard_s)), heard_s

    def _pull(self, n_frames: int, volume: float) -> PCM:
        gain = volume * self.utterance.volume
        while len(self._ready) < n_frames and not self._flushed:
            stream = self.utterance.state()
            if stream.n_buffered:
                pieces = self.utterance.take(self._samples(BLOCK_S))
                if self._unheard is not None:
                    self._unheard += pieces
                rendered = [self._chain.process(pcm, gain * own) for pcm, own in pieces]
            elif stream.finished:
                rendered, self._flushed = [self._chain.flush()], True
            else:
                break
            self._ready = np.concatenate((self._ready, *rendered))
        block, self._ready = self._ready[:n_frames], self._ready[n_frames:]
        self._n_rendered += len(block)
        return block

    def _seconds(self, n_samples: int) -> float:
        return n_samples / self.utterance.sample_rate

    def _samples(self, seconds: float) -> int:
        return round(seconds * self.utterance.sample_rate)


def _ramp(n_frames: int, n_fade: int) -> PCM:
    """Raised cosine from silence over ``n_fade`` frames, then unity: [n_frames]."""
    position = np.minimum(np.arange(n_frames) / max(1, n_fade), 1.0)
    return (0.5 - 0.5 * np.cos(np.pi * position)).astype(np.float32)
