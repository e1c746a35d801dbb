"""The store as a device opens it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge_agent.config import load
from edge_agent.voices.catalog import BUILT_IN
from edge_agent.voices.keys import TrustFile, make_device_keys
from edge_agent.voices.keys.project import PROJECT
from edge_agent.voices.pack import PackError
from edge_agent.voices.store import open_store


def test_keys_that_are_made_while_the_daemon_runs_are_found(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "EDGE_AGENT__PATHS__STATE_DIR": str(tmp_path / "state")}
    config = load(Path(os.devnull), environ=environ).config
    store = open_store(config)
    assert store.gate.identities == ()
    assert store.gate.sign(b"receipt", "test") is None
    keys = make_device_keys(config.paths.keys)
    assert [str(each.to_public()) for each in store.gate.identities] == [keys.recipient]
    assert store.gate.sign(b"receipt", "test") is not None


def test_who_made_a_voice_is_told_without_keys(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "EDGE_AGENT__PATHS__STATE_DIR": str(tmp_path / "state")}
    config = load(Path(os.devnull), environ=environ).config
    gate = open_store(config).gate
    gate.verify_author(BUILT_IN)
    TrustFile(config.paths.keys).revoke(PROJECT.name, "stolen")
    with pytest.raises(PackError, match="stolen"):
        gate.verify_author(BUILT_IN)


def test_all_that_is_made_with_a_voice_goes_with_it(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "EDGE_AGENT__PATHS__STATE_DIR": str(tmp_path / "state")}
    config = load(Path(os.devnull), environ=environ).config
    assert [trace.name for trace in open_store(config).settings.traces] == ["phrases", "engine_cache", "downloads", "memory"]
    config.paths.incoming.mkdir(parents=True)
    (config.paths.incoming / "ab.part").write_bytes(b"half a pack")
    assert open_store(config).settings.traces[2].erase("anna") == 1
    assert list(config.paths.incoming.iterdir()) == []
