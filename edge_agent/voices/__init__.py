"""Which voices there are."""

from edge_agent.voices.catalog import Catalog, UnknownVoice, VoiceInfo

__all__ = ["Catalog", "UnknownVoice", "VoiceInfo"]
