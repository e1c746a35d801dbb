"""minisign keys and signatures, of which only one spelling and only the current kind is taken.

The stock ``minisign`` makes and checks all of them. It takes signatures of its legacy kind as well, for which a whole file
must be held in memory, and base64 in which bits that mean nothing are set; both are refused here.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge_agent.voices.keys.errors import KeysError

COMMENT = "signature from minisign secret key"
"""The untrusted comment the stock tool writes. No signature covers it, so where every byte counts it must be this one."""
MAX_SIGNATURE_BYTES = 16 << 10
_MAX_KEY_BYTES = 4096


class Readable(Protocol):
    """A binary stream that can be read again."""

    def read(self, size: int = -1, /) -> bytes: ...

    def seek(self, offset: int, /) -> int: ...


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 key with minisign's key id; ``text`` is its one line of base64."""

    text: str

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """From a line as ``minisign -P`` takes it, or a whole ``.pub`` file.

        Raises:
            KeysError: it is no minisign public key.
        """
        import minisign

        line = text.strip().split("\n")[-1].strip()
        try:
            minisign.PublicKey.from_base64(line)
            _decode(line)
        except ValueError as error:
            raise KeysError(f"{line[:60]!r} is no minisign public key ({error}); it is the second line of a .pub file") from error
        return cls(line)

    @property
    def id(self) -> str:
        """The key id as the stock tool prints it; several keys may share one."""
        return _printed_id(_decode(self.text))

    def made(self, signature: Signature, content: bytes | Readable) -> bool:
        """Whether this key signed ``content``, a stream from its beginning on, and the signature's trusted comment."""
        import minisign

        if not isinstance(content, bytes):
            content.seek(0)
        try:
            minisign.PublicKey.from_base64(self.text).verify(content, minisign.Signature.from_bytes(signature.content))
        except minisign.VerifyError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signature:
    """What a ``.minisig`` file says; ``content`` is all of it."""

    content: bytes
    key_id: str
    untrusted_comment: str
    trusted_comment: str

    @classmethod
    def from_bytes(cls, content: bytes) -> Signature:
        """
        Raises:
            ValueError: it is no minisign signature, of the legacy kind, or not spelled as the stock tool does.
        """
        import minisign

        if len(content) > MAX_SIGNATURE_BYTES:
            raise ValueError(f"it has more than {MAX_SIGNATURE_BYTES} bytes")
        parsed = minisign.Signature.from_bytes(content)
        if not parsed.is_prehashed():
            raise ValueError("it is of minisign's legacy kind; sign anew with a current minisign")
        if bytes(parsed) + b"\n" != content:
            raise ValueError("it is not spelled as minisign does: four lines, each ended by a line feed, in strict base64")
        if not all(comment.replace("\t", " ").isprintable() for comment in (parsed.untrusted_comment, parsed.trusted_comment)):
            raise ValueError("a comment has characters that cannot be printed")
        return cls(content, _printed_id(_decode(content.split(b"\n")[1])), parsed.untrusted_comment, parsed.trusted_comment)

    def with_own_comment(self) -> Signature:
        """The same signature with minisign's own untrusted comment."""
        rest = self.content.split(b"\n", 1)[1]
        return Signature.from_bytes(f"untrusted comment: {COMMENT}\n".encode() + rest)


class SecretKey:
    """A minisign secret key, ready to sign. Its representation does not give it away."""

    def __init__(self, content: bytes, password: str | None = None, *, origin: str = "the key") -> None:
        """
        Args:
            content: as ``minisign -G`` writes it.
            password: of an encrypted key.
            origin: for messages.

        Raises:
            KeysError: it is no secret key, or the password is missing or wrong.
        """
        import minisign

        try:
            self._key = minisign.SecretKey.from_bytes(content)
        except ValueError as error:
            raise KeysError(f"{origin} is no minisign secret key ({error}): make one with minisign -G") from error
        if self._key.is_encrypted():
            if password is None:
                raise KeysError(f"{origin} is encrypted: give its password")
            try:
                self._key.decrypt(password)
            except ValueError as error:
                raise KeysError(f"{origin} does not open with this password") from error
        self.public_key = PublicKey(minisign.PublicKey.from_secret_key(self._key).to_base64().decode())

    @classmethod
    def read(cls, path: Path, password: str | None = None) -> SecretKey:
        """
        Raises:
            KeysError: the file cannot be read, or as the constructor says.
        """
        try:
            with path.open("rb") as file:
                content = file.read(_MAX_KEY_BYTES)
        except OSError as error:
            raise KeysError(f"{path} cannot be read: {error.strerror}") from error
        return cls(content, password, origin=str(path))

    @classmethod
    def generate(cls) -> SecretKey:
        """A new key, from the system's random numbers."""
        import minisign

        return cls(bytes(minisign.KeyPair.generate().secret_key))

    def to_bytes(self) -> bytes:
        """The secret key as an unencrypted file of the stock tool."""
        return bytes(self._key) + b"\n"

    def sign(self, content: bytes | Readable, trusted_comment: str) -> bytes:
        """The bytes of a ``.minisig`` file."""
        return bytes(self._key.sign(content, untrusted_comment=COMMENT, trusted_comment=trusted_comment)) + b"\n"


def _printed_id(decoded: bytes) -> str:
    return decoded[2:10][::-1].hex().upper()


def _decode(encoded: str | bytes) -> bytes:
    """Decoders drop the bits that padding leaves over, so that several texts would be one key; only one of them is taken."""
    encoded = encoded.encode() if isinstance(encoded, str) else encoded
    decoded = base64.b64decode(encoded, validate=True)
    if base64.b64encode(decoded) != encoded:
        raise ValueError("its base64 has bits set that mean nothing")
    return decoded
