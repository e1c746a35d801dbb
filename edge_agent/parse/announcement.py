"""Payload, content type and MQTT properties in; a validated announcement out."""

from __future__ import annotations

import difflib
import re
import uuid
from dataclasses import dataclass
from typing import Any

from edge_agent.announcement import Announcement, Lang, OnInterrupt, Priority
from edge_agent.parse.fields import FIELDS, Problem
from edge_agent.parse.rejected import Rejected, show
from edge_agent.parse.strict_json import decode, load, looks_like_object

FIELD_NAMES = tuple(FIELDS)
MAX_CORRELATION_BYTES = 1024
MAX_AHEAD_S = 366 * 86_400

_JSON, _PLAIN, _SSML = "application/json", "text/plain", "application/ssml+xml"
_CONTENT_TYPES = f"{_JSON}, {_PLAIN} or {_SSML}, in UTF-8, or no content type at all"
_XML_DECLARATION = re.compile(r"\s*<\?xml\b[^>]*\?>\s*")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a request that does not say gets; times in seconds."""

    lang: Lang = "auto"
    voice: str | None = None
    priority: Priority = Priority.NORMAL
    ttl_s: float = 300.0
    on_interrupt: OnInterrupt = OnInterrupt.RESTART
    chime: str | None = None
    repeat: int = 1
    gap_s: float = 1.0
    volume: float = 1.0
    speed: float = 1.0


def parse(
    payload: bytes,
    *,
    source: str,
    now: float,
    content_type: str | None = None,
    defaults: Defaults | None = None,
    expiry_s: float | None = None,
    correlation: bytes | None = None,
    delivery_id: str | None = None,
    reply_to: str | None = None,
) -> Announcement:
    """Validate one request.

    The payload is a JSON object, plain UTF-8 text or SSML: as ``content_type`` says, or else JSON if its first
    character is ``{``. The id is the JSON one, else ``correlation`` if that would be a valid id, else
    ``delivery_id``, else generated.
    ``expiry_s`` (MQTT v5 message expiry) wins over ``ttl_s`` and counts from ``now``; ``ttl_s`` counts from
    ``not_before`` when the announcement is scheduled. ``reply_to`` (MQTT v5 response topic) wins over the JSON field.
    ``source`` names who asked, for limits and logs.

    Whether the voice and the chime exist, and whether anything in the text can be spoken, is for those who know.

    Raises:
        Rejected: naming the field, its problem and what is allowed.
    """
    values: dict[str, Any] = {}
    fallback_id = _id_of(correlation) or delivery_id
    try:
        text = decode(payload)
        kind = _kind_of(content_type, text)
        if kind == _JSON:
            loaded = load(text)
            values = loaded.values
            if loaded.complaint is not None:
                raise loaded.complaint
        else:
            values = {"text": _XML_DECLARATION.sub("", text, count=1) if kind == _SSML else text}
            if kind == _SSML and not values["text"].lstrip().startswith("<speak"):
                raise Rejected("text", "does not begin with <speak>", f"a <speak> document for {_SSML}")
        if reply_to is not None:
            _read("reply_to", reply_to)
        if correlation is not None and len(correlation) > MAX_CORRELATION_BYTES:
            raise Rejected("correlation", f"has {len(correlation)} bytes", f"at most {MAX_CORRELATION_BYTES} bytes")
        return _build(
            values,
            source=source,
            now=now,
            defaults=defaults or Defaults(),
            expiry_s=expiry_s,
            correlation=correlation,
            reply_to=reply_to,
            fallback_id=fallback_id,
        )
    except Rejected as rejected:
        rejected.id = _readable("id", values) or fallback_id
        rejected.reply_to = _readable("reply_to", {"reply_to": reply_to}) or _readable("reply_to", values)
        raise


def _kind_of(content_type: str | None, text: str) -> str:
    if not content_type:
        return _JSON if looks_like_object(text) else _PLAIN
    kind, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [parameter.partition("=")[2].strip('"') for parameter in parameters if parameter.startswith("charset=")]
    if kind not in (_JSON, _PLAIN, _SSML) or any(charset not in ("utf-8", "utf8", "us-ascii") for charset in charsets):
        raise Rejected("content_type", f"is {show(content_type)}", _CONTENT_TYPES)
    return kind


def _build(
    values: dict[str, Any],
    *,
    source: str,
    now: float,
    defaults: Defaults,
    expiry_s: float | None,
    correlation: bytes | None,
    reply_to: str | None,
    fallback_id: str | None,
) -> Announcement:
    for name in values:
        if name not in FIELDS:
            raise _unknown(name)
    given = {name: _read(name, value) for name, value in values.items()}
    if "text" not in given:
        raise Rejected("text", "is missing", FIELDS["text"].allowed)
    ttl_s = given.pop("ttl_s", defaults.ttl_s)
    not_before = _schedule(given.pop("not_before", None), now=now, expiry_s=expiry_s)
    return Announcement(
        id=given.pop("id", None) or fallback_id or uuid.uuid4().hex,
        source=source,
        received_at=now,
        expires_at=now + expiry_s if expiry_s is not None else (not_before or now) + ttl_s,
        not_before=not_before,
        reply_to=reply_to or given.pop("reply_to", None),
        correlation=correlation,
        **{name: given.get(name, getattr(defaults, name, None)) for name in _COPIED},
    )


_COPIED = tuple(name for name in FIELDS if name not in ("id", "ttl_s", "not_before", "reply_to"))


def _schedule(not_before: float | None, *, now: float, expiry_s: float | None) -> float | None:
    if not_before is None or not_before <= now:
        return None
    if not_before > now + MAX_AHEAD_S:
        raise Rejected("not_before", "is too far ahead", f"a time within {MAX_AHEAD_S // 86_400} days from now")
    if expiry_s is not None and not_before >= now + expiry_s:
        raise Rejected(
            "not_before", f"is later than the message lives ({expiry_s:g} s)", "a time before the message expires"
        )
    return not_before


def _read(name: str, value: Any) -> Any:
    try:
        return FIELDS[name].read(value)
    except Problem as problem:
        raise Rejected(name, str(problem), FIELDS[name].allowed) from None


def _readable(name: str, values: dict[str, Any]) -> str | None:
    try:
        return _read(name, values.get(name))
    except Rejected:
        return None


def _id_of(correlation: bytes | None) -> str | None:
    try:
        return _readable("id", {"id": correlation.decode("ascii")}) if correlation else None
    except UnicodeDecodeError:
        return None


def _unknown(name: str) -> Rejected:
    near = difflib.get_close_matches(name[:32], FIELDS, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    rejected = Rejected(show(name), f"is not a known field{hint}", ", ".join(FIELDS))
    rejected.field = name[:64]
    return rejected
