"""The sink through its comings and goings: opened when needed, given back when idle, tried again when lost."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np

from edge_agent.clock import Clock
from edge_agent.playback.errors import SinkLost
from edge_agent.playback.events import DeviceBack, DeviceLost, PlayerEvent
from edge_agent.playback.sink import PCM, Sink

log = logging.getLogger(__name__)

LOW_WATER_S = 0.05
"""With less than this queued the device is about to run dry; positions may be a period of 30 ms old."""

_FIRST_RETRY_S = 0.1
_LONGEST_RETRY_S = 1.0


class Device:
    """Used by the audio thread only. Methods raise :class:`SinkLost`, after which :meth:`lose` is to be called."""

    def __init__(
        self,
        sink_factory: Callable[[], Sink],
        on_event: Callable[[PlayerEvent], None],
        clock: Clock,
        *,
        lead_in_s: float,
        idle_close_s: float,
    ) -> None:
        self._sink_factory = sink_factory
        self._on_event = on_event
        self._clock = clock
        self._lead_in_s = lead_in_s
        self._idle_close_s = idle_close_s
        self._sink: Sink | None = None
        self._running = False
        self._lead_in_left_s = 0.0
        self._used_at = 0.0
        self._dry_at = 0.0
        self._retry_at: float | None = None
        self._retry_s = _FIRST_RETRY_S

    @property
    def lost(self) -> bool:
        return self._retry_at is not None

    @property
    def running(self) -> bool:
        """Whether frames were written since the device last rested."""
        return self._running

    @property
    def sample_rate(self) -> int:
        return self._opened().sample_rate

    def acquire(self) -> None:
        """Open the device unless it is open."""
        if self._sink is not None:
            return
        sink = self._sink_factory()
        try:
            sink.open()
        except SinkLost:
            sink.close()
            raise
        self._sink, self._running = sink, False
        self._lead_in_left_s = self._lead_in_s
        self._used_at = self._clock.monotonic()

    def delay_s(self) -> float:
        return self._opened().delay_s() if self._running else 0.0

    def write(self, pcm: PCM) -> float | None:
        """Queue frames; returns for how long the device had run dry, None when it had not."""
        sink = self._opened()
        n_underruns, was_running = sink.underruns, self._running
        self._running = True
        sink.write(pcm)
        now = self._clock.monotonic()
        gap_s = max(0.0, now - self._dry_at) if was_running and sink.underruns > n_underruns else None
        self._dry_at = now + sink.delay_s()
        return gap_s

    def write_silence(self, seconds: float) -> None:
        self.write(np.zeros(round(seconds * self.sample_rate), dtype=np.float32))

    def lead_in(self, seconds: float) -> bool:
        """Queue so much of the silence that wakes a device after opening; False when it is awake."""
        if self._lead_in_left_s <= 0:
            return False
        self.write_silence(min(seconds, self._lead_in_left_s))
        self._lead_in_left_s -= seconds
        return True

    def drop(self) -> None:
        self._opened().drop()
        self._running = False

    def drain(self) -> None:
        self._opened().drain()
        self._running = False
        self._used_at = self._clock.monotonic()

    def rest(self) -> float | None:
        """Let the device play out, then close it once idle for long enough; returns when to call again."""
        if self._sink is None:
            return None
        if self._running:
            delay_s = self.delay_s()
            if delay_s > LOW_WATER_S:
                return delay_s - LOW_WATER_S
            self.drain()
        idle_left_s = self._used_at + self._idle_close_s - self._clock.monotonic()
        if idle_left_s > 0:
            return idle_left_s
        self.close()
        return None

    def close(self) -> None:
        if self._sink is not None:
            self._sink.close()
        self._sink, self._running = None, False

    def lose(self, error: SinkLost) -> None:
        """Take note that the device is gone; :meth:`retry` brings it back."""
        self.close()
        log.warning("audio device lost: %s", error)
        self._retry_s = _FIRST_RETRY_S
        self._retry_at = self._clock.monotonic() + self._retry_s
        self._on_event(DeviceLost(str(error)))

    def retry(self) -> float:
        """Try to open a lost device when it is time to; returns in how long to call again, 0 when it is back."""
        assert self._retry_at is not None
        left_s = self._retry_at - self._clock.monotonic()
        if left_s > 0:
            return left_s
        try:
            self.acquire()
        except SinkLost as error:
            log.debug("audio device still away: %s", error)
            self._retry_s = min(2 * self._retry_s, _LONGEST_RETRY_S)
            self._retry_at = self._clock.monotonic() + self._retry_s
            return self._retry_s
        self._retry_at = None
        log.info("audio device back")
        self._on_event(DeviceBack())
        return 0.0

    def _opened(self) -> Sink:
        if self._sink is None:
            raise SinkLost("the audio device is not open")
        return self._sink
