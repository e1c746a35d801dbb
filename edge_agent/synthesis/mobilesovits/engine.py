"""Phonemes to PCM, window by window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from edge_agent.synthesis.engine import PCM, SILENCE, Chunk, SynthesisError, as_float, peak_of
from edge_agent.synthesis.mobilesovits.card import GRAPHS, VoiceCard
from edge_agent.synthesis.mobilesovits.frames import decoder_input, expand, f0_hz
from edge_agent.synthesis.mobilesovits.source import HarmonicSource, noise_bank
from edge_agent.synthesis.mobilesovits.tail import CudaTail, Finish, Frames, Gpu, NumpyTail, PlainTail, Tail
from edge_agent.synthesis.mobilesovits.tail.pycuda_gpu import find_gpu
from edge_agent.synthesis.mobilesovits.windows import WindowSession
from edge_agent.synthesis.runtime import Runtime, Session
from edge_agent.synthesis.voice_json import VoiceError
from edge_agent.text import Speech
from edge_agent.text.symbols import encode

Shape = tuple[int | None, ...]
"""Of an output; None for a width that is the voice's own."""

MAX_UNITS = 60
QUIET = -1.0
"""Scaled energy below which a frame is silent (about -75 dBFS)."""
LEAD_FRAMES, TAIL_FRAMES = 3, 24
"""Silent frames kept before and after a segment: voices learn nearly half a second of it, which would delay the first sound."""
FIRST_FRAMES, WINDOW_FRAMES = 24, 160
"""Frames (1/80 s) made before the first chunk is given away, and in each later one."""
FREE_SIZES = {"tokens": (1, 40, 256), "frames": (2, 320, 8192)}
"""Least, usual and largest lengths of the text and prosody graphs: more than a segment has."""
GPU_SHARES = {"text": 0.125, "prosody": 0.25, "decoder": 0.625}
"""Of the GPU memory a voice may take. The decoder has most of the weights, once for each size of window; prosody sees whole segments."""
NOISE_FRAMES = 960
MAX_WIDTH = 4096
"""Features a token: each is repeated over all its frames."""


class MobileSoVITSEngine:
    """A loaded student voice; see :class:`edge_agent.synthesis.engine.Engine`.

    Args:
        folder: the voice's files, checked against the digests in its card.
        runtime: makes the ONNX sessions.
        variant: which graphs of the voice to run; the runtime's, or those that suit its provider, unless given.

    Raises:
        VoiceError: the folder is damaged, or has no such variant.
        SynthesisError: no provider can run the graphs.
    """

    def __init__(self, folder: Path, runtime: Runtime, variant: str | None = None) -> None:
        card = VoiceCard.load(folder)
        self._card = card
        self.voice_id, self.pack_digest, self.loudness_lufs = card.voice_id, card.digest, card.loudness_lufs
        self.sample_rate = card.sample_rate
        variant = variant or runtime.variant or card.variant_for(runtime.provider)
        if variant not in card.graphs:
            raise VoiceError(f"{folder} has no variant {variant}; it has {', '.join(card.graphs)}")
        self._sub_frames = card.hop // card.head_hop
        self._gpu: Gpu | None = None
        files = {name: folder / card.graphs[variant][name] for name in GRAPHS}
        self._sessions: dict[str, Session] = {
            name: runtime.session(files[name], FREE_SIZES, share=GPU_SHARES[name]) for name in ("text", "prosody")
        }
        self._sessions["decoder"] = self._decoder(runtime, files["decoder"])
        self._tail = self._tails(runtime)
        self.provider = runtime.provider
        self._noise = noise_bank(NOISE_FRAMES * self._sub_frames, card.head_fft, card.head_hop, seed=0)

    def synthesize(self, segment: Speech, *, speed: float = 1.0) -> Iterator[Chunk]:
        """See :class:`edge_agent.synthesis.engine.Engine`."""
        ids = np.array([encode(segment.phonemes)], np.int64)
        features, units = self._run("text", (1, ids.size, None), (1, ids.size), ids=ids)
        frames = self._frames(units[0], speed * segment.rate)
        expanded = expand(features[0], frames)
        prosody = self._run("prosody", (1, len(expanded), 3), expanded=expanded[None])[0][0]
        f0 = f0_hz(prosody)
        x = decoder_input(expanded, f0, prosody[:, 1])
        source = HarmonicSource(f0, self.sample_rate, self._card.hop)
        tail = self._tail()
        start, stop = _heard(prosody[:, 1])
        end, peak = min(start + FIRST_FRAMES, stop), 0.0
        while start < stop:
            frames, offset = self._window(x, source, start, end)
            chunk = tail.add(frames, offset, offset + (end - start) * self._sub_frames)
            peak = max(peak, peak_of(chunk))
            yield chunk
            start, end = end, min(end + WINDOW_FRAMES, stop)
        yield tail.finish()
        if peak < SILENCE:
            raise SynthesisError(f"voice {self.voice_id} produced silence on {self.provider}", retryable=True)

    def check(self) -> None:
        """Speak the voice's golden phrase and compare.

        Raises:
            SynthesisError: the provider computes something else than what the voice was made with.
        """
        golden = self._card.golden
        pcm = as_float(np.concatenate(list(self.synthesize(Speech("", "mixed", golden.phonemes)))))
        if not golden.matches(pcm, self.sample_rate):
            off_db = golden.difference_db(pcm, self.sample_rate)
            raise SynthesisError(f"voice {self.voice_id} sounds wrong on {self.provider}: off by {off_db:.1f} dB", retryable=True)

    def close(self) -> None:
        """Release the sessions."""
        self._sessions.clear()

    def _decoder(self, runtime: Runtime, path: Path) -> Session:
        if not runtime.on_gpu:
            return runtime.session(path, share=GPU_SHARES["decoder"])
        sizes = tuple(n + 2 * self._card.context_frames for n in (FIRST_FRAMES, WINDOW_FRAMES))
        return WindowSession(runtime, path, sizes, self._sub_frames, share=GPU_SHARES["decoder"])

    def _tails(self, runtime: Runtime) -> Callable[[], Tail]:
        """What makes the last stage of each segment."""
        n_fft, hop = self._card.head_fft, self._card.head_hop
        if not runtime.on_gpu:
            return partial(PlainTail, n_fft, hop)
        self._gpu = find_gpu()
        if self._gpu is None:
            return partial(NumpyTail, n_fft, hop, Finish())
        n_bytes = 4 * (n_fft - hop)
        return partial(CudaTail, n_fft, hop, Finish(), self._gpu, (self._gpu.scratch(n_bytes), self._gpu.scratch(n_bytes)))

    def _window(self, x: PCM, source: HarmonicSource, start: int, end: int) -> tuple[Frames, int]:
        """Sub-frames [n, n_fft] among which those of frames ``start`` to ``end`` are, and the number of the first of these; the
        network sees its context to either side."""
        card, sub = self._card, self._sub_frames
        low, high = max(0, start - card.context_frames), min(len(x), end + card.context_frames)
        pieces = source.pieces(low, high, card.head_fft, card.head_hop)
        noise = self._noise[np.arange(low * sub, high * sub) % len(self._noise)]
        inputs = {"x": x[None, low:high], "source": pieces[None], "noise": noise[None]}
        frames = self._run("decoder", pieces[None].shape, **inputs)[0] if self._gpu is None else self._run_on_device(inputs)
        return frames, (start - low) * sub

    def _frames(self, units: PCM, speed: float) -> np.ndarray:
        """Durations on the frame grid, int64 [tokens]; every token is heard, none longer than 1.5 s."""
        return 2 * np.clip(np.round(units / speed), 1, MAX_UNITS).astype(np.int64)

    def _run_on_device(self, inputs: dict[str, np.ndarray]) -> Frames:
        """The decoder's output, left on the GPU, where the tail looks whether it is a number."""
        decoder = self._sessions.get("decoder")
        if not isinstance(decoder, WindowSession):
            raise SynthesisError(f"voice {self.voice_id} was closed")
        return decoder.run_on_device(inputs)[0]

    def _run(self, graph: str, *shapes: Shape, **inputs: np.ndarray) -> list[np.ndarray]:
        """The graph's outputs, of these shapes. Its file may be whole and come from anywhere all the same."""
        session = self._sessions.get(graph)
        if session is None:
            raise SynthesisError(f"voice {self.voice_id} was closed")
        outputs = session.run(inputs)
        if len(outputs) != len(shapes) or not all(map(_fits, outputs, shapes)):
            found = ", ".join(f"{output.dtype}{list(output.shape)}" for output in outputs)
            raise SynthesisError(f"voice {self.voice_id} is not for this engine: {graph} gives {found}; build it again with this program")
        if not all(np.isfinite(output).all() for output in outputs):
            raise SynthesisError(f"voice {self.voice_id} produced NaN in {graph} on {self.provider}", retryable=True)
        return outputs


def _fits(output: np.ndarray, shape: Shape) -> bool:
    if output.dtype != np.float32 or output.ndim != len(shape):
        return False
    return all(size <= MAX_WIDTH if wanted is None else size == wanted for size, wanted in zip(output.shape, shape, strict=True))


def _heard(scaled_energy: PCM) -> tuple[int, int]:
    """First frame and end of what is worth playing; everything where nothing is loud, which is judged later."""
    loud = np.flatnonzero(scaled_energy > QUIET)
    if not len(loud):
        return 0, len(scaled_energy)
    return max(0, int(loud[0]) - LEAD_FRAMES), min(len(scaled_energy), int(loud[-1]) + 1 + TAIL_FRAMES)
