"""What is said to devices through a broker that nobody trusts: JSON, believed for its signature alone.

On the wire: ``{"statement": "<the JSON text that was signed>", "signature": "<the .minisig text>"}``, so that
``minisign -V`` checks it, too.
"""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, asdict, dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from edge_agent.errors import EdgeAgentError
from edge_agent.voices import document
from edge_agent.voices.document import SHA256, TIME, TIME_WANTED, fits, parse_time
from edge_agent.voices.keys import Role, Signature, SignatureRefused, Trust
from edge_agent.voices.pack.manifest import MAX_SEQ, VOICE_ID
from edge_agent.voices.rollout import reaches

MAX_BYTES = 16 << 10
MAX_PACK_BYTES = 600 << 20
CHUNK_BYTES = (1 << 10, 1 << 20)
"""The smallest and largest chunk."""
_URL = re.compile(r"https?://[\x21-\x7e]{1,2000}")
_DEVICE = re.compile(r"[A-Za-z0-9._-]{1,64}")


class StatementRefused(EdgeAgentError):
    """It is not believed, or not for now; ``reason`` says why in one word: ``malformed``, ``forged``, ``untrusted``, ``revoked``,
    ``expired``."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Announcement:
    """There is a pack for all devices that hear this and belong to the first ``rollout_percent`` of them. The manifest of the pack,
    which the voice's author signed, has a percentage too: a station can hold a release back, and not hurry it.

    ``size`` and ``sha256`` are those of the pack file. It lies at ``url``, or at the broker in retained chunks of
    ``chunk_bytes`` (the last one shorter), or both. ``choose`` makes it the voice of requests that name none. ``expires``
    ends the offer, UTC.
    """

    FORMAT: ClassVar[str] = "voice-announcement/1"
    ROLES: ClassVar[tuple[Role, ...]] = ("station",)

    voice: str
    seq: int
    size: int
    sha256: str
    expires: str
    url: str | None = None
    chunk_bytes: int | None = None
    rollout_percent: int = 100
    choose: bool = True

    def __post_init__(self) -> None:
        _expect(fits(VOICE_ID, self.voice), "voice", "a voice's id")
        _expect(_whole(self.seq, 1, MAX_SEQ), "seq", f"1 to {MAX_SEQ}")
        _expect(_whole(self.size, 1, MAX_PACK_BYTES), "size", f"1 to {MAX_PACK_BYTES}")
        _expect(fits(SHA256, self.sha256), "sha256", "a SHA-256 in hex")
        _expect(fits(TIME, self.expires), "expires", TIME_WANTED)
        _expect(self.url is None or fits(_URL, self.url), "url", "http:// or https://, or null")
        _expect(self.chunk_bytes is None or _whole(self.chunk_bytes, *CHUNK_BYTES), "chunk_bytes", f"{CHUNK_BYTES[0]} to {CHUNK_BYTES[1]}")
        _expect(self.url is not None or self.chunk_bytes is not None, "url", "given, or chunk_bytes")
        _expect(_whole(self.rollout_percent, 0, 100), "rollout_percent", "0 to 100")
        _expect(isinstance(self.choose, bool), "choose", "true or false")

    def reaches(self, device: str) -> bool:
        """Whether a device may fetch the pack, see :mod:`edge_agent.voices.rollout`; whether it then takes it, the manifest says."""
        return reaches(self.rollout_percent, self.voice, self.seq, device)


@dataclass(frozen=True, slots=True)
class DeletionOrder:
    """Delete a voice in all versions up to ``up_to``: a newer one, for which there is a newer consent, stays, so that the order
    cannot be used again later. ``devices`` are names, or ``*`` for all."""

    FORMAT: ClassVar[str] = "voice-deletion-order/1"
    ROLES: ClassVar[tuple[Role, ...]] = ("consent", "author")

    voice: str
    up_to: int
    devices: tuple[str, ...]
    expires: str

    def __post_init__(self) -> None:
        _expect(fits(VOICE_ID, self.voice), "voice", "a voice's id")
        _expect(_whole(self.up_to, 1, MAX_SEQ), "up_to", f"1 to {MAX_SEQ}")
        known = isinstance(self.devices, tuple) and 1 <= len(self.devices) <= 100
        _expect(known and all(each == "*" or fits(_DEVICE, each) for each in self.devices), "devices", 'a list of names, or ["*"]')
        _expect(fits(TIME, self.expires), "expires", TIME_WANTED)

    def is_for(self, device: str) -> bool:
        return "*" in self.devices or device in self.devices


Statement = TypeVar("Statement", Announcement, DeletionOrder)


def to_bytes(statement: Announcement | DeletionOrder) -> bytes:
    """What is signed: one line of JSON."""
    return json.dumps({"format": statement.FORMAT, **asdict(statement)}, sort_keys=True, separators=(",", ":")).encode()


def wrap(content: bytes, signature: bytes) -> dict[str, str]:
    """The signed text and its signature, as they are sent."""
    return {"statement": content.decode(), "signature": signature.decode()}


def parse_envelope(payload: bytes) -> tuple[bytes, bytes]:
    """The signed text and its signature, of what was received.

    Raises:
        StatementRefused: ``malformed``.
    """
    values = _object(payload)
    if set(values) != {"statement", "signature"} or not all(isinstance(each, str) for each in values.values()):
        raise StatementRefused("malformed", "a signed statement consists of the texts statement and signature")
    return values["statement"].encode("utf-8", "replace"), values["signature"].encode("utf-8", "replace")


def read_statement(kind: type[Statement], content: bytes, signature: bytes, *, trust: Trust, now: datetime) -> Statement:
    """What was said, by someone who may.

    Raises:
        StatementRefused: it is not to be believed.
    """
    try:
        parsed = Signature.from_bytes(signature)
    except ValueError as error:
        raise StatementRefused("forged", f"the signature is no minisign signature: {error}") from error
    statement = None
    refusal: SignatureRefused | None = None
    for role in kind.ROLES:
        try:
            signer = trust.verify(content, parsed, role)
        except SignatureRefused as error:
            refusal = refusal or error
            continue
        statement = _build(kind, _object(content))
        if signer.may_sign_for(statement.voice):
            break
        raise StatementRefused("untrusted", f"{signer.name} is not trusted for voice {statement.voice}")
    if statement is None:
        assert refusal is not None
        raise StatementRefused(refusal.reason, f"the statement was {refusal}") from refusal
    if is_over(statement, now):
        raise StatementRefused("expired", f"it was to be followed before {statement.expires}")
    return statement


def is_over(statement: Announcement | DeletionOrder, now: datetime) -> bool:
    """Whether it is not to be followed any more.

    Raises:
        StatementRefused: ``malformed``: there is no such day.
    """
    try:
        return now >= parse_time(statement.expires)
    except ValueError as error:
        raise StatementRefused("malformed", f"expires: {error}") from error


def _build(kind: type[Statement], values: dict[str, Any]) -> Statement:
    if values.pop("format", None) != kind.FORMAT:
        raise StatementRefused("malformed", f"the statement is not of format {kind.FORMAT}")
    known = {each.name: each for each in fields(kind)}
    missing = {name for name, each in known.items() if each.default is MISSING} - set(values)
    if missing or set(values) - set(known):
        raise StatementRefused("malformed", f"fields {sorted(missing | (set(values) - set(known)))} are missing or unknown")
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


def _object(content: bytes) -> dict[str, Any]:
    try:
        if len(content) > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES} bytes")
        return document.read(content)
    except ValueError as error:
        raise StatementRefused("malformed", f"it is not readable JSON: {error}") from error


def _expect(condition: bool, name: str, wanted: str) -> None:
    if not condition:
        raise StatementRefused("malformed", f"{name} must be {wanted}")


def _whole(value: Any, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most
