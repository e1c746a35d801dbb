"""Whose signatures count, what for, and whose no longer do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from edge_agent.voices.keys.errors import SignatureRefused
from edge_agent.voices.keys.minisig import PublicKey, Readable, Signature

Role = Literal["author", "station", "consent"]
"""``author`` signs manifests, so makes voices; ``station`` signs pack files, so brings voices to devices; ``consent`` signs
the records of what a voice's owner agreed to. One key may have all of them; a stolen station that has no other cannot make
or change a voice."""
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that is believed; ``voices`` limits it to these voices' ids."""

    name: str
    key: PublicKey
    roles: tuple[Role, ...] = ROLES
    voices: tuple[str, ...] | None = None

    def may_sign_for(self, voice_id: str) -> bool:
        return self.voices is None or voice_id in self.voices


@dataclass(frozen=True, slots=True)
class Trust:
    """Trusted signers, and revoked keys with why. A key in both is revoked."""

    signers: tuple[Signer, ...] = ()
    revoked: Mapping[PublicKey, str] = field(default_factory=dict)

    def verify(self, content: bytes | Readable, signature: Signature, role: Role) -> Signer:
        """Who signed ``content``.

        Args:
            content: a stream is read from its beginning to its end.

        Raises:
            SignatureRefused: nobody who may in this role did; see its ``reason``.
        """
        known = dict.fromkeys([*self.revoked, *(signer.key for signer in self.signers)])
        candidates = [key for key in known if key.id == signature.key_id]
        if not candidates:
            raise SignatureRefused("untrusted", f"signed by key {signature.key_id}, which is not trusted here", signature.key_id)
        key = next((key for key in candidates if key.made(signature, content)), None)
        if key is None:
            raise SignatureRefused("forged", f"changed after key {signature.key_id} signed it, or never signed by it", signature.key_id)
        if key in self.revoked:
            raise SignatureRefused("revoked", f"signed by key {key.id}, which was revoked: {self.revoked[key]}", key.id)
        for signer in self.signers:
            if signer.key == key and role in signer.roles:
                return signer
        raise SignatureRefused("untrusted", f"signed by key {key.id}, which is not trusted as {role} here", key.id)
