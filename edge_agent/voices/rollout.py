"""Which devices a staged release reaches first."""

from __future__ import annotations

import hashlib


def reaches(percent: int, voice_id: str, seq: int, device: str) -> bool:
    """Whether a device is among the first ``percent`` of all, which are others for each voice and ``seq``. Those once reached stay
    so while the percentage grows.

    Args:
        device: the fingerprint of its key, or its name if it has none.
    """
    digest = hashlib.sha256(f"{voice_id}/{seq}/{device}".encode()).digest()
    return int.from_bytes(digest[:8], "big") * 100 >> 64 < percent
