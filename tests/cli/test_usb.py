"""A stick from the desk to the device: exported, imported by the real store, told by the real command."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from edge_agent.clock import SystemClock
from edge_agent.voices.store import canary
from tests.cli.conftest import EdgeAgent
from tests.rigs.depot import NOW, Depot


@pytest.fixture
def depot(tmp_path: Path, edge_agent: EdgeAgent, monkeypatch: pytest.MonkeyPatch) -> Depot:
    """Its key is trusted by this device, and it seals for this device."""
    monkeypatch.setenv("EDGE_AGENT__PATHS__STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("EDGE_AGENT__PATHS__CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("EDGE_AGENT__ZMQ__SOCKET_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("EDGE_AGENT__USB__LANGUAGES", "[]")  # there is no daemon to wait for
    monkeypatch.setattr(canary, "speaks", lambda *_arguments, **_options: None)  # these voices have no model
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW.timestamp())
    depot = Depot(tmp_path / "depot")
    assert edge_agent("keys", "trust", "depot", depot.key.public_key.text).code == 0
    return depot


def exported(edge_agent: EdgeAgent, folder: Path, *packs: Path) -> Path:
    assert edge_agent("voice", "export-stick", *map(str, packs), "--out", str(folder)).code == 0
    return folder


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_voice_comes_to_the_device(edge_agent: EdgeAgent, depot: Depot, tmp_path: Path) -> None:
    stick = exported(edge_agent, tmp_path / "stick", depot.pack(1, sealed=False))
    first = edge_agent("usb-import", str(stick), "--json", "--result", str(tmp_path / "log.txt"))
    assert (first.code, json.loads(first.out)["code"]) == (0, "S01"), first.err
    assert (tmp_path / "log.txt").read_bytes().startswith(b"\xef\xbb\xbfEdge voice agent")
    voices = json.loads(edge_agent("voice", "list", "--json").out)
    assert [voice["id"] for voice in voices if voice["active"]] == ["anna"]
    before = files(tmp_path / "state" / "voices")
    second = edge_agent("usb-import", str(stick))
    assert second.code == 0
    assert second.out.startswith("S02 The voices are up to date.\n")
    assert files(tmp_path / "state" / "voices") == before


def test_a_draft_stays_at_home(edge_agent: EdgeAgent, depot: Depot, tmp_path: Path) -> None:
    pack = depot.pack(1, sealed=False)
    draft = pack.with_name(pack.name.replace("signed", "draft"))
    result = edge_agent("voice", "export-stick", pack, draft, "--out", tmp_path / "stick")
    assert (result.code, (tmp_path / "stick").exists()) == (1, False)
    assert "draft that nobody signed" in result.err


def test_what_is_refused_is_told_by_the_exit_status(edge_agent: EdgeAgent, depot: Depot, tmp_path: Path) -> None:
    stranger = replace(depot, folder=tmp_path / "stranger", key=type(depot.key).generate())
    old = NOW - timedelta(minutes=1)
    packs = (depot.pack(1, sealed=False), stranger.pack(2, sealed=False), depot.pack(3, sealed=False, expires=old))
    stick = exported(edge_agent, tmp_path / "stick", *packs)
    result = edge_agent("usb-import", str(stick), "--json")
    assert result.code == 1
    assert sorted(pack["reason"] for pack in json.loads(result.out)["packs"]) == ["expired", "ok", "untrusted"]


def test_a_folder_that_is_no_mounted_stick(edge_agent: EdgeAgent, depot: Depot, tmp_path: Path) -> None:
    stick = exported(edge_agent, tmp_path / "stick", depot.pack(1, sealed=False))
    result = edge_agent("usb-import", "--mounted", str(stick), "--json")
    assert (result.code, json.loads(result.out)["code"]) == (1, "E50")
    missing = edge_agent("usb-import", tmp_path / "nowhere")
    assert (missing.code, missing.out) == (1, "E50 The stick cannot be read.\n")
    assert str(tmp_path / "nowhere") in missing.err
    assert edge_agent("usb-import", "/dev/null", "--json").code == 1
    assert not (tmp_path / "state" / "voices" / "anna").exists()
