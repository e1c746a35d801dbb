"""The decoder's graph on a GPU, where launching its two hundred small kernels one by one takes longer than computing them.

So every window has one of a few sizes, for which the launches are recorded once as a CUDA graph; what a window lacks is filled up
behind its end and cut off the result.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge_agent.synthesis.runtime import DeviceArray, FixedSession, Runtime


class WindowSession:
    """A decoder that takes windows of up to the largest of ``sizes``; see :class:`edge_agent.synthesis.runtime.FixedSession`.

    Inputs are ``x`` [1, frames, width], ``source`` [1, frames * sub_frames, n_fft] and ``noise`` [1, frames * sub_frames, 2 bins]; the
    output is [1, frames * sub_frames, n_fft]. All sizes are loaded with the first window, which shows how wide a frame is: for the golden
    phrase, while the voice's files lie open.

    Args:
        runtime: makes the sessions.
        path: the decoder's graph.
        sizes: in frames.
        sub_frames: a frame's share of ``source`` and ``noise``.
        share: of the runtime's GPU memory for all ``sizes`` together, divided by their lengths.
    """

    def __init__(self, runtime: Runtime, path: Path, sizes: tuple[int, ...], sub_frames: int, *, share: float = 1.0) -> None:
        self._runtime, self._path, self._sizes, self._sub = runtime, path, sorted(sizes), sub_frames
        self._share = share
        self._sessions: dict[int, FixedSession] = {}

    def run(self, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        """The output of the window itself.

        Raises:
            SynthesisError: the graph cannot be loaded or failed.
        """
        session, filled = self._filled(inputs)
        return [session.run(filled)[0][:, : inputs["source"].shape[1]]]

    def run_on_device(self, inputs: dict[str, np.ndarray]) -> list[DeviceArray]:
        """The output left on the GPU, what fills the window still behind it.

        Raises:
            SynthesisError: the graph cannot be loaded or failed.
        """
        session, filled = self._filled(inputs)
        return session.run_on_device(filled)

    def _filled(self, inputs: dict[str, np.ndarray]) -> tuple[FixedSession, dict[str, np.ndarray]]:
        n_frames = inputs["x"].shape[1]
        size = next((size for size in self._sizes if size >= n_frames), n_frames)
        more = size - n_frames
        # The last frame goes on: what the network then sees beyond the end is most like what it saw before.
        filled = {
            "x": np.pad(inputs["x"], ((0, 0), (0, more), (0, 0)), mode="edge"),
            **{name: np.pad(inputs[name], ((0, 0), (0, more * self._sub), (0, 0))) for name in ("source", "noise")},
        }
        for each in {*self._sizes, size} - self._sessions.keys():
            self._sessions[each] = self._load(each, {name: value.shape[2] for name, value in filled.items()})
        return self._sessions[size], filled

    def _load(self, size: int, widths: dict[str, int]) -> FixedSession:
        n_sub = size * self._sub
        shapes = {name: (1, size if name == "x" else n_sub, width) for name, width in widths.items()}
        free = {"frames": size, "sub_frames": n_sub}
        share = self._share * size / max(size, sum(self._sizes))
        return self._runtime.fixed_session(self._path, free, shapes, {"audio": shapes["source"]}, share=share)
