from __future__ import annotations

import json

import pytest

from edge_agent.core.settings import Settings


@pytest.mark.parametrize(
    "kept",
    ["", "[]", "{", '{"volume": 7}', '{"volume": -1}', '{"volume": "loud", "voice": 3}', '{"volume": NaN}', '{"volume": true, "voice": 1}'],
)
def test_settings_that_make_no_sense_are_as_good_as_none(tmp_path, kept: str) -> None:
    (tmp_path / "settings.json").write_text(kept)
    settings = Settings(tmp_path / "settings.json", volume=0.7, voice=None)
    assert (settings.volume, settings.voice) == (0.7, None)


def test_settings_are_kept_whole_and_the_configured_voice_wins(tmp_path) -> None:
    settings = Settings(tmp_path / "settings.json", volume=1.0, voice=None)
    settings.volume, settings.voice = 0.25, "alto"
    settings.save()
    assert json.loads((tmp_path / "settings.json").read_text()) == {"version": 1, "volume": 0.25, "voice": "alto"}
    assert [path.name for path in tmp_path.iterdir()] == ["settings.json"]
    again = Settings(tmp_path / "settings.json", volume=1.0, voice="tenor")
    assert (again.volume, again.voice) == (0.25, "tenor")


def test_settings_that_cannot_be_kept_still_hold(tmp_path, caplog) -> None:
    settings = Settings(tmp_path / "missing" / "settings.json", volume=1.0, voice=None)
    settings.volume = 0.5
    settings.save()
    assert settings.volume == 0.5
    assert "settings not kept" in caplog.text
