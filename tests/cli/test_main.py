from __future__ import annotations

import subprocess
import sys

import pytest

from edge_agent import __version__
from edge_agent.cli.app import COMMANDS
from tests.cli.conftest import EdgeAgent
from tests.rigs.ports import free_port


@pytest.mark.parametrize("command", ["", *COMMANDS, "cache prewarm", "config init", "voice list"])
def test_every_command_explains_itself(edge_agent: EdgeAgent, command: str) -> None:
    result = edge_agent(*command.split(), "--help")
    assert result.code == 0
    assert result.out.startswith("Usage: edge-agent")


def test_the_version(edge_agent: EdgeAgent) -> None:
    assert edge_agent("--version").out == f"edge-agent, version {__version__}\n"


@pytest.mark.parametrize("arguments", [["dance"], ["say", "--loud", "x"], ["cache"], ["say"]])
def test_a_wrong_command_line(edge_agent: EdgeAgent, arguments: list[str]) -> None:
    result = edge_agent(*arguments)
    assert result.code == 2
    assert "Usage:" in result.err


def test_a_wrong_configuration_is_told_in_full(edge_agent: EdgeAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_AGENT__LOG__LEVEL", "loud")
    monkeypatch.setenv("EDGE_AGENT__MQTT__PORT", "x")
    for command in (["run"], ["say", "hello"], ["status"], ["cache", "stats"]):
        result = edge_agent(*command)
        assert result.code == 78
        assert len(result.err.splitlines()) == 2


def test_a_broker_that_is_away(edge_agent: EdgeAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_AGENT__MQTT__PORT", str(free_port()))
    for command in (["say", "hello"], ["status"], ["listen"], ["cache", "prewarm", "hello"]):
        result = edge_agent(*command)
        assert result.code == 10
        assert "Connection refused; nor can the daemon on this computer be asked" in result.err
        assert "To find out why: edge-agent doctor" in result.err


def test_is_a_module_too() -> None:
    run = subprocess.run([sys.executable, "-m", "edge_agent", "--version"], capture_output=True, text=True, timeout=60, check=False)
    assert run.stdout == f"edge-agent, version {__version__}\n"


def test_stops_quietly_when_nobody_reads_on() -> None:
    command = f"{sys.executable} -m edge_agent config init --output - | head -c 10"
    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert run.stderr == ""
    assert len(run.stdout) == 10


def test_light_commands_load_no_heavy_library() -> None:
    script = (
        "import sys; from edge_agent.cli import main; main(['config', 'init', '--output', '-']);"
        "sys.exit(any(name in sys.modules for name in ('onnxruntime', 'sounddevice', 'soundfile', 'soxr')))"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=False).returncode == 0
