"""What a process killed inside JACK's library leaves behind: files of a lock nobody will ever give back."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from edge_agent.playback import jack, outputs
from edge_agent.playback.jack import cleared_away


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / f"jack_db-{os.getuid()}"
    folder.mkdir()
    for name in ("__db.001", "__db.002", "__db.003", "metadata.db"):
        (folder / name).write_bytes(b"locked")
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_locks_of_the_dead_are_gone(folder: Path) -> None:
    with cleared_away(folder.parent):
        assert names(folder) == ["metadata.db"]


def test_a_running_server_keeps_its_own(folder: Path) -> None:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(folder.parent / "jack_default_0_0"))
    server.listen()
    with server, cleared_away(folder.parent):
        assert len(names(folder)) == 4


def test_the_socket_of_a_server_that_died_is_no_server(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder.parent / "jack_default_0_0"))
    with cleared_away(folder.parent):
        assert names(folder) == ["metadata.db"]


def test_nothing_is_removed_where_the_kernel_does_not_tell(folder: Path, tmp_path: Path) -> None:
    with cleared_away(folder.parent, tmp_path / "missing"):
        assert len(names(folder)) == 4


def test_one_process_at_a_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that initialises PortAudio must not lose its files to another that begins to."""
    monkeypatch.setattr(jack, "_LOCKED_WITHIN_S", 0.2)
    other = "import sys; from pathlib import Path; from edge_agent.playback.jack import cleared_away\n"
    other += "with cleared_away(Path(sys.argv[1])): print('in', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", other, folder.parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"in\n"
        (folder / "__db.001").touch()
        with cleared_away(folder.parent):
            assert names(folder) == ["__db.001", "metadata.db"]
        process.kill()
    with cleared_away(folder.parent):
        assert names(folder) == ["metadata.db"]


def test_where_nothing_can_be_locked_nothing_is_removed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(jack.fcntl, "flock", flock)
    with cleared_away(folder.parent):
        assert len(names(folder)) == 4


def test_without_jack_nothing_is_made(tmp_path: Path) -> None:
    with cleared_away(tmp_path):
        assert list(tmp_path.iterdir()) == []


def test_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    with cleared_away(tmp_path):
        assert len(names(elsewhere)) == 4


@pytest.mark.parametrize("start", [outputs.load, outputs.rescan])
def test_portaudio_starts_only_then(start: Callable[[], object], monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(jack, "cleared_away", partial(cleared_away, folder.parent))
    start()
    assert names(folder) == ["metadata.db"]
