"""The device that the tests of MQTT are about: its topics, and an event of it."""

from __future__ import annotations

from edge_agent.events import Event

SAY, CMD, EVENT = "voice/store/kiosk-1/say", "voice/store/kiosk-1/cmd", "voice/store/kiosk-1/event"
STATUS, HEALTH, REPLY = "voice/store/kiosk-1/status", "voice/store/kiosk-1/health", "voice/store/reply/till-1"


def event(kind: str = "played", **fields: object) -> Event:
    return Event(**{"kind": kind, "id": "a1", "at": 1.0, "source": f"mqtt:{SAY}", **fields})
