from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.client import Address, BadKeys, SpeechClient


@pytest.mark.parametrize(
    ("where", "say", "events"),
    [
        ("/run/x", "ipc:///run/x/say.sock", "ipc:///run/x/events.sock"),
        (Path("/run/x"), "ipc:///run/x/say.sock", "ipc:///run/x/events.sock"),
        ("tcp://car", "tcp://car:5570", "tcp://car:5571"),
        ("tcp://10.0.0.2:6000", "tcp://10.0.0.2:6000", "tcp://10.0.0.2:6001"),
        ("tcp://[fe80::1]", "tcp://[fe80::1]:5570", "tcp://[fe80::1]:5571"),
        ("tcp://[fe80::1]:6000", "tcp://[fe80::1]:6000", "tcp://[fe80::1]:6001"),
    ],
)
def test_addresses(where: str | Path, say: str, events: str) -> None:
    assert Address.of(where) == Address(say, events)


@pytest.mark.parametrize("where", ["http://car", "ipc:///run/x", "tcp://", "tcp://car:x", "tcp://car:65535", "tcp://:1"])
def test_no_addresses(where: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        Address.of(where)


def test_this_computer_s_daemon_is_the_user_s_own_unless_only_the_service_s_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    own = tmp_path / "edge-agent"
    own.mkdir()
    (own / "say.sock").touch()
    assert Address.of(None).say == f"ipc://{own}/say.sock"
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert Address.of(None).say == "ipc:///run/edge-agent/say.sock"


def test_keys_go_with_the_network_only(tmp_path: Path) -> None:
    with pytest.raises(BadKeys, match="needs keys"):
        SpeechClient("tcp://car")
