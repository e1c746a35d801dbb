from __future__ import annotations

import numpy as np
import pytest

from edge_agent.playback.chimes import UnknownChime, names, render
from edge_agent.playback.errors import PlaybackError
from edge_agent.playback.loudness import integrated_lufs, true_peak_dbtp


def test_names() -> None:
    assert names() == ["alarm", "attention", "chime", "dingdong", "error", "success"]


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("sample_rate", [16000, 24000, 48000])
class TestEveryChime:
    def test_is_at_the_loudness_target(self, name: str, sample_rate: int) -> None:
        pcm = render(name, sample_rate)
        assert pcm.dtype == np.float32 and pcm.ndim == 1
        assert integrated_lufs(pcm, sample_rate) == pytest.approx(-16.0, abs=0.5)
        assert true_peak_dbtp(pcm) < -1.0

    def test_begins_and_ends_in_silence(self, name: str, sample_rate: int) -> None:
        pcm = render(name, sample_rate)
        assert abs(pcm[0]) < 1e-4
        assert np.abs(pcm[-round(0.01 * sample_rate) :]).max() < 1e-3
        assert 0.3 < len(pcm) / sample_rate < 3.0

    def test_is_the_same_every_time(self, name: str, sample_rate: int) -> None:
        assert np.array_equal(render(name, sample_rate), render(name, sample_rate))


def test_chimes_can_be_told_apart() -> None:
    spectra = {name: np.abs(np.fft.rfft(render(name, 24000), 65536)) for name in names()}
    for one in names():
        for other in names():
            if one < other:
                a, b = spectra[one], spectra[other]
                assert a @ b / np.linalg.norm(a) / np.linalg.norm(b) < 0.9, (one, other)


def test_unknown_name_says_which_there_are() -> None:
    with pytest.raises(UnknownChime, match=r"'gong'.*dingdong") as caught:
        render("gong", 24000)
    assert isinstance(caught.value, PlaybackError)
    assert caught.value.known == names()
