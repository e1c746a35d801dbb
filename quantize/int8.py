"""Integer weights: symmetric, one scale for each output channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOP = 64
"""Largest magnitude of a weight. Not 127: on x86 without VNNI the product of a byte and a weight is summed in pairs in
16 bits, and 2 * 255 * 64 is the largest pair that fits. One weight file then serves every processor; what the missing
bit costs is in the build's report."""


@dataclass(frozen=True, slots=True)
class IntegerWeight:
    """``values`` int8 [inputs, outputs], ``scale`` float32 [outputs]: the weight is ``values * scale``."""

    values: NDArray[np.int8]
    scale: NDArray[np.float32]

    @classmethod
    def of(cls, weight: NDArray[np.float32], top: int = TOP) -> IntegerWeight:
        """Round ``weight`` [inputs, outputs] to -top..top; a channel of zeros stays zero."""
        scale = np.abs(weight).max(0) / top
        scale[scale == 0] = 1
        return cls(np.rint(weight / scale).astype(np.int8), scale.astype(np.float32))

    def restored(self) -> NDArray[np.float32]:
        """The weight as it acts."""
        return self.values * self.scale
