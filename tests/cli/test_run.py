"""What ``run`` gives the daemon; what that makes of it is tested with the daemon."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent import agent
from edge_agent.cli import main
from edge_agent.config import Config, ConfigError


def test_a_configuration_that_is_gone_when_it_is_read_again_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "edge-agent" / "config.toml"
    file.parent.mkdir()
    file.write_text('[policy]\nblocked_words = ["casino"]\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("EDGE_AGENT__PATHS__STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr("faulthandler.enable", lambda: None)

    def run(config: Config, read: Callable[[], Config]) -> int:
        assert config.policy.blocked_words == read().policy.blocked_words == ("casino",)
        file.unlink()
        with pytest.raises(ConfigError, match="cannot be read"):
            read()
        return 0

    monkeypatch.setattr(agent, "run", run)
    assert main(["run"]) == 0
