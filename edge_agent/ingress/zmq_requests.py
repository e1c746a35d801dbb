"""One request from a ZeroMQ peer: frames and JSON in, a ``say`` or a command out, and the way back for its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge_agent import wire
from edge_agent.ingress.commands import Command, build_command, read_ref
from edge_agent.ingress.outgoing_json import dump
from edge_agent.parse import Refusal, Rejected
from edge_agent.parse.fields import FIELDS, Problem
from edge_agent.parse.rejected import show
from edge_agent.parse.strict_json import decode, load

_COMMANDS = {"cancel": "cancel", "stop": "stop", "preload": "prewarm", "status": "status", "ping": "ping"}
"""Verbs, and what the commands they stand for are called in :mod:`edge_agent.ingress.commands`."""
_FRAMES = "the frames [version, JSON]"


@dataclass(frozen=True, slots=True)
class Say:
    """A request to speak: the announcement's own JSON, and its id if it has a sound one."""

    payload: bytes
    id: str | None


@dataclass(slots=True)
class Reply:
    """Sends one answer; from any thread. ``verb`` and ``ref`` are filled in as the request is read."""

    deliver: Callable[[bytes], None]
    verb: str | None = None
    ref: str | None = None

    def send(self, body: Mapping[str, Any]) -> None:
        self.deliver(dump({"verb": self.verb, "ref": self.ref, **body}))

    def refuse(self, detail: Mapping[str, Any], id: str | None = None) -> None:
        """``detail`` has the ``reason``; ``id`` is that of the announcement, where one could be read."""
        self.send({"ok": False, **detail, **({"status": "rejected", "id": id} if self.verb == "say" else {})})


def read_request(frames: Sequence[bytes], reply: Reply) -> Say | Command:
    """Read what follows a peer's identity (and a REQ socket's empty delimiter).

    Raises:
        Rejected: wrong version, frames, JSON, verb or field; whatever of ``reply`` could be read is filled in.
    """
    if len(frames) != 2:
        raise Rejected("frames", "are too many" if len(frames) > 2 else f"are {len(frames)}", _FRAMES, kind=Refusal.MALFORMED)
    if frames[0] != wire.VERSION:
        version = show(frames[0][:16].decode("ascii", "replace"))
        raise Rejected("version", f"is {version}", wire.VERSION.decode(), kind=Refusal.MALFORMED)
    loaded = load(decode(frames[1]))
    values = loaded.values
    reply.ref = read_ref(values)
    verb = values.get("verb")
    if not isinstance(verb, str) or verb not in wire.VERBS:
        raise Rejected("verb", f"is {show(verb)}" if "verb" in values else "is missing", ", ".join(wire.VERBS))
    reply.verb = verb
    if loaded.complaint is not None:
        raise loaded.complaint
    fields = {name: value for name, value in values.items() if name not in ("verb", "ref")}
    if verb == "say":
        return Say(dump(fields), _sound_id(fields))
    return build_command(_COMMANDS[verb], fields, lambda known: ("verb", "ref", *known))


def _sound_id(fields: Mapping[str, Any]) -> str | None:
    try:
        found: str = FIELDS["id"].read(fields.get("id"))
    except Problem:
        return None
    return found
