"""Writing a consent record and signing it, on the workstation; the device checks it with :mod:`edge_agent.voices.consent`."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from distill.enrol.errors import EnrolmentError
from edge_agent.voices.consent import RECORD_FILE, SIGNATURE_FILE, Consent

MAX_KEY_BYTES = 4096


def speaker_sha256(vector: NDArray[np.float32]) -> str:
    """What ties a consent to a voice: the digest of its vector [256] as little-endian float32."""
    return hashlib.sha256(vector.astype("<f4").tobytes()).hexdigest()


class Signer:
    """A minisign secret key, ready to sign.

    Args:
        path: as ``minisign -G`` writes it.
        password: of an encrypted key.

    Raises:
        EnrolmentError: the file is no secret key, or the password is missing or wrong.
    """

    def __init__(self, path: Path, password: str | None = None) -> None:
        import minisign

        try:
            with path.open("rb") as file:
                self._key = minisign.SecretKey.from_bytes(file.read(MAX_KEY_BYTES))
        except OSError as error:
            raise EnrolmentError(f"{path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise EnrolmentError(f"{path} is no minisign secret key ({error}): make one with minisign -G") from error
        if self._key.is_encrypted():
            if password is None:
                raise EnrolmentError(f"{path} is encrypted: give its password (--password-file)")
            try:
                self._key.decrypt(password)
            except ValueError as error:
                raise EnrolmentError(f"{path} does not open with this password") from error
        self.public_key = minisign.PublicKey.from_secret_key(self._key).to_base64().decode()
        """As ``minisign -P`` takes it."""

    def sign(self, content: bytes, trusted_comment: str) -> bytes:
        """The bytes of a ``.minisig`` file."""
        signature = self._key.sign(content, untrusted_comment="signature of a voice consent", trusted_comment=trusted_comment)
        return bytes(signature) + b"\n"


def write_consent(consent: Consent, signer: Signer, folder: Path) -> None:
    """Write the record and its signature into ``folder``."""
    record = consent.to_bytes()
    until = "without end" if consent.valid_until is None else f"until {consent.valid_until:%Y-%m-%d}"
    signature = signer.sign(record, f"voice consent, {consent.kind}, {until}, sha256 {hashlib.sha256(record).hexdigest()}")
    (folder / RECORD_FILE).write_bytes(record)
    (folder / SIGNATURE_FILE).write_bytes(signature)
