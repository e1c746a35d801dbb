"""Why a voice pack is not taken."""

from __future__ import annotations

from typing import Literal

from edge_agent.errors import EdgeAgentError

Reason = Literal[
    "unreadable",  # the file or medium cannot be read or written
    "truncated",
    "malformed",
    "too_large",
    "unsafe_path",
    "unsigned",
    "forged",
    "untrusted",
    "revoked",
    "wrong_device",  # sealed for other devices
    "damaged",  # a file is not what the manifest says
    "not_yet_valid",
    "expired",
    "no_consent",
    "consent_forged",
    "consent_untrusted",
    "consent_revoked",
    "consent_malformed",
    "consent_not_yet_valid",
    "consent_expired",
    "unknown_engine",
    "engine_too_old",
    "front_end_differs",
]


class PackError(EdgeAgentError):
    """A pack, or an installed voice, is refused; ``reason`` says why in one word that programs can rely on."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason
