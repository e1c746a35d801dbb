"""The loudspeaker: PortAudio on ALSA, written to from the audio thread.

Measured with PortAudio 19.6 (Debian 12, Ubuntu LTS), and the reasons for what this module does not do:

- A stream whose device is gone still says that it is active, and a blocking write may wait minutes for it. So nothing
  here waits inside PortAudio: room is asked for first, and a device that takes nothing for a second is lost.
- ``Pa_StopStream`` drains by ALSA's own drain, which some plugins cut short (jack: the last 16 ms). So silence is
  written behind the last frame, and the position shows when that frame has been played.
- ALSA's rate converter swallows the last 5 to 15 ms of a stream. So the device is opened at its own rate.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np

from edge_agent.playback.errors import SinkLost
from edge_agent.playback.outputs import find, load, rescan
from edge_agent.playback.sink import PCM

_INVALID_SAMPLE_RATE = -9997  # paInvalidSampleRate
_FALLBACK_RATES = (48000, 44100)
_DRAIN_PAD_S = 0.06
"""Longer than a period of the buffer asked for, so that the device has not run dry when its position is next seen."""
_PRIME_AFTER_S = 0.1
_LONGEST_NAP_S = 0.02


class PortAudioSink:
    """A :class:`~edge_agent.playback.sink.Sink` on an ALSA device. Only one may be open in a process."""

    def __init__(
        self,
        device: str | None = None,
        *,
        sample_rate: int = 48000,
        buffer_s: float = 0.064,
        stall_s: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            device: an ALSA PCM or part of a card's name, as :func:`output_devices` lists them, or a card by its id
                (``hw:CARD=Device,DEV=0``), which stays the same from boot to boot; ``None`` for ALSA's default.
            sample_rate: what to open it at; the device's own rate is taken where it refuses.
            buffer_s: buffer to ask for; PortAudio and the device round it up, PulseAudio by a quarter. Once dry, PulseAudio
                plays nothing until all of it is filled, so it should not be more than the player queues (80 ms).
            stall_s: a device that plays nothing for so long is lost. A sound server on a busy machine pauses for half of it.
        """
        self.sample_rate = sample_rate
        self.underruns = 0
        self._device = device
        self._buffer_s = buffer_s
        self._stall_s = stall_s
        self._sleep = sleep
        self._monotonic = monotonic
        self._stream: Any = None
        self._channels = 2
        self._running = False
        self._capacity = 0
        self._n_written = 0
        self._n_played = 0
        self._stalled_s = 0.0
        self._watched_at = 0.0

    def open(self) -> None:
        sounddevice = load()
        try:
            self._open(sounddevice)
        except SinkLost:
            rescan()
            self._open(sounddevice)

    def write(self, pcm: PCM) -> None:
        stream = self._ready()
        samples = np.rint(np.clip(pcm, -1.0, 1.0) * 32767).astype("<i2")
        frames = np.repeat(samples, self._channels).reshape(-1, self._channels)
        if not self._running:
            self._start()
        piece = max(1, self._capacity // 4)
        for start in range(0, len(frames), piece):
            while (excess := self._queued() + piece - self._capacity) > 0:
                self._nap(excess)
            self._hand_over(stream, frames[start : start + piece])

    def delay_s(self) -> float:
        self._ready()
        return self._queued() / self.sample_rate

    def drop(self) -> None:
        stream = self._ready()
        if self._running:
            with self._reporting("dropping"):
                stream.abort(ignore_errors=False)
        self._running = False

    def drain(self) -> None:
        stream = self._ready()
        if not self._running:
            return
        n_pad = round(_DRAIN_PAD_S * self.sample_rate)
        self.write(np.zeros(n_pad, dtype=np.float32))
        while (excess := self._queued() - n_pad) > 0:
            self._nap(excess)
        with self._reporting("draining"):
            stream.stop(ignore_errors=False)
        self._running = False

    def close(self) -> None:
        if self._stream is not None:
            self._stream.abort()
            self._stream.close()
        self._stream, self._running = None, False

    # ---- inside

    def _open(self, sounddevice: ModuleType) -> None:
        device = find(sounddevice, self._device)
        self._channels = min(2, device["max_output_channels"])
        rates = dict.fromkeys((self.sample_rate, round(device["default_samplerate"]), *_FALLBACK_RATES))
        for rate in rates:
            try:
                self._stream = sounddevice.RawOutputStream(
                    samplerate=rate,
                    device=device["index"],
                    channels=self._channels,
                    dtype="int16",
                    latency=self._buffer_s,
                )
            except sounddevice.PortAudioError as error:
                failure = error
                if _code(error) != _INVALID_SAMPLE_RATE:
                    break
            else:
                self.sample_rate = rate
                return
        raise SinkLost(f"audio device {device['name']!r} cannot be opened: {failure}") from failure

    def _ready(self) -> Any:
        if self._stream is None:
            raise SinkLost(f"audio device {self._device or 'default'!r} is not open")
        return self._stream

    def _start(self) -> None:
        with self._reporting("starting"):
            self._stream.start()
            self._capacity = self._stream.write_available
        self._running = True
        self._n_written = self._n_played = 0
        self._stalled_s, self._watched_at = 0.0, self._monotonic()

    def _hand_over(self, stream: Any, frames: np.ndarray) -> None:
        with self._reporting("writing"):
            underflowed = stream.write(frames.tobytes())
        self.underruns += bool(underflowed)
        self._n_written += len(frames)

    def _queued(self) -> int:
        """Frames in the device's buffer; notices a device that no longer takes any."""
        if not self._running:
            return 0
        with self._reporting("playing"):
            queued = max(0, self._capacity - self._stream.write_available)
        now = self._monotonic()
        n_played = self._n_written - queued
        if queued == 0 or n_played != self._n_played:
            self._n_played, self._stalled_s = n_played, 0.0
        else:
            # A process that was stopped itself must not take the pause for the device's.
            self._stalled_s += min(now - self._watched_at, self._stall_s / 5)
        self._watched_at = now
        if self._stalled_s >= self._stall_s:
            self._lose(f"nothing played for {self._stall_s:g} s")
        if self._stalled_s >= _PRIME_AFTER_S and n_played == 0 and queued < self._capacity // 2:
            # ALSA starts once a period is filled, and PortAudio does not tell how long that is.
            silence = np.zeros((self._capacity // 2 - queued, self._channels), dtype="<i2")
            self._hand_over(self._stream, silence)
        return queued

    def _nap(self, n_frames: int) -> None:
        self._sleep(min(max(n_frames / self.sample_rate, 0.001), _LONGEST_NAP_S))

    @contextlib.contextmanager
    def _reporting(self, doing: str) -> Iterator[None]:
        try:
            yield
        except load().PortAudioError as error:
            self._lose(f"{doing}: {error}", error)

    def _lose(self, reason: str, cause: Exception | None = None) -> None:
        self.close()
        with contextlib.suppress(SinkLost):  # tried again when it is opened
            rescan()  # the number it had may belong to another device when it is opened again
        raise SinkLost(f"audio device {self._device or 'default'!r} lost: {reason}") from cause


def _code(error: Exception) -> int | None:
    return error.args[1] if len(error.args) > 1 else None
