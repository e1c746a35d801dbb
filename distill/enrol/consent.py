"""Writing a consent record and signing it, on the workstation; the device checks it with :mod:`edge_agent.voices.consent`."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_agent.voices.consent import RECORD_FILE, SIGNATURE_FILE, Consent
from edge_agent.voices.keys import SecretKey


def speaker_sha256(vector: NDArray[np.float32]) -> str:
    """What ties a consent to a voice: the digest of its vector [256] as little-endian float32."""
    return hashlib.sha256(vector.astype("<f4").tobytes()).hexdigest()


def write_consent(consent: Consent, signer: SecretKey, folder: Path) -> None:
    """Write the record and its signature into ``folder``."""
    record = consent.to_bytes()
    until = "without end" if consent.valid_until is None else f"until {consent.valid_until:%Y-%m-%d}"
    signature = signer.sign(record, f"voice consent, {consent.kind}, {until}, sha256 {hashlib.sha256(record).hexdigest()}")
    (folder / RECORD_FILE).write_bytes(record)
    (folder / SIGNATURE_FILE).write_bytes(signature)
