"""What the daemon says back about an announcement."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from edge_agent.announcement import Outcome

ACCEPTED = "accepted"
STARTED = "started"
INTERRUPTED = "interrupted"
DUPLICATE = "duplicate"
"""The id is known already; ``outcome`` says how it ended, null while it has not. An answer to a request, no step of the announcement."""
PROVISIONED = "provisioned"
"""A USB stick was imported. About no announcement: its id is ``usb``."""
VOICE = "voice"
"""A voice was installed, refused, activated, rolled back, revoked, deleted, or has expired. About no announcement: its id is ``voice``."""
TERMINAL = frozenset(outcome.value for outcome in Outcome)
KINDS = frozenset({ACCEPTED, STARTED, INTERRUPTED, DUPLICATE, PROVISIONED, VOICE}) | TERMINAL


@dataclass(frozen=True, slots=True)
class Event:
    """One step in an announcement's life.

    ``event_id`` stays the same when a terminal event is sent again after a crash, so that a listener can tell a
    repetition from a second announcement. ``detail`` holds the documented extra fields (reason, provider, cache_hit,
    audio_s, stages ...), plain JSON values only.
    """

    kind: str
    id: str
    at: float
    source: str
    reply_to: str | None = None
    correlation: bytes | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    event_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def terminal(self) -> bool:
        return self.kind in TERMINAL

    def to_json(self) -> bytes:
        body = {"event": self.kind, "id": self.id, "at": round(self.at, 3), "event_id": self.event_id, **self.detail}
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
