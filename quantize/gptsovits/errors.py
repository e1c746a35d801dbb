"""What can be wrong with somebody's checkpoints or reference recording."""

from __future__ import annotations

from quantize.errors import QuantizeError


class CheckpointRefused(QuantizeError):
    """A checkpoint is damaged, of another kind, or not what it claims; ``source`` names the file, ``reason`` says why."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason


class ReferenceRefused(QuantizeError):
    """The recording, its text or what was measured of them cannot become a voice's reference."""
