"""What attention remembers of a sentence."""

from __future__ import annotations

import contextlib
import math
import mmap

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]

ROOM = 64
"""Positions that are free at a sentence's beginning."""


class Cache:
    """Keys and values of every layer, as close together as the sentence allows: read from all over memory, they cost a step
    more time. Memory is reserved for the longest sentence, and taken as far as this one reaches.

    Args:
        shape: layers, heads, head dim.
        capacity: positions of the longest sentence.
    """

    def __init__(self, shape: tuple[int, int, int], capacity: int) -> None:
        self.capacity = capacity
        self._shape = shape
        self._memory = mmap.mmap(-1, 4 * 2 * math.prod(shape) * capacity, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        with contextlib.suppress(AttributeError, OSError):  # unknown to this system, which then has small pages
            self._memory.madvise(mmap.MADV_HUGEPAGE)
        self._all = np.frombuffer(self._memory, np.float32)
        self.layers = self._laid_out(1)

    @property
    def room(self) -> int:
        """Positions that there is room for without laying it out anew."""
        return self.layers.shape[-2]

    def begin(self, keys: Float, values: Float) -> None:
        """Forget everything but ``keys`` and ``values`` [layers, heads, positions, head dim]."""
        n_positions = keys.shape[2]
        self.layers = self._laid_out(n_positions + ROOM)
        self._give_back(self.layers.nbytes)
        self.layers[0, :, 0, :, :n_positions], self.layers[1, :, 0, :, :n_positions] = keys, values

    def grow(self) -> None:
        """Make room for half as many positions more."""
        old, n_positions = self.layers, self.room
        self.layers = self._laid_out(n_positions + max(ROOM, n_positions // 2))
        # everything moves up, so that the last goes first
        for place in reversed(range(2 * self._shape[0])):
            kind, layer = divmod(place, self._shape[0])
            self.layers[kind, layer, :, :, :n_positions] = old[kind, layer].copy()

    def _laid_out(self, room: int) -> Float:
        """[2, layers, 1, heads, room, head dim]: keys, then values."""
        layers, heads, head_dim = self._shape
        shape = (2, layers, 1, heads, min(room, self.capacity), head_dim)
        return self._all[: math.prod(shape)].reshape(shape)

    def _give_back(self, start: int) -> None:
        """Memory from byte ``start`` on, which an earlier sentence took."""
        start += -start % mmap.PAGESIZE
        if start < len(self._memory):
            with contextlib.suppress(AttributeError, OSError):
                self._memory.madvise(mmap.MADV_DONTNEED, start)
