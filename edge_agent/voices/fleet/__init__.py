"""Voices for many devices at once: signed announcements of packs, and signed orders to delete. See ``STORE.md`` beside this folder."""

from edge_agent.voices.fleet.deletion import Deletions
from edge_agent.voices.fleet.download import Broker, DownloadError, fetch_chunks, fetch_url
from edge_agent.voices.fleet.follower import Follower
from edge_agent.voices.fleet.refusals import Refusals
from edge_agent.voices.fleet.statement import (
    Announcement,
    DeletionOrder,
    StatementRefused,
    parse_envelope,
    read_statement,
    to_bytes,
    wrap,
)

__all__ = [
    "Announcement",
    "Broker",
    "DeletionOrder",
    "Deletions",
    "DownloadError",
    "Follower",
    "Refusals",
    "StatementRefused",
    "fetch_chunks",
    "fetch_url",
    "parse_envelope",
    "read_statement",
    "to_bytes",
    "wrap",
]
