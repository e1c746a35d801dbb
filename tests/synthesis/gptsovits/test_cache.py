"""What attention remembers: where it lies, and what it takes."""

from __future__ import annotations

import ctypes
import mmap
import os

import numpy as np
import pytest

from edge_agent.synthesis.gptsovits.cache import ROOM, Cache

LAYERS, HEADS, HEAD_DIM = SHAPE = (3, 2, 4)


def said(n_positions: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(n_positions)
    keys, values = random.standard_normal((2, LAYERS, HEADS, n_positions, HEAD_DIM), np.float32)
    return keys, values


def held(cache: Cache, n_positions: int) -> tuple[np.ndarray, np.ndarray]:
    keys, values = cache.layers[:, :, 0, :, :n_positions]
    return keys, values


@pytest.mark.parametrize("n_positions", [1, 7, 300])
def test_a_sentence_begins_with_room_for_more(n_positions):
    cache = Cache(SHAPE, 5000)
    cache.begin(*said(n_positions))
    assert cache.room == n_positions + ROOM
    np.testing.assert_array_equal(held(cache, n_positions), said(n_positions))


def test_growing_keeps_every_position_of_every_layer_up_to_the_capacity():
    cache = Cache(SHAPE, 1000)
    cache.begin(*said(40))
    expected = np.array(said(40))
    rooms = []
    while cache.room < cache.capacity:
        more = np.array(said(cache.room - expected.shape[3]))
        cache.layers[:, :, 0, :, expected.shape[3] :] = more
        expected = np.concatenate([expected, more], axis=3)
        cache.grow()
        rooms.append(cache.room)
        np.testing.assert_array_equal(held(cache, expected.shape[3]), expected)
    assert rooms == [168, 252, 378, 567, 850, 1000]


def test_the_next_sentence_forgets_the_last_one():
    cache = Cache(SHAPE, 1000)
    cache.begin(*said(500))
    cache.begin(*said(20))
    np.testing.assert_array_equal(held(cache, 20), said(20))
    assert cache.room == 20 + ROOM


def resident(cache: Cache) -> int:
    """Bytes of a cache that lie in memory. What the whole process takes also changes with what other tests leave behind."""
    start = np.frombuffer(cache._memory, np.uint8)
    pages = np.zeros(-(-len(start) // mmap.PAGESIZE), np.uint8)
    libc = ctypes.CDLL(None, use_errno=True)
    failed = libc.mincore(ctypes.c_void_p(start.ctypes.data), ctypes.c_size_t(len(start)), pages.ctypes.data_as(ctypes.c_void_p))
    assert not failed, os.strerror(ctypes.get_errno())
    return mmap.PAGESIZE * int((pages & 1).sum())


def test_only_the_present_sentence_takes_memory():
    mib = 1 << 20
    cache = Cache((8, 16, 32), 200_000)  # 6.1 GiB, 32 KiB a position
    assert resident(cache) < 8 * mib
    keys = np.ones((8, 16, 4000, 32), np.float32)  # half of 125 MiB
    cache.begin(keys, keys)
    assert 120 * mib < resident(cache) < 135 * mib
    cache.begin(keys[:, :, :10], keys[:, :, :10])
    assert resident(cache) < 8 * mib
