"""Whoever wants something said, and hears what became of it."""

from __future__ import annotations

from typing import Any

from edge_agent.events import TERMINAL
from tests.rigs.daemon import BASE
from tests.rigs.mqtt_peer import Peer, eventually


class Requester:
    """Publishes announcements through a :class:`Peer` and keeps their events."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer.subscribe(f"{BASE}/event", f"{BASE}/status")

    def say(self, payload: str | bytes | dict[str, Any], **properties: Any) -> None:
        self.peer.publish(f"{BASE}/say", payload, **properties)

    def spoken(self, id: str, text: str, **fields: Any) -> dict[str, Any]:
        """Have something said; its terminal event."""
        self.say({"id": id, "text": text, **fields})
        return self.end(id)

    def end(self, id: str) -> dict[str, Any]:
        """The terminal event of an announcement, when it has come; there must be one only."""
        eventually(lambda: self.ends(id), f"the end of {id}")
        (end,) = self.ends(id).values()
        return end

    def ends(self, id: str) -> dict[str, dict[str, Any]]:
        """Terminal events by event id, under which one that was sent again counts once."""
        return {event["event_id"]: event for event in self.events() if event["id"] == id and event["event"] in TERMINAL}

    def events(self) -> list[dict[str, Any]]:
        return self.peer.on(f"{BASE}/event")

    def kinds(self, id: str) -> list[str]:
        return [event["event"] for event in self.events() if event["id"] == id]

    def wait_for_device(self) -> Requester:
        """Until the device says that it is there: what is published before its first connection reaches nobody."""
        eventually(lambda: self.status().get("state") in ("online", "degraded"), "the device's coming online")
        return self

    def status(self) -> dict[str, Any]:
        """The last one heard, empty if none was."""
        return next(iter(self.peer.on(f"{BASE}/status")[::-1]), {})
