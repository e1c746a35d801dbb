"""What can be wrong with keys and with what they signed."""

from __future__ import annotations

from typing import Literal

from edge_agent.errors import EdgeAgentError


class KeysError(EdgeAgentError):
    """A key or a file of keys is missing, unsafe or garbled, or a name is taken or bad; says what to do."""


class SignatureRefused(EdgeAgentError):
    """A signature proves nothing here; ``reason`` says why in one word, ``key_id`` whose it claims to be."""

    def __init__(self, reason: Literal["forged", "untrusted", "revoked"], message: str, key_id: str | None = None) -> None:
        super().__init__(message)
        self.reason: Literal["forged", "untrusted", "revoked"] = reason
        self.key_id = key_id
