from __future__ import annotations

from pathlib import Path

from edge_agent.cli.exit_codes import ExitCode
from edge_agent.voices.keys import SecretKey
from tests.cli.conftest import EdgeAgent


def test_a_device_begins_without_keys(edge_agent: EdgeAgent, tmp_path: Path) -> None:
    assert "edge-agent keys init" in edge_agent("keys", "show").out
    assert edge_agent("keys", "show", "--json").json()["device"] is None
    recipient = edge_agent("keys", "init").out.strip()
    device = edge_agent("keys", "show", "--json").json()["device"]
    assert (device["recipient"], device["protection"]) == (recipient, "file")
    assert recipient in edge_agent("keys", "show").out
    again = edge_agent("keys", "init")
    assert (again.code, "remove it yourself" in again.err) == (ExitCode.FAILED, True)
    assert edge_agent("keys", "show", "--json").json()["device"]["recipient"] == recipient
    assert (tmp_path / "home/.local/state/edge-agent/keys/device.age").stat().st_mode & 0o777 == 0o600


def test_whom_to_trust(edge_agent: EdgeAgent) -> None:
    key = SecretKey.generate().public_key
    assert edge_agent("keys", "trust", "depot", key.text, "--role", "station", "--voice", "anna").out == f"{key.id}\n"
    signers = edge_agent("keys", "show", "--json").json()["signers"]
    assert signers["depot"] == {"key": key.text, "id": key.id, "roles": ["station"], "voices": ["anna"]}
    assert signers["project"]["voices"] == ["default"]
    assert f"{key.id} as station for anna" in edge_agent("keys", "show").out
    assert edge_agent("keys", "revoke", "depot", "--reason", "lost").out == f"{key.id}\n"
    shown = edge_agent("keys", "show", "--json").json()
    assert (set(shown["signers"]), shown["revoked"]) == ({"project"}, {key.text: "lost"})
    assert f"{key.id}: lost" in edge_agent("keys", "show").out


def test_what_is_refused(edge_agent: EdgeAgent, tmp_path: Path) -> None:
    assert "no minisign public key" in edge_agent("keys", "trust", "depot", "RWQ").err
    (tmp_path / "voice.vpk").write_bytes(b"\xe8\xff")
    assert "voice.vpk is no text" in edge_agent("keys", "trust", "depot", tmp_path / "voice.vpk").err
    assert "no signer's name; there are: project" in edge_agent("keys", "revoke", "depot").err
    assert edge_agent("keys", "trust", "depot", "x", "--role", "king").code == ExitCode.USAGE
