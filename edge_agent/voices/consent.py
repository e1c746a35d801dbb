"""A voice owner's consent: who, what for, where, until when; signed, and checked wherever the voice is used.

``consent.json`` is UTF-8 JSON in one canonical form (RFC 8785; no newline at the end) as ``consent.schema.json``
describes it. ``consent.json.minisig`` beside it is a minisign signature (Ed25519, pre-hashed) of exactly those bytes:
``minisign -Vm consent.json -p signer.pub`` checks it, too. A record is believed only if all of this holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from edge_agent.errors import EdgeAgentError
from edge_agent.voices import document
from edge_agent.voices.document import CONTROL, SHA256, TIME_WANTED, fits, is_time, show_time
from edge_agent.voices.keys import KeysError, PublicKey, Signature

FORMAT = "voice-consent/1"
RECORD_FILE, SIGNATURE_FILE = "consent.json", "consent.json.minisig"
MAX_RECORD_BYTES, MAX_SIGNATURE_BYTES = 2 << 20, 16 << 10
MAX_RECORDINGS = 20_000
MAX_LIST = 250
MAX_TEXT = 300

PURPOSE = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
TERRITORY = re.compile(r"[A-Z]{2}|worldwide")

Reason = Literal["missing", "unsigned", "untrusted", "forged", "malformed", "not_yet_valid", "expired"]


class ConsentError(EdgeAgentError):
    """There is no consent to use this voice now; ``reason`` says why in one word."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class Consent:
    """What a voice's owner agreed to.

    ``kind`` is ``person``, or ``synthetic`` for a voice that is nobody's (then there need be no recordings and no end).
    ``subject`` is a reference to the person, better a pseudonym than a name. ``territory`` lists ISO 3166 codes or
    ``worldwide``. Times are UTC, to the second; the consent holds from ``valid_from`` up to but not at ``valid_until``.
    ``recordings`` are SHA-256 of the sound files, ``speaker_sha256`` of the voice's vector (its float32 values, little
    endian), ``document_sha256`` of the paper that was signed.
    """

    kind: Literal["person", "synthetic"]
    subject: str
    purposes: tuple[str, ...]
    territory: tuple[str, ...]
    valid_from: datetime
    valid_until: datetime | None
    withdrawal_contact: str
    recordings: tuple[str, ...]
    created: datetime
    speaker_sha256: str | None = None
    document_sha256: str | None = None

    def __post_init__(self) -> None:
        """
        Raises:
            ConsentError: ``malformed``, naming the field and what it should be.
        """
        _expect(self.kind in ("person", "synthetic"), "kind", "person or synthetic")
        for name in ("subject", "withdrawal_contact"):
            _expect(_plain(getattr(self, name)), name, f"1 to {MAX_TEXT} characters without control characters")
        _expect_list("purposes", self.purposes, PURPOSE, MAX_LIST, "words of a-z, 0-9 and -")
        _expect_list("territory", self.territory, TERRITORY, MAX_LIST, "ISO 3166 codes such as DE, or worldwide")
        _expect_list("recordings", self.recordings, SHA256, MAX_RECORDINGS, "SHA-256 in hex", empty=self.kind == "synthetic")
        for name in ("speaker_sha256", "document_sha256"):
            value = getattr(self, name)
            _expect(value is None or fits(SHA256, value), name, "a SHA-256 in hex, or null")
        for name in ("valid_from", "valid_until", "created"):
            value = getattr(self, name)
            optional = name == "valid_until" and self.kind == "synthetic" and value is None
            _expect(optional or is_time(value), name, TIME_WANTED)
        _expect(self.valid_until is None or self.valid_from < self.valid_until, "valid_until", "after valid_from")

    def to_bytes(self) -> bytes:
        """The canonical record: what is signed."""
        record = {"format": FORMAT, **{each.name: _plain_value(getattr(self, each.name)) for each in fields(self)}}
        return document.to_bytes(record)

    @classmethod
    def from_bytes(cls, record: bytes) -> Consent:
        """Read a canonical record, trusting nothing in it.

        Raises:
            ConsentError: ``malformed``.
        """
        try:
            values = document.read(record)
        except ValueError as error:
            raise ConsentError("malformed", f"the consent record is not readable JSON: {error}") from error
        if values.pop("format", None) != FORMAT:
            raise ConsentError("malformed", f"the consent record is not of format {FORMAT}; have it signed anew")
        names = {each.name for each in fields(cls)}
        if set(values) != names:
            raise ConsentError("malformed", f"consent record: fields {sorted(set(values) ^ names)} are unknown or missing")
        for name in ("purposes", "territory", "recordings"):
            _expect(isinstance(values[name], list), name, "a list")
            values[name] = tuple(values[name])
        for name in ("valid_from", "valid_until", "created"):
            values[name] = _time(name, values[name])
        consent = cls(**values)
        if consent.to_bytes() != record:
            raise ConsentError("malformed", "the consent record is not in canonical form (RFC 8785); have it signed anew")
        return consent


def verify_consent(path: Path, trusted_keys: Iterable[str], now: datetime) -> Consent:
    """The consent in the file ``path``, if it may be relied on at ``now``; its signature is ``path`` + ``.minisig``.

    Args:
        trusted_keys: minisign public keys, as ``minisign -P`` takes them or as whole ``.pub`` files.
        now: with its time zone.

    Raises:
        ConsentError: it may not; see its ``reason``.
    """
    record = _read(path, MAX_RECORD_BYTES, "missing")
    signature = _read(path.with_name(f"{path.name}.minisig"), MAX_SIGNATURE_BYTES, "unsigned")
    return verify_consent_bytes(record, signature, trusted_keys, now)


def verify_consent_bytes(record: bytes, signature: bytes, trusted_keys: Iterable[str], now: datetime) -> Consent:
    """:func:`verify_consent` of what is in memory already.

    Raises:
        ConsentError: it may not be relied on.
        ValueError: ``now`` has no time zone, or a trusted key is no minisign public key.
    """
    if now.tzinfo is None:
        raise ValueError("now needs a time zone")
    _check_signature(record, signature, [_public_key(key) for key in trusted_keys])
    consent = Consent.from_bytes(record)
    # Messages travel to logs, brokers and sticks, so none names the owner.
    if now < consent.valid_from:
        begins = f"the owner's consent holds only from {show_time(consent.valid_from)} on"
        raise ConsentError("not_yet_valid", f"{begins}, and here it is {show_time(now)}; check the device's clock")
    if consent.valid_until is not None and now >= consent.valid_until:
        ended = f"the owner's consent ended at {show_time(consent.valid_until)}"
        raise ConsentError("expired", f"{ended}, and here it is {show_time(now)}; ask for a new one")
    return consent


def _check_signature(record: bytes, signature: bytes, trusted: list[PublicKey]) -> None:
    try:
        parsed = Signature.from_bytes(signature)
    except ValueError as error:
        raise ConsentError("forged", f"the consent's signature is no minisign signature: {error}") from error
    keys = [key for key in trusted if key.id == parsed.key_id]
    if not keys:
        raise ConsentError("untrusted", f"the consent is signed by key {parsed.key_id}, which is not trusted here; trust it first")
    if not any(key.made(parsed, record) for key in keys):
        raise ConsentError("forged", "the consent record or its signature was changed after signing")


def _public_key(text: str) -> PublicKey:
    """
    Raises:
        ValueError: it is no minisign public key.
    """
    try:
        return PublicKey.parse(text)
    except KeysError as error:
        raise ValueError(str(error)) from error


def _read(path: Path, at_most: int, reason: Reason) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(at_most + 1)
    except OSError as error:
        raise ConsentError(reason, f"{path} cannot be read ({error.strerror}): a voice needs its owner's signed consent") from error
    if len(content) > at_most:
        raise ConsentError("malformed", f"{path} has more than {at_most} bytes")
    return content


def _time(name: str, value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        return document.parse_time(value)
    except ValueError as error:
        raise ConsentError("malformed", f"consent record: {name} is not {TIME_WANTED}") from error


def _plain_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return show_time(value)
    return list(value) if isinstance(value, tuple) else value


def _expect(condition: bool, name: str, wanted: str) -> None:
    if not condition:
        raise ConsentError("malformed", f"consent record: {name} must be {wanted}")


def _expect_list(name: str, values: Any, pattern: re.Pattern[str], most: int, wanted: str, *, empty: bool = False) -> None:
    good = isinstance(values, tuple) and (empty or values) and len(values) <= most
    _expect(good and len(set(map(str, values))) == len(values), name, f"a list of {0 if empty else 1} to {most} different items")
    _expect(all(fits(pattern, value) for value in values), name, wanted)


def _plain(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= MAX_TEXT and value.strip() == value and not CONTROL.search(value)
