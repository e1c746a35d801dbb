"""What the guest's sound card played, as QEMU recorded it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
_HEADER_BYTES = 44
_BYTES_PER_FRAME = 4


def heard(path: Path) -> NDArray[np.float32]:
    """Mono [n_frames] at ``RATE``. The header of a machine whose power was cut is not to be believed, so it is not read."""
    raw = path.read_bytes()[_HEADER_BYTES:]
    frames = np.frombuffer(raw[: len(raw) // _BYTES_PER_FRAME * _BYTES_PER_FRAME], "<i2").reshape(-1, 2)
    return frames[:, 0].astype(np.float32) / 32768
