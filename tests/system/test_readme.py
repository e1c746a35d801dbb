"""What the documentation shows works as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent import cli
from edge_agent.client import SpeechClient
from edge_agent.config import load
from edge_agent.wire import socket_dir
from tests.rigs.alsa import FilePcm
from tests.rigs.daemon import Daemon

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "edge_agent" / "client" / "README.md"


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("page", [ROOT / "README.md", CLIENT], ids=["main", "client"])
def test_a_program_speaks_with_the_lines_shown(page: Path, tmp_path: Path, alsa_file_pcm: FilePcm) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    settings = {
        "mqtt": {"enabled": False}, "audio": {"device": alsa_file_pcm.device}, "zmq": {"socket_dir": str(socket_dir(environ))},
    }
    device = Daemon(tmp_path / "device", 1, settings)
    try:
        device.start()
        example = blocks(page, "python")[0]
        assert len(example.splitlines()) <= 6
        subprocess.run([sys.executable, "-c", example], check=True, env={**os.environ, **environ}, timeout=120)
        device.stop()
    finally:
        device.close()
    assert abs(alsa_file_pcm.captured()).max() > 0.01


@pytest.mark.parametrize("shown", blocks(CLIENT, "toml"))
def test_the_configuration_shown_is_one(shown: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(shown, encoding="utf-8")
    load(path, environ={"HOME": str(tmp_path)})


def test_the_key_commands_shown_let_a_client_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    (commands,) = blocks(CLIENT, "sh")
    for line in commands.splitlines():
        assert cli.main(line.split("#")[0].split()[1:]) == 0
    with SpeechClient("tcp://127.0.0.1", keys="navigation.json", timeout_s=1):
        pass
