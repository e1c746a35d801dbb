"""The daemon in this process: what it does without its parts, and in which order it leaves."""

from __future__ import annotations

import asyncio
import logging
import socket
from pathlib import Path
from typing import Any

import pytest

from edge_agent.agent import Agent
from edge_agent.agent import agent as agent_module
from edge_agent.clock import SystemClock
from edge_agent.config import load
from edge_agent.database import DatabaseBusy
from edge_agent.journal import Journal
from tests.doubles.fake_shelf import shelve
from tests.rigs.alsa import alsa_file_pcm  # noqa: F401 (fixture)
from tests.rigs.daemon import toml

pytestmark = pytest.mark.usefixtures("alsa_file_pcm")


def agent(folder: Path, **sections: dict[str, Any]) -> Agent:
    """A daemon without ingresses and with a voice that has a card and nothing else."""
    shelve(folder / "state", "hum")
    settings: dict[str, dict[str, Any]] = {
        "mqtt": {"enabled": False, "device": "kiosk-1"},
        "zmq": {"enabled": False},
        "metrics": {"enabled": False},
        "voice": {"id": "hum"},
        "paths": {"state_dir": str(folder / "state"), "cache_dir": str(folder / "cache")},
    }
    for name, keys in sections.items():
        settings.setdefault(name, {}).update(keys)
    path = folder / "config.toml"
    path.write_text("".join(f"[{name}]\n{toml(keys)}\n" for name, keys in settings.items()))
    return Agent(load(path, environ={"HOME": str(folder)}).config)


def live(daemon: Agent, until: str = "voice:") -> tuple[str, list[str]]:
    """Start it, stop it once it has said something about a part, and return how it was then."""

    async def life() -> tuple[str, list[str]]:
        await daemon.start()
        try:
            for _ in range(12_000):
                if any(why.startswith(until) for why in daemon._health.state()[1]):
                    break
                await asyncio.sleep(0.01)
            return daemon._health.state()
        finally:
            await daemon.stop()

    return asyncio.run(life())


def test_a_voice_that_cannot_be_loaded_leaves_the_one_that_ships_and_a_daemon_that_is_degraded(tmp_path) -> None:
    state, why = live(agent(tmp_path))
    assert state == "degraded"
    assert len(why) == 1
    assert why[0].startswith("voice: voice hum cannot be loaded")
    assert why[0].endswith("; voice default speaks instead")


def test_a_voice_that_does_not_exist_is_said(tmp_path) -> None:
    state, why = live(agent(tmp_path, voice={"id": "nobody"}))
    assert state == "degraded"
    assert "there is no voice 'nobody'; voice default speaks instead" in why[0]


def test_everything_is_given_back_when_it_stops(tmp_path) -> None:
    for _ in range(2):
        live(agent(tmp_path))
    Journal(tmp_path / "state" / "journal.db", clock=SystemClock()).close()


def test_a_second_daemon_does_not_start_and_harms_nothing(tmp_path) -> None:
    journal = Journal(tmp_path / "state" / "journal.db", clock=SystemClock())
    with pytest.raises(DatabaseBusy):
        live(agent(tmp_path))
    assert journal.counts().unfinished == 0
    journal.close()


def test_a_port_that_is_taken_costs_only_the_metrics(tmp_path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        _, why = live(agent(tmp_path, metrics={"enabled": True, "port": port}))
    assert any(each.startswith(f"metrics: port {port}") for each in why)


def test_a_damaged_journal_is_set_aside_and_said(tmp_path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "journal.db").write_bytes(b"not a database " * 100)
    _, why = live(agent(tmp_path))
    assert any("journal: was damaged; the old one is kept as" in each for each in why)
    assert list((tmp_path / "state").glob("journal.db.aside-*"))


def test_a_missing_list_of_phrases_is_said(tmp_path) -> None:
    _, why = live(agent(tmp_path, cache={"prewarm_file": str(tmp_path / "missing.txt")}), until="prewarm")
    assert any(each.startswith("prewarm:") and "missing.txt" in each for each in why)


def test_a_cache_that_has_no_room_is_said(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(agent_module, "CACHE_CHECK_EVERY_S", 0.02)
    phrases = tmp_path / "phrases.txt"
    phrases.write_text("好")
    _, why = live(agent(tmp_path, cache={"prewarm_file": str(phrases), "floor_mib": 1_048_576}), until="cache")
    assert any(each.startswith("cache: the disk has") for each in why), why


def test_a_cache_that_is_off_is_no_fault(tmp_path) -> None:
    _, why = live(agent(tmp_path, cache={"enabled": False}))
    assert not [each for each in why if each.startswith("cache")]
    assert not (tmp_path / "cache" / "phrases").exists()


def test_nothing_is_logged_as_an_error_by_starting_and_stopping_but_the_voice(tmp_path, caplog) -> None:
    with caplog.at_level(logging.WARNING):
        live(agent(tmp_path))
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert all("voice not loaded" in message for message in errors), errors
