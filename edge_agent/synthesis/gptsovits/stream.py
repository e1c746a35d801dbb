"""Semantic tokens to sound while they are still coming.

Each round sees all tokens so far: the prior is computed anew, since every frame of it depends on every token; flow and decoder
only on what has not been heard yet, with as much before and after it as they look at. Where two rounds meet, latents fade from
the earlier to the later one and so does the wave; both have the same past, so they are in phase.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_agent.synthesis.gptsovits.sessions import run

Float = NDArray[np.float32]

FLOW_REACH, DECODER_REACH = 32, 11
"""Frames that these look at to either side (measured by gradient)."""

NOISE_SCALE = 0.5
FADE_FRAMES = 2
"""Over which one round's wave passes into the next one's: 40 ms."""


class Stage2:
    """The four graphs of the second stage, and what lies between them.

    Args:
        sessions: ONNX Runtime sessions ``text``, ``prior``, ``flow`` and ``decoder``.
        hop: samples a frame.
    """

    def __init__(self, sessions: dict[str, Any], hop: int) -> None:
        self.hop = hop
        self._sessions = sessions

    def text(self, phones: Sequence[int]) -> Float:
        """``phones`` of the new text only -> [p, 512], which the prior looks at."""
        return run(self._sessions["text"], {"phones": np.asarray(phones, np.int64)})[0]

    def prior(self, tokens: Sequence[int], text: Float) -> tuple[Float, Float]:
        """Mean and log standard deviation of the latents, each [latent, 2 len(tokens)]."""
        mean, log_std = run(self._sessions["prior"], {"tokens": np.asarray(tokens, np.int64), "text": text})
        return mean, log_std

    def flow(self, z_p: Float) -> Float:
        """[latent, n] -> the same."""
        return run(self._sessions["flow"], {"z_p": np.ascontiguousarray(z_p)})[0]

    def decode(self, z: Float) -> Float:
        """[latent, n] -> samples [n * hop] in -1..1."""
        return run(self._sessions["decoder"], {"z": np.ascontiguousarray(z)})[0]

    def whole(self, tokens: Sequence[int], phones: Sequence[int], *, noise: Float | None = None, speed: float = 1.0) -> Float:
        """A sentence at once, as the original makes it; ``noise`` standard normal [latent, frames], None for the mean."""
        mean, log_std = self.prior(tokens, self.text(phones))
        if speed != 1:
            n_frames = int(mean.shape[1] / speed) + 1
            places = (np.arange(n_frames) + 0.5) * (mean.shape[1] / n_frames) - 0.5
            mean, log_std = at(mean, places), at(log_std, places)
        return self.decode(self.flow(mean if noise is None else mean + noise * np.exp(log_std) * np.float32(NOISE_SCALE)))


def at(values: Float, places: NDArray[np.float64]) -> Float:
    """``values`` [n, frames] at ``places`` between frames, linear, the ends held: [n, len(places)]."""
    places = np.clip(places, 0, values.shape[1] - 1)
    before = np.minimum(places.astype(np.int64), max(values.shape[1] - 2, 0))
    share = (places - before).astype(np.float32)
    return values[:, before] * (1 - share) + values[:, np.minimum(before + 1, values.shape[1] - 1)] * share


class Stream:
    """One sentence.

    Args:
        phones: of the new text only.
        speed: above 1 is faster.
        random: the noise of the latents, drawn frame by frame, so that it does not depend on how the stream is cut.
    """

    def __init__(self, stage: Stage2, phones: Sequence[int], speed: float, random: np.random.Generator) -> None:
        self._stage, self._speed, self._random = stage, speed, random
        self._text = stage.text(phones)
        self._noise: Float | None = None
        self._latents: Float | None = None
        self._done = 0
        self._tail = np.zeros(0, np.float32)
        """What the last round made of the frames after those given away."""

    def add(self, tokens: Sequence[int], *, final: bool) -> Float:
        """The next samples, given all ``tokens`` so far; up to the end if they are ``final``, else as far as the decoder can
        look ahead. May be empty."""
        z = self._renewed(*self._frames(tokens, final=final))
        n_frames = z.shape[1]
        end = n_frames if final else max(self._done, n_frames - DECODER_REACH)
        if end == self._done:
            return np.zeros(0, np.float32)
        self._latents = z
        hop, start = self._stage.hop, max(0, self._done - DECODER_REACH)
        wave = self._stage.decode(z[:, start:])[(self._done - start) * hop :]
        faded = min(len(self._tail), FADE_FRAMES * hop, len(wave))
        share = np.linspace(0, 1, faded, endpoint=False, dtype=np.float32)
        wave[:faded] = self._tail[:faded] * (1 - share) + wave[:faded] * share
        chunk, self._tail = wave[: (end - self._done) * hop], wave[(end - self._done) * hop :]
        self._done = end
        return chunk

    def _frames(self, tokens: Sequence[int], *, final: bool) -> tuple[Float, Float]:
        """Mean and log standard deviation at this speed, each [latent, frames]."""
        mean, log_std = self._stage.prior(tokens, self._text)
        if self._speed == 1:
            return mean, log_std
        # how many frames there will be is not known before the end, so the step is the speed itself
        n_frames = int(mean.shape[1] / self._speed) + final
        places = (np.arange(n_frames) + 0.5) * self._speed - 0.5
        return at(mean, places), at(log_std, places)

    def _renewed(self, mean: Float, log_std: Float) -> Float:
        """Latents [latent, frames]: as they were where they have been heard, then fading into what is known now."""
        n_frames = mean.shape[1]
        start = max(0, self._done - FLOW_REACH)
        noise = self._noise_to(n_frames, len(mean))[:, start:]
        fresh = self._stage.flow(mean[:, start:] + noise * np.exp(log_std[:, start:]) * np.float32(NOISE_SCALE))
        if self._latents is None:
            return fresh
        fresh = fresh[:, self._done - start :]
        known = self._latents[:, self._done : self._done + fresh.shape[1]]
        share = (np.arange(known.shape[1], dtype=np.float32) + 1) / (known.shape[1] + 1)
        fresh[:, : known.shape[1]] = known * (1 - share) + fresh[:, : known.shape[1]] * share
        return np.concatenate([self._latents[:, : self._done], fresh], 1)

    def _noise_to(self, n_frames: int, n_channels: int) -> Float:
        known = self._noise if self._noise is not None else np.zeros((n_channels, 0), np.float32)
        if n_frames > known.shape[1]:
            more = self._random.standard_normal((n_frames - known.shape[1], n_channels), np.float32).T
            known = np.concatenate([known, more], 1)
        self._noise = known
        return known[:, :n_frames]
