"""Features on the frame grid, as the student was trained on them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_agent.synthesis.mobilesovits.source import F0_FLOOR_HZ

Float = NDArray[np.float32]

F0_CENTRE = 5.3
"""Natural logarithm of the frequency that log F0 is given relative to."""


def expand(features: Float, frames: NDArray[np.int64]) -> Float:
    """Repeat ``features`` [tokens, text_dim] over ``frames`` [tokens] and append the place within the token:
    [sum of frames, text_dim + 2]."""
    index = np.repeat(np.arange(len(frames)), frames)
    position = np.arange(len(index)) - (np.cumsum(frames) - frames)[index]
    length = frames[index].astype(np.float32)
    place = np.stack([(2 * position + 1) / length - 1, np.log(length) - 2], -1).astype(np.float32)
    return np.concatenate([features[index], place], -1)


def f0_hz(prosody: Float) -> Float:
    """Output of the prosody graph [frames, 3] -> F0 [frames], 0 where its voicing logit is negative."""
    return np.where(prosody[:, 2] > 0, np.exp(prosody[:, 0] + F0_CENTRE), 0).astype(np.float32)


def decoder_input(expanded: Float, f0: Float, scaled_energy: Float) -> Float:
    """Join ``expanded`` with log F0 (0 where unvoiced), voicing and energy [frames]: [frames, text_dim + 5]."""
    voiced = f0 > F0_FLOOR_HZ
    log_f0 = np.where(voiced, 2 * (np.log(np.maximum(f0, F0_FLOOR_HZ)) - F0_CENTRE), 0)
    return np.concatenate([expanded, np.stack([log_f0, voiced, scaled_energy], -1).astype(np.float32)], -1)
