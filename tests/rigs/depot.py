"""Where voices come from: someone with all the keys, who packs small voices that hum."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyrage

from edge_agent.synthesis.mobilesovits.card import symbols_sha256
from edge_agent.text import FRONT_END_VERSION
from edge_agent.voices.consent import RECORD_FILE, SIGNATURE_FILE, Consent
from edge_agent.voices.keys import SecretKey, Signer, Trust
from edge_agent.voices.pack import build_pack, seal_pack, sign_pack
from edge_agent.voices.store import KeyGate
from tests.doubles.fake_engine import RATE, write_voice

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=timezone.utc)
GOLDEN = {"phonemes": "a", "n_samples": 100, "levels_db": [[0] * 8] * 12}


@dataclass
class Depot:
    """One key that is trusted as author, station and for consents, and one device."""

    folder: Path
    key: SecretKey = field(default_factory=SecretKey.generate)
    device: Any = field(default_factory=pyrage.x25519.Identity.generate)
    device_signer: SecretKey = field(default_factory=SecretKey.generate)

    @property
    def trust(self) -> Trust:
        return Trust((Signer("depot", self.key.public_key),))

    def gate(self, *, with_keys: bool = True) -> KeyGate:
        """The device's."""
        if not with_keys:
            return KeyGate(lambda: self.trust)
        return KeyGate(lambda: self.trust, (self.device,), self.device_signer)

    def voice(self, voice_id: str = "anna", *, content: bytes = b"weights of anna " * 64, **changes: Any) -> Path:
        """A folder with a card and one file of ``content``."""
        folder = write_voice(self.folder / f"voice-{voice_id}-{hashlib.sha256(content).hexdigest()[:8]}", voice_id)
        (folder / "weights.bin").write_bytes(content)
        card = json.loads((folder / "voice.json").read_text()) | {"engine": "mobilesovits"}
        card |= {"made": {"licence": "CC0-1.0"}, "golden": GOLDEN}
        card |= {"front_end_version": FRONT_END_VERSION, "symbols_sha256": symbols_sha256()}
        card |= {"sha256": {"weights.bin": hashlib.sha256(content).hexdigest()}, **changes}
        (folder / "voice.json").write_text(json.dumps(card))
        return folder

    def consent(self, until: datetime | None = None) -> Path:
        """A signed record."""
        folder = self.folder / "consent"
        folder.mkdir(parents=True, exist_ok=True)
        record = Consent(
            kind="person", subject="A. B.", purposes=("announcements",), territory=("DE",), valid_from=NOW - timedelta(days=3650),
            valid_until=until or NOW + timedelta(days=999), withdrawal_contact="privacy@example.org", recordings=("ab" * 32,),
            created=NOW - timedelta(days=3650),
        ).to_bytes()  # fmt: skip
        (folder / RECORD_FILE).write_bytes(record)
        (folder / SIGNATURE_FILE).write_bytes(self.key.sign(record, "consent"))
        return folder / RECORD_FILE

    def pack(
        self, seq: int, voice: Path | None = None, *, sealed: bool = True, consent_until: datetime | None = None, **more: Any
    ) -> Path:
        """A pack of ``voice``, signed, and sealed for the device."""
        stem = self.folder / f"pack-{seq}-{len(list(self.folder.glob('*.vpk')))}"
        draft, signed, out = (stem.with_name(f"{stem.name}{kind}") for kind in (".draft.vpk", ".signed.vpk", ".vpk"))
        consent = self.consent(consent_until)
        more = {"valid_from": NOW - timedelta(days=1), "now": NOW - timedelta(hours=1), **more}
        build_pack(voice or self.voice(), seq=seq, version=f"1.{seq}", consent=consent, out=draft, **more)
        sign_pack(draft, signed, station=self.key, author=self.key)
        if not sealed:
            return signed
        seal_pack(signed, out, recipients=[str(self.device.to_public())], station=self.key)
        return out


__all__ = ["NOW", "RATE", "Depot"]
