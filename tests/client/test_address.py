from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent import wire
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


def test_who_is_not_in_the_group_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's folder is closed to others, so that they cannot even see whether its socket is there."""
    monkeypatch.setattr(wire, "socket_dir", lambda _environ: tmp_path / "service")
    (tmp_path / "service").mkdir()
    assert "no such socket" in str(Address.of(None).obstacle)
    (tmp_path / "service" / "say.sock").touch()
    assert Address.of(None).obstacle is None
    (tmp_path / "service").chmod(0)
    look = "print(Address.of(None).obstacle, Address.of(sys.argv[1]).obstacle, sep='|')"
    found = subprocess.run(
        [sys.executable, "-c", _AS_A_STRANGER + look, tmp_path / "service"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    (tmp_path / "service").chmod(0o700)
    assert [each.split(",")[0] for each in found.stdout.strip().split("|")] == ["this user may not use it"] * 2


_AS_A_STRANGER = """\
import os, sys
from pathlib import Path
from edge_agent import wire
from edge_agent.client import Address
wire.socket_dir = lambda _environ: Path(sys.argv[1])
os.getuid() or os.setuid(65534)
"""


def test_keys_go_with_the_network_only(tmp_path: Path) -> None:
    with pytest.raises(BadKeys, match="needs keys"):
        SpeechClient("tcp://car")
