"""Which voices there are."""

from edge_agent.voices.card import VoiceInfo
from edge_agent.voices.catalog import Catalog, UnknownVoice

__all__ = ["Catalog", "UnknownVoice", "VoiceInfo"]
