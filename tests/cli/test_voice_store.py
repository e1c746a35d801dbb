from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from edge_agent.voices.keys import Signer, TrustFile, load_device_keys
from edge_agent.voices.store import canary
from tests.rigs.depot import Depot


@pytest.fixture
def device(tmp_path, monkeypatch, edge_agent) -> Depot:
    """A device with keys that trusts the depot."""
    monkeypatch.setattr(canary, "speaks", lambda _folder, **_: None)
    state = tmp_path / "state"
    state.mkdir()
    for name, folder in (("STATE_DIR", state), ("CACHE_DIR", tmp_path / "cache")):
        monkeypatch.setenv(f"EDGE_AGENT__PATHS__{name}", str(folder))
    assert edge_agent("keys", "init").code == 0
    (tmp_path / "depot").mkdir()
    keys = load_device_keys(state / "keys", os.environ)
    depot = Depot(tmp_path / "depot", device=keys.identities[0])
    TrustFile(state / "keys").trust(Signer("depot", depot.key.public_key))
    return depot


def now(**delta: float) -> dict[str, datetime]:
    """So that a pack is valid today."""
    moment = datetime.now(timezone.utc).replace(microsecond=0)
    return {"valid_from": moment - timedelta(hours=2), "now": moment - timedelta(hours=1), "consent_until": moment + timedelta(days=9)}


def active(edge_agent) -> list[str]:
    return [voice["id"] for voice in edge_agent("voice", "list", "--json").json() if voice["active"]]


def test_a_voice_comes_goes_back_and_goes(edge_agent, device: Depot) -> None:
    old, new = (device.pack(seq, device.voice(content=b"%d" % seq), **now()) for seq in (7, 8))
    result = edge_agent("voice", "install", old)
    assert result.err == ""
    assert result.out == "voice anna 1.7 (7) is installed, sealed to this device\n"
    assert active(edge_agent) == ["anna"]
    assert "nothing was to be done" in edge_agent("voice", "install", old).out
    assert edge_agent("voice", "install", "--no-choose", new).code == 0
    result = edge_agent("voice", "install", old)
    assert (result.code, "is not above 8, which was here; to go back: edge-agent voice activate anna --seq 7" in result.err) == (1, True)
    assert edge_agent("voice", "rollback", "anna").out == "voice anna is at version 1.7 (7) again\n"
    assert edge_agent("voice", "activate", "anna", "--seq", "8").out == "voice anna 1.8 (8) speaks\n"
    assert edge_agent("voice", "activate", "default").out == "voice default speaks\n"
    assert edge_agent("voice", "activate", "default", "--seq", "7").code == 2
    assert active(edge_agent) == ["default"]
    receipt = edge_agent("voice", "delete", "--yes", "anna").out.strip()
    assert Path(f"{receipt}.minisig").exists()
    assert [voice["id"] for voice in edge_agent("voice", "list", "--json").json()] == ["default"]
    audit = edge_agent("voice", "audit", "--json").json()
    events = [record["event"] for record in audit["records"]]
    assert events == ["installed", "installed", "refused", "rolled_back", "activated", "activated", "deleting", "deleted"]
    assert audit["damages"] == []


def test_who_speaks_instead_of_a_voice_whose_signer_was_revoked(edge_agent, device: Depot) -> None:
    edge_agent("voice", "install", device.pack(7, **now()))
    edge_agent("keys", "revoke", "depot", "--reason", "stolen")
    listed = edge_agent("voice", "list")
    assert "voice anna may not speak any more: manifest.json was signed by key" in listed.err
    assert "revoked: stolen" in listed.err
    assert active(edge_agent) == ["default"]


def test_a_log_that_was_tampered_with_is_said(edge_agent, device: Depot, tmp_path) -> None:
    edge_agent("voice", "install", device.pack(7, **now()))
    log = tmp_path / "state" / "voices" / ".store" / "audit.jsonl"
    log.write_text(log.read_text().replace('"by":"cli"', '"by":"usb"'))
    result = edge_agent("voice", "audit")
    assert result.code == 1
    assert "tampered with: line" in result.err


def test_what_the_configuration_says_instead_is_said(edge_agent, device: Depot, monkeypatch) -> None:
    monkeypatch.setenv("EDGE_AGENT__VOICE__ID", "default")
    assert "voice.id = 'default'" in edge_agent("voice", "install", device.pack(7, **now())).err
    assert edge_agent("voice", "delete", "--yes", "nobody").code == 1
