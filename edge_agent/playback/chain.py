"""From an engine's samples to the device's: gain, sample rate, limiter."""

from __future__ import annotations

import numpy as np
import soxr

from edge_agent.playback.limiter import Limiter
from edge_agent.playback.sink import PCM

_RAMP_S = 0.02
"""A change of gain is spread over this; a step would be heard as a click."""


class Chain:
    """Streaming; as much sound comes out as went in once :meth:`flush` was called, and no sample boundary is audible."""

    def __init__(self, source_rate: int, device_rate: int) -> None:
        self._n_ramp = max(1, round(_RAMP_S * source_rate))
        self._gain = 1.0
        self._target: float | None = None
        self._n_ramp_left = 0
        self._resampler = (
            soxr.ResampleStream(source_rate, device_rate, 1, dtype="float32", quality="HQ") if source_rate != device_rate else None
        )
        self._limiter = Limiter(device_rate)

    def process(self, pcm: PCM, gain: float) -> PCM:
        """Source samples in, float32 or 16-bit, device samples out: float32 mono, of any length, in the beginning none."""
        if pcm.dtype == np.int16:
            pcm = pcm * np.float32(1 / 32767)
        scaled = self._apply(pcm, gain)
        if self._resampler is not None:
            scaled = self._resampler.resample_chunk(scaled)
        return self._limiter.process(scaled)

    def flush(self) -> PCM:
        """The rest of the sound; the chain is spent afterwards."""
        tail = np.zeros(0, dtype=np.float32)
        if self._resampler is not None:
            tail = self._resampler.resample_chunk(tail, last=True)
        return np.concatenate((self._limiter.process(tail), self._limiter.flush()))

    def _apply(self, pcm: PCM, gain: float) -> PCM:
        if self._target is None:
            self._gain = self._target = gain
        elif gain != self._target:
            self._target, self._n_ramp_left = gain, self._n_ramp
        if not self._n_ramp_left:
            return pcm if gain == 1.0 else pcm * np.float32(gain)
        n = min(self._n_ramp_left, len(pcm))
        slope = (gain - self._gain) / self._n_ramp_left
        curve = np.full(len(pcm), gain, dtype=np.float32)
        curve[:n] = self._gain + slope * np.arange(n)
        self._gain += slope * n
        self._n_ramp_left -= n
        return pcm * curve
