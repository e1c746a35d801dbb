"""The consent record of a voice that is nobody's."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from edge_agent.voices.consent import RECORD_FILE, SIGNATURE_FILE, Consent
from edge_agent.voices.keys import SecretKey
from edge_agent.voices.pack.manifest import ALWAYS


def write_synthetic_consent(folder: Path, voice: str, signer: SecretKey, now: datetime) -> Path:
    """State, with a signature, that a voice was made without anybody's recordings or with those of people who gave them away.

    Args:
        voice: what the record calls it.

    Returns:
        The record; its signature lies beside it.

    Raises:
        ConsentError: ``voice`` cannot stand in a record.
        OSError: it cannot be written.
    """
    now = now.replace(microsecond=0)
    nobody = "nobody: the voice is synthetic"
    consent = Consent("synthetic", voice, ("announcements",), ("worldwide",), ALWAYS, None, nobody, (), now)
    content = consent.to_bytes()
    (folder / RECORD_FILE).write_bytes(content)
    (folder / SIGNATURE_FILE).write_bytes(signer.sign(content, f"voice consent, synthetic, {voice}"))
    return folder / RECORD_FILE
