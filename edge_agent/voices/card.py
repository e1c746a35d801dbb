"""A voice's card, ``voice.json``: what can be known of it without loading it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from edge_agent.errors import EdgeAgentError

CARD = "voice.json"


@dataclass(frozen=True, slots=True)
class VoiceInfo:
    """What can be known of a voice without loading it; enough to find its recordings in the phrase cache.

    ``seq`` is the version of one from the store; ``usable_until``, in seconds since the epoch, is when it or its owner's
    consent ends.
    """

    id: str
    display_name: str
    engine: str
    languages: tuple[str, ...]
    sample_rate: int
    loudness_lufs: float
    digest: str
    folder: str
    seq: int | None = None
    usable_until: float | None = None


def read_card(folder: Path) -> VoiceInfo:
    """The facts in a voice folder's ``voice.json``.

    Raises:
        EdgeAgentError: it is missing or garbled.
    """
    path = folder / CARD
    try:
        raw = path.read_bytes()
        card = json.loads(raw)
        return VoiceInfo(
            str(card["voice_id"]), str(card["display_name"]), str(card["engine"]), tuple(card["languages"]),
            int(card["shape"]["sample_rate"]), float(card["loudness_lufs"]), hashlib.sha256(raw).hexdigest(), str(folder),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EdgeAgentError(f"{path} is not a readable voice card: {error!r}; install the voice again") from error
