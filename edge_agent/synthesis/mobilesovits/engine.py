"""Phonemes to PCM, window by window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge_agent.synthesis.engine import PCM, SynthesisError
from edge_agent.synthesis.mobilesovits.card import GRAPHS, VoiceCard
from edge_agent.synthesis.mobilesovits.source import F0_FLOOR_HZ, HarmonicSource, OverlapAdd, noise_bank
from edge_agent.synthesis.runtime import Runtime, Session
from edge_agent.text import Speech
from edge_agent.text.symbols import encode

F0_CENTRE = 5.3
MAX_UNITS = 60
HEAD_UNITS, TAIL_UNITS = 2, 10
"""Silence kept before and after a segment, in 25 ms: the teacher leaves more, which would delay the first sound."""
FIRST_FRAMES, WINDOW_FRAMES = 24, 160
"""Frames (1/80 s) made before the first chunk is given away, and in each later one."""
NOISE_FRAMES = 960


class MobileSoVITSEngine:
    """A loaded student voice; see :class:`edge_agent.synthesis.engine.Engine`.

    Args:
        folder: the voice's files, checked against the digests in its card.
        runtime: makes the ONNX sessions.

    Raises:
        VoiceError: the folder is damaged.
        SynthesisError: no provider can run the graphs.
    """

    def __init__(self, folder: Path, runtime: Runtime) -> None:
        card = VoiceCard.load(folder)
        self._card = card
        self.voice_id, self.pack_digest, self.loudness_lufs = card.voice_id, card.digest, card.loudness_lufs
        self.sample_rate = card.sample_rate
        self._sessions: dict[str, Session] = {name: runtime.session(folder / card.files[name]) for name in GRAPHS}
        self.provider = runtime.provider
        self._sub_frames = card.hop // card.head_hop
        self._noise = noise_bank(NOISE_FRAMES * self._sub_frames, card.head_fft, card.head_hop, seed=0)

    def synthesize(self, segment: Speech, *, speed: float = 1.0) -> Iterator[PCM]:
        """See :class:`edge_agent.synthesis.engine.Engine`."""
        ids = np.array([encode(segment.phonemes)], np.int64)
        features, units = self._run("text", ids=ids)
        frames = self._frames(units[0], speed * segment.rate)
        expanded = _expand(features[0], frames)
        prosody = self._run("prosody", expanded=expanded[None])[0][0]
        f0_hz = np.where(prosody[:, 2] > 0, np.exp(prosody[:, 0] + F0_CENTRE), 0).astype(np.float32)
        x = np.concatenate([expanded, _prosody_features(f0_hz, prosody[:, 1])], -1)
        source = HarmonicSource(f0_hz, self.sample_rate, self._card.hop)
        join = OverlapAdd(self._card.head_fft, self._card.head_hop)
        total = len(x)
        start, end = 0, min(FIRST_FRAMES, total)
        while start < total:
            yield self._checked(join.add(self._window(x, source, start, end)))
            start, end = end, min(end + WINDOW_FRAMES, total)
        yield join.finish()

    def close(self) -> None:
        """Release the sessions."""
        self._sessions.clear()

    def _window(self, x: PCM, source: HarmonicSource, start: int, end: int) -> PCM:
        """Sub-frames of frames ``start`` to ``end``, float32 [n, n_fft]; the network sees its context to either side."""
        card, sub = self._card, self._sub_frames
        low, high = max(0, start - card.context_frames), min(len(x), end + card.context_frames)
        lead = card.head_fft // 2 - card.head_hop // 2
        wave = source.samples(low * card.hop - lead, high * card.hop + card.head_fft - card.head_hop - lead)
        pieces = np.lib.stride_tricks.sliding_window_view(wave, card.head_fft)[:: card.head_hop]
        noise = self._noise[np.arange(low * sub, high * sub) % len(self._noise)]
        audio = self._run("decoder", x=x[None, low:high], source=np.ascontiguousarray(pieces)[None], noise=noise[None])[0][0]
        return audio[(start - low) * sub : (end - low) * sub]

    def _frames(self, units: PCM, speed: float) -> np.ndarray:
        """Durations on the frame grid, int64 [tokens]; every token is heard, none longer than 1.5 s."""
        rounded = np.clip(np.round(units / speed), 1, MAX_UNITS).astype(np.int64)
        rounded[0] = min(rounded[0], HEAD_UNITS)
        rounded[-1] = min(rounded[-1], TAIL_UNITS)
        return 2 * rounded

    def _run(self, graph: str, **inputs: np.ndarray) -> list[np.ndarray]:
        session = self._sessions.get(graph)
        if session is None:
            raise SynthesisError(f"voice {self.voice_id} was closed")
        return session.run(inputs)

    def _checked(self, samples: PCM) -> PCM:
        if not np.isfinite(samples).all():
            raise SynthesisError(f"voice {self.voice_id} produced NaN on {self.provider}", retryable=True)
        return samples


def _expand(features: PCM, frames: np.ndarray) -> PCM:
    """Repeat token features over their frames and append the place within the token: [frames, text_dim + 2]."""
    index = np.repeat(np.arange(len(frames)), frames)
    position = np.arange(len(index)) - (np.cumsum(frames) - frames)[index]
    length = frames[index].astype(np.float32)
    place = np.stack([(2 * position + 1) / length - 1, np.log(length) - 2], -1).astype(np.float32)
    return np.concatenate([features[index], place], -1)


def _prosody_features(f0_hz: PCM, scaled_energy: PCM) -> PCM:
    """Log F0 (0 where unvoiced), voicing and energy as the decoder was trained on: [frames, 3]."""
    voiced = f0_hz > F0_FLOOR_HZ
    log_f0 = np.where(voiced, 2 * (np.log(np.maximum(f0_hz, F0_FLOOR_HZ)) - F0_CENTRE), 0)
    return np.stack([log_f0, voiced, scaled_energy], -1).astype(np.float32)
