from __future__ import annotations

import numpy as np
import pytest

from distill.enrol.speakers import compare, spread, windows


def voice(rng, n, likeness, centre=None):
    """``n`` unit vectors [n, 256] whose cosine to their centre is ``likeness``."""
    centre = unit(rng.standard_normal(256)) if centre is None else centre
    noise = rng.standard_normal((n, 256))
    noise -= (noise @ centre)[:, None] * centre
    return (likeness * centre + np.sqrt(1 - likeness**2) * unit(noise)).astype(np.float32)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def two_centres(rng, cosine):
    first = unit(rng.standard_normal(256))
    other = rng.standard_normal(256)
    other = unit(other - other @ first * first)
    return first, cosine * first + np.sqrt(1 - cosine**2) * other


@pytest.mark.parametrize("seed", range(5))
def test_one_voice_is_alike(seed):
    vectors = voice(np.random.default_rng(seed), 40, 0.9)

    assert compare(vectors).likeness > 0.9


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("first", "second"), [(20, 20), (35, 5), (60, 4)])
@pytest.mark.parametrize("cosine", [0.5, 0.7])
def test_two_voices_are_parted(seed, first, second, cosine):
    rng = np.random.default_rng(seed)
    a, b = two_centres(rng, cosine)
    found = compare(np.concatenate([voice(rng, first, 0.9, a), voice(rng, second, 0.9, b)]))

    assert found.likeness == pytest.approx(cosine, abs=0.06)
    np.testing.assert_array_equal(found.other, np.arange(first + second) >= first)
    assert found.vector @ a > 0.97


@pytest.mark.parametrize("seed", range(5))
def test_a_slammed_door_is_no_second_voice(seed):
    rng = np.random.default_rng(seed)
    own = voice(rng, 40, 0.9)
    found = compare(np.concatenate([own, voice(rng, 1, 1.0)]))

    assert found.likeness > 0.9
    assert not found.other.any()


def test_too_little_to_compare():
    rng = np.random.default_rng(0)

    assert compare(np.zeros((0, 256), np.float32)) is None
    assert compare(np.concatenate([voice(rng, 2, 0.9), np.zeros((5, 256), np.float32)])) is None


def test_equal_vectors_are_one_voice():
    found = compare(np.repeat(voice(np.random.default_rng(0), 1, 1.0), 10, 0))

    assert found.likeness == pytest.approx(1)
    assert np.linalg.norm(found.vector) == pytest.approx(1, abs=1e-6)


def test_windows_lie_where_speech_is():
    speech = np.zeros(80 * 20, bool)
    speech[80 * 4 : 80 * 11] = True

    assert windows(speech) == [(4.0, 4.0), (8.0, 4.0)]


def test_a_short_recording_is_one_window_if_it_speaks():
    assert windows(np.ones(200, bool)) == [(0.0, 2.5)]
    assert windows(np.zeros(200, bool)) == []


def test_spread_keeps_first_and_last():
    assert spread(list(range(1000)), 5) == [0, 249, 499, 749, 999]
    assert spread([1, 2], 5) == [1, 2]
