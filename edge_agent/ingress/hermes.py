"""The Hermes text-to-speech topics of Rhasspy, as an alias for ours.

A ``say`` becomes an ordinary request whose correlation data remember the Hermes ids, so that the answer can be
written from the terminal event alone, also after a crash.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from edge_agent.announcement import Outcome
from edge_agent.events import Event
from edge_agent.ingress.outgoing_json import dump
from edge_agent.ingress.topics import HERMES_ERROR, HERMES_FINISHED
from edge_agent.parse import Rejected, read_object
from edge_agent.parse.fields import FIELDS, Problem

DEFAULT_SITE = "default"
_REMEMBERED = ("siteId", "id", "sessionId")
_MAX_NAME_CHARS = 128
_LANGUAGES = {"zh": "zh", "cmn": "zh", "en": "en"}


@dataclass(frozen=True, slots=True)
class HermesSay:
    """A request in our own JSON, and the correlation data to send along with it."""

    payload: bytes
    correlation: bytes


def read_say(payload: bytes, site_id: str) -> HermesSay | None:
    """Translate ``hermes/tts/say``; None when it is meant for another site.

    Fields that only Hermes knows are ignored, as that protocol asks; the announcement itself is validated later.

    Raises:
        Rejected: not one sound JSON object, or an id that is not a short string.
    """
    values = read_object(payload)
    ids = {name: _name(values, name) for name in _REMEMBERED}
    ids["siteId"] = ids["siteId"] or DEFAULT_SITE
    if ids["siteId"] != site_id:
        return None
    request: dict[str, Any] = {"text": values.get("text"), "lang": _lang(values.get("lang"))}
    if values.get("volume") is not None:
        request["volume"] = values["volume"]
    if _is_id(ids["id"]):
        request["id"] = ids["id"]
    return HermesSay(dump(request), dump(ids))


def answers(event: Event) -> list[tuple[str, bytes]]:
    """The (topic, payload) pairs that a terminal event of a Hermes request calls for.

    Dialogue managers wait for ``sayFinished`` whatever happened; what was not played is reported as an error before it.
    """
    ids = _recall(event.correlation)
    finished = (HERMES_FINISHED, dump(ids))
    if event.kind == Outcome.PLAYED.value:
        return [finished]
    error = {
        "error": str(event.detail.get("reason", event.kind)),
        "context": event.kind,
        **{name: ids.get(name) for name in ("siteId", "sessionId")},
    }
    return [(HERMES_ERROR, dump(error)), finished]


def _name(values: dict[str, Any], name: str) -> str | None:
    value = values.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > _MAX_NAME_CHARS):
        raise Rejected(name, "is not a short string", f"a string of at most {_MAX_NAME_CHARS} characters")
    return value


def _lang(value: Any) -> str:
    language = re.split(r"[_-]", value, maxsplit=1)[0].lower() if isinstance(value, str) else ""
    return _LANGUAGES.get(language, "auto")


def _is_id(value: str | None) -> bool:
    try:
        FIELDS["id"].read(value)
    except Problem:
        return False
    return True


def _recall(correlation: bytes | None) -> dict[str, Any]:
    try:
        ids = json.loads(correlation or b"{}")
    except ValueError:
        ids = None
    return ids if isinstance(ids, dict) else {}
