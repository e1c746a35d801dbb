"""What the store says no with."""

from __future__ import annotations

from edge_agent.errors import EdgeAgentError


class StoreError(EdgeAgentError):
    """The store stays as it was; ``reason`` says why in one word, of those in :data:`REASONS`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class AlreadyInstalled(StoreError):
    """This very pack is the one that speaks: nothing was to be done, and nothing is wrong."""

    def __init__(self, voice_id: str, seq: int) -> None:
        super().__init__("installed", f"voice {voice_id} {seq} is installed already")
        self.voice_id, self.seq = voice_id, seq


REASONS = {
    "installed": "the same pack is installed already",
    "downgrade": "a newer version was installed here before",
    "replayed": "this version was deleted here",
    "reserved": "the id belongs to the voice that ships with the program",
    "quota": "the store may not grow that large",
    "disk": "the disk is full, or a voice could not be deleted whole",
    "canary": "the voice does not say what it should say",
    "unknown": "there is no such voice, or no such version of it",
    "damaged": "the files are not those that were installed",
    "busy": "another program is changing the store",
    "state": "the store cannot be read, or not be written to",
    "rollout": "the staged release does not include this device yet",
    "order": "the order is not signed by someone who may give it, or is not for this device",
}
"""Refusals of the store; those of a pack itself are in :mod:`edge_agent.voices.pack`."""
