from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
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


@pytest.fixture
def listener() -> Iterator[Callable[[Path], Path]]:
    """``listener(folder)`` has somebody listen there, as a daemon does; returns the socket."""
    with ExitStack() as listening:

        def begin(folder: Path) -> Path:
            folder.mkdir(exist_ok=True)
            door = listening.enter_context(socket.socket(socket.AF_UNIX))
            door.bind(str(folder / "say.sock"))
            door.listen()
            return folder / "say.sock"

        yield begin


def leave_dead(folder: Path) -> Path:
    """As a daemon that is killed leaves it."""
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(folder / "say.sock"))
    return folder / "say.sock"


def test_this_computer_s_daemon_is_the_user_s_own_unless_only_the_service_s_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listener: Callable[[Path], Path]
) -> None:
    service, own = tmp_path / "service", tmp_path / "own"
    monkeypatch.setattr(wire, "socket_dir", lambda environ: own if environ else service)
    assert Address.of(None).say == f"ipc://{own}/say.sock"
    listener(service)
    assert Address.of(None).say == f"ipc://{service}/say.sock"
    dead = leave_dead(own)
    assert Address.of(None).say == f"ipc://{service}/say.sock"
    dead.unlink()
    listener(own)
    assert Address.of(None).say == f"ipc://{own}/say.sock"


def test_a_socket_that_nobody_listens_at_is_told_at_once(tmp_path: Path, listener: Callable[[Path], Path]) -> None:
    dead = leave_dead(tmp_path / "run")
    address = Address.of(tmp_path / "run")
    assert "nobody listens there" in str(address.obstacle)
    dead.unlink()
    listener(tmp_path / "run")
    assert address.obstacle is None


def test_one_with_a_long_line_at_its_door_is_there(tmp_path: Path) -> None:
    with ExitStack() as open_sockets:
        door = open_sockets.enter_context(socket.socket(socket.AF_UNIX))
        door.bind(str(tmp_path / "say.sock"))
        door.listen(0)
        for _ in range(3):
            waiting = open_sockets.enter_context(socket.socket(socket.AF_UNIX))
            waiting.setblocking(False)
            waiting.connect_ex(str(tmp_path / "say.sock"))
        assert Address.of(tmp_path).obstacle is None


def test_who_is_not_in_the_group_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listener: Callable[[Path], Path]
) -> None:
    """The service's folder is closed to others, so that they cannot even see whether its socket is there."""
    monkeypatch.setattr(wire, "socket_dir", lambda _environ: tmp_path / "service")
    (tmp_path / "service").mkdir()
    assert "no such socket" in str(Address.of(None).obstacle)
    listener(tmp_path / "service")
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
