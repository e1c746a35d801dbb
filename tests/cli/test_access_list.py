"""The commands of a device whose broker has the access list that ships."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import EdgeAgent
from tests.rigs.mosquitto import CONFIGS, Mosquitto, MosquittoFactory

LOGIN = {"username": "kiosk-1", "password": "k1"}


@pytest.fixture
def broker(mosquitto: MosquittoFactory, monkeypatch: pytest.MonkeyPatch) -> Mosquitto:
    acl = (CONFIGS / "store.acl").read_text().replace("store-12", "store")
    running = mosquitto(users={LOGIN["username"]: LOGIN["password"]}, acl=acl)
    monkeypatch.setenv("EDGE_AGENT__MQTT__PORT", str(running.port))
    for name, value in LOGIN.items():
        monkeypatch.setenv(f"EDGE_AGENT__MQTT__{name.upper()}", value)
    return running


def test_they_work_by_the_name_of_the_device(edge_agent: EdgeAgent, daemon: Any) -> None:
    daemon(LOGIN, reply=lambda _command, route: route.answer(segments_made=1, texts_failed=0))
    said = edge_agent("say", "hello")
    assert [line.split()[1] for line in said.lines] == ["accepted", "started", "played"], said.err
    assert "1 of 1 texts are ready" in edge_agent("cache", "prewarm", "hello").out
    assert edge_agent("status").lines[0].startswith("store/kiosk-1 is online")
    examined = edge_agent("doctor", "broker")
    assert examined.code == 0, examined.out


def test_another_device_is_not_theirs(edge_agent: EdgeAgent, daemon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    device = daemon(LOGIN)
    monkeypatch.setenv("EDGE_AGENT__MQTT__DEVICE", "kiosk-2")
    assert "refuses messages to voice/store/kiosk-2/say: Not authorized" in edge_agent("say", "hello").err
    assert device.announcements == []
