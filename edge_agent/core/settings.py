"""What is changed by command, and outlives the daemon."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from edge_agent import state_file

log = logging.getLogger(__name__)


class Settings:
    """What commands change and a restart must not forget: volume and active voice, in one small file."""

    def __init__(self, path: Path, *, volume: float, voice: str | None) -> None:
        self._path = path
        try:
            kept = json.loads(path.read_bytes())
        except (OSError, ValueError):
            kept = {}
        kept = kept if isinstance(kept, dict) else {}
        kept_volume, kept_voice = kept.get("volume"), kept.get("voice")
        sound = isinstance(kept_volume, int | float) and not isinstance(kept_volume, bool) and 0 <= kept_volume <= 1
        self.volume: float = kept_volume if sound else volume
        self.voice: str | None = voice if voice is not None else kept_voice if isinstance(kept_voice, str) else None

    def save(self) -> None:
        """Failing to is logged, the change holds until the next start."""
        try:
            state_file.write(self._path, {"volume": self.volume, "voice": self.voice})
        except OSError as error:
            log.error("settings not kept path=%s error=%r", self._path, str(error))
