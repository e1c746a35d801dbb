from __future__ import annotations

import resource

import numpy as np
import pytest

from distill.evaluate import Clip


def test_a_disk_that_takes_no_more_is_told_by_the_files_name_and_keeps_no_half_of_it(tmp_path):
    clip = Clip(np.arange(30_000, dtype=np.int16), 24_000)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"File too large.*said\.wav"):
            clip.write(tmp_path / "voice" / "said.wav")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list((tmp_path / "voice").iterdir())
    clip.write(tmp_path / "voice" / "said.wav")
    assert np.array_equal(Clip.read(tmp_path / "voice" / "said.wav").audio, clip.audio)
