"""Whoever wants something said, and hears what became of it."""

from __future__ import annotations

import time
from collections.abc import Collection
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
        """Terminal events of an announcement by event id, under which one that was sent again counts once."""
        return self.all_ends().get(id, {})

    def all_ends(self) -> dict[str, dict[str, dict[str, Any]]]:
        """:meth:`ends` of every announcement."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for event in self.events():
            if event["event"] in TERMINAL:
                found.setdefault(event["id"], {})[event["event_id"]] = event
        return found

    def wait_for_ends(self, ids: Collection[str], patience_s: float = 60.0) -> list[dict[str, Any]]:
        """The terminal events of many announcements, one each; gives up when none has come for ``patience_s``."""
        n_ended, until = -1, 0.0
        while True:
            ends = self.all_ends()
            missing = [each for each in ids if each not in ends]
            if not missing:
                assert all(len(ends[each]) == 1 for each in ids), "more than one end"
                return [next(iter(ends[each].values())) for each in ids]
            if len(ids) - len(missing) > n_ended:
                n_ended, until = len(ids) - len(missing), time.monotonic() + patience_s
            assert time.monotonic() < until, f"no end came of {len(missing)} announcements: {missing[:10]}"
            time.sleep(0.1)

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
