"""Integer weights are as near as their steps allow, and small enough for processors that sum pairs in 16 bits."""

from __future__ import annotations

import numpy as np
import pytest

from quantize.int8 import TOP, IntegerWeight


@pytest.fixture
def weight() -> np.ndarray:
    random = np.random.default_rng(0)
    return (random.standard_normal((64, 32)) * np.geomspace(1e-3, 10, 32)).astype(np.float32)


@pytest.mark.parametrize("top", [TOP, 127])
def test_error_is_at_most_half_a_step_in_every_channel(weight, top):
    integer = IntegerWeight.of(weight, top)
    assert integer.values.dtype == np.int8
    assert (np.abs(integer.restored() - weight) <= integer.scale / 2 * 1.001).all()


def test_every_channel_uses_the_whole_range(weight):
    assert (np.abs(IntegerWeight.of(weight).values).max(0) == TOP).all()


def test_a_pair_of_products_fits_16_bits():
    assert 2 * 255 * TOP <= np.iinfo(np.int16).max < 2 * 255 * (TOP + 1)


def test_a_channel_of_zeros_stays_zero(weight):
    weight[:, 3] = 0
    integer = IntegerWeight.of(weight)
    assert not integer.restored()[:, 3].any()
    assert np.isfinite(integer.scale).all()
