"""Packs of every kind, right and wrong, made in memory: what a careful author and station would make, and what a careless or
hostile one could sign."""

from __future__ import annotations

import hashlib
import io
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import Any

import pyrage

from edge_agent.voices.consent import Consent
from edge_agent.voices.keys import SecretKey, Signer, Trust
from edge_agent.voices.pack import OpenPack, Program, open_pack
from edge_agent.voices.pack.ustar import END, member

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=timezone.utc)
DAY = timedelta(days=1)
SYMBOLS = "5" * 64


def wav(frames: bytes = bytes(range(64)), *, rate: int = 8_000, n_channels: int = 1, bits: int = 16, tag: int = 1) -> bytes:
    """A sound file, of whatever it says it is."""
    width = n_channels * bits // 8
    kind = struct.pack("<4sIHHIIHH", b"fmt ", 16, tag, n_channels, rate, rate * width, width, bits)
    return b"RIFF" + struct.pack("<I", 12 + len(kind) + len(frames)) + b"WAVE" + kind + b"data" + struct.pack("<I", len(frames)) + frames


PROGRAM = Program("0.1.0", {"mobilesovits": SYMBOLS})
PAYLOAD = {"chimes/gate.wav": wav(), "voice.json": b'{"voice_id":"anna"}', "weights.bin": bytes(range(256)) * 3}
CONSENT = ("consent.json", "consent.json.minisig")


def canonical(values: Any) -> bytes:
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "surrogatepass")


def entry(path: str, content: bytes) -> dict[str, Any]:
    return {"path": path, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


@dataclass(frozen=True)
class Maker:
    """All the keys there are, a signer of each role and a device."""

    author: SecretKey = field(default_factory=SecretKey.generate)
    station: SecretKey = field(default_factory=SecretKey.generate)
    witness: SecretKey = field(default_factory=SecretKey.generate)
    device: Any = field(default_factory=pyrage.x25519.Identity.generate)

    @cached_property
    def trust(self) -> Trust:
        return Trust(
            (
                Signer("author", self.author.public_key, ("author",)),
                Signer("station", self.station.public_key, ("station",)),
                Signer("witness", self.witness.public_key, ("consent",)),
            )
        )

    def consent(self, **changes: Any) -> dict[str, bytes]:
        values: dict[str, Any] = {
            "kind": "person", "subject": "speaker 7", "purposes": ("announcements",), "territory": ("DE",), "valid_from": NOW - 9 * DAY,
            "valid_until": NOW + 900 * DAY, "withdrawal_contact": "privacy@example.org", "recordings": ("ab" * 32,),
            "created": NOW - 9 * DAY,
        }  # fmt: skip
        return self.signed_consent(Consent(**{**values, **changes}).to_bytes())

    def signed_consent(self, record: bytes, key: SecretKey | None = None) -> dict[str, bytes]:
        return dict(zip(CONSENT, (record, (key or self.witness).sign(record, "voice consent")), strict=True))

    def files(self, **changes: Any) -> dict[str, bytes]:
        """What a pack holds besides its manifest, by path."""
        return dict(sorted({**self.consent(**changes), **PAYLOAD}.items()))

    def manifest(self, files: Mapping[str, bytes] | None = None, **changes: Any) -> dict[str, Any]:
        files = self.files() if files is None else files
        values = {
            "format": "vpk/1", "id": "anna", "version": "1.2.0", "seq": 7, "display_name": "安娜", "engine": "mobilesovits",
            "engine_min": "0.1.0", "languages": ["zh", "en"], "sample_rate": 24000, "front_end_version": "1-0123456789ab",
            "symbols_sha256": SYMBOLS, "golden": {"phonemes": "a", "n_samples": 100, "levels_db": [[-3, 0], [1, 2]]},
            "phrases": ["请注意"], "templates": ["请{ticket}号到{window}号窗口"], "chimes": {"gate": "chimes/gate.wav"},
            "licence": "CC0-1.0", "created": "2026-11-20T08:00:00Z", "valid_from": "2026-11-20T08:00:00Z",
            "expires": "2027-11-20T08:00:00Z", "rollout_percent": 100,
            "files": [entry(path, content) for path, content in sorted(files.items())],
        }  # fmt: skip
        return {**values, **changes}

    def archive(
        self, manifest: bytes | None = None, files: Mapping[str, bytes] | None = None, *, signature: bytes | None = None, **changes: Any
    ) -> bytes:
        """A voice's archive, signed by the author. ``changes`` are of the manifest that is made if none is given."""
        files = self.files() if files is None else files
        manifest = canonical(self.manifest(files, **changes)) if manifest is None else manifest
        signature = self.author.sign(manifest, "voice=anna seq=7") if signature is None else signature
        members = {"manifest.json": manifest, "manifest.json.minisig": signature}
        members |= {path: files[path] for path in CONSENT if path in files}
        members |= {path: content for path, content in files.items() if path not in CONSENT}
        return b"".join(member(path, content) for path, content in members.items()) + END

    def container(self, body: bytes, name: str = "voice.tar", *, signature: bytes | None = None) -> bytes:
        """A pack file, signed by the station."""
        signature = self.station.sign(body, "voice=anna seq=7") if signature is None else signature
        return member(f"{name}.minisig", signature) + member(name, body) + END

    def sealed(self, body: bytes, devices: Sequence[Any] = ()) -> bytes:
        recipients = [device.to_public() for device in devices or (self.device,)]
        return self.container(pyrage.encrypt(body, recipients), "voice.tar.age")

    @property
    def terms(self) -> dict[str, Any]:
        """On which the device takes a pack."""
        return {"trust": self.trust, "identities": [self.device], "now": NOW, "program": PROGRAM}

    def open(self, pack: bytes, **options: Any) -> OpenPack:
        return open_pack(io.BytesIO(pack), **{**self.terms, **options})

    def read(self, pack: bytes, **options: Any) -> dict[str, bytes]:
        """Every file of a pack, if all of it is good."""
        with self.open(pack, **options) as opened:
            return unpacked(opened)


def unpacked(opened: OpenPack) -> dict[str, bytes]:
    found: dict[str, io.BytesIO] = {}

    def sink(place: Any) -> io.BytesIO:
        found[place.path] = _Kept()
        return found[place.path]

    opened.unpack(sink)
    return {path: file.getvalue() for path, file in found.items()}


class _Kept(io.BytesIO):
    """Can be read after it was closed."""

    def close(self) -> None:
        pass

