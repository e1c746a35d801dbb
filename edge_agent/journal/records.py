"""What the journal answers with, and its rows as JSON."""

from __future__ import annotations

import base64
import dataclasses
import enum
import json
from typing import Any, NamedTuple

from edge_agent.announcement import Announcement, OnInterrupt, Outcome, Priority
from edge_agent.errors import EdgeAgentError
from edge_agent.events import Event


class JournalFull(EdgeAgentError):
    """There is no room to keep an announcement, so it must not be acknowledged; ``id`` names it, ``reason`` is the same for all."""

    def __init__(self, id: str, reason: str) -> None:
        super().__init__(f"announcement {id} was not kept: {reason}")
        self.id = id
        self.reason = reason


class Unreadable(EdgeAgentError):
    """A row that passed SQLite's check but is not what this program wrote."""


class State(str, enum.Enum):
    """How far an unfinished announcement got."""

    ACCEPTED = "accepted"
    STARTED = "started"
    ENDING = "ending"


@dataclasses.dataclass(frozen=True, slots=True)
class Accepted:
    """The announcement is on disk and may be acknowledged."""


@dataclasses.dataclass(frozen=True, slots=True)
class Duplicate:
    """The id was accepted before; ``outcome`` is how it ended, None while it has not."""

    outcome: Outcome | None
    id: str = dataclasses.field(default="", compare=False)


class Pending(NamedTuple):
    """An unfinished announcement: the segment last started (from 0), and how often the daemon ended while it spoke."""

    announcement: Announcement
    state: State
    segment: int
    cuts: int


class Counts(NamedTuple):
    """Rows kept."""

    unfinished: int
    finished: int
    outbox: int


def dump_announcement(announcement: Announcement) -> str:
    body = {field.name: getattr(announcement, field.name) for field in dataclasses.fields(announcement)}
    body["priority"] = announcement.priority.name
    body["on_interrupt"] = announcement.on_interrupt.value
    return _dump(body)


def load_announcement(row: bytes | None, id: str) -> Announcement:
    """Raises Unreadable when the row is not the announcement ``id``."""
    try:
        body = _load(row, "id", id)
        body["priority"] = Priority[body["priority"]]
        body["on_interrupt"] = OnInterrupt(body["on_interrupt"])
        return Announcement(**body)
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"not an announcement: {error}") from error


def dump_event(event: Event) -> str:
    return _dump({field.name: getattr(event, field.name) for field in dataclasses.fields(event)})


def load_event(row: bytes | None, event_id: str) -> Event:
    """Raises Unreadable when the row is not the event ``event_id``."""
    try:
        return Event(**_load(row, "event_id", event_id))
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"not an event: {error}") from error


def _dump(body: dict[str, Any]) -> str:
    if body["correlation"] is not None:
        body["correlation"] = base64.b64encode(body["correlation"]).decode("ascii")
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _load(row: bytes | None, name: str, value: str) -> dict[str, Any]:
    if row is None:
        raise ValueError("it is empty")
    body = json.loads(row.decode())
    if body[name] != value:
        # Under another name than its own it would never be found again, to end it.
        raise ValueError(f"its {name} is another one")
    if body["correlation"] is not None:
        body["correlation"] = base64.b64decode(body["correlation"], validate=True)
    return body
