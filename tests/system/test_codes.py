from __future__ import annotations

import numpy as np
import soxr

from tests.system.codes import N_CODES, RATE, decode, encode


def test_codes_are_read_from_another_rate_and_those_cut_short_are_not() -> None:
    numbers = [0, 1, 15, 16, 255, 2730, N_CODES - 1]
    heard = np.concatenate([encode(number) for number in numbers])
    assert list(decode(soxr.resample(heard, RATE, 48_000).astype(np.float32), 48_000)) == numbers
    cut = encode(7)[: -round(0.08 * RATE)]
    assert list(decode(np.concatenate([cut, np.zeros(RATE, np.float32), encode(8)]), RATE)) == [8]
    assert list(decode(np.zeros(10, np.float32), RATE)) == []
