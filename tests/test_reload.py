from __future__ import annotations

from pathlib import Path

from edge_agent.config import Config, load
from edge_agent.config.model import SECTIONS
from edge_agent.reload import LIVE, compare


def config(folder: Path, text: str = "") -> Config:
    path = folder / "config.toml"
    path.write_text(text)
    return load(path, environ={"HOME": str(folder)}).config


def test_nothing_has_changed(tmp_path: Path) -> None:
    changes = compare(config(tmp_path), config(tmp_path))
    assert (changes.live, changes.at_restart) == ((), ())
    assert changes.config == config(tmp_path)
    assert "nothing has changed" in changes.summary()


def test_what_waits_for_a_restart_is_not_taken_over(tmp_path: Path) -> None:
    old = config(tmp_path)
    new = config(tmp_path, '[mqtt]\nport = 8883\n[audio]\ndevice = "speech"\nidle_close_s = 1\n[log]\nlevel = "debug"\n')
    changes = compare(old, new)
    assert changes.live == ("audio.device", "log.level")
    assert changes.at_restart == ("audio.idle_close_s", "mqtt.port")
    assert (changes.config.audio.device, changes.config.audio.idle_close_s) == ("speech", old.audio.idle_close_s)
    assert changes.config.mqtt.port == old.mqtt.port
    assert changes.summary() == (
        "configuration read again: changed audio.device, log.level; a restart is needed for audio.idle_close_s, mqtt.port"
    )
    assert compare(changes.config, new).live == (), "what was taken over is not a change any more"


def test_live_keys_exist() -> None:
    for section, keys in LIVE.items():
        assert keys <= set(SECTIONS[section].model_fields)
