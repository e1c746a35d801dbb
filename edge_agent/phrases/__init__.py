"""Sentences the device has already spoken, kept so that it never has to make them twice.

A folder of FLAC files beside a SQLite index. Look-up needs neither broker, network nor engine.
"""

from edge_agent.phrases.cache import PhraseCache
from edge_agent.phrases.entry import CacheEntry
from edge_agent.phrases.errors import CacheError, IndexUnavailable, NotCacheable, PinnedOverBudget, UnknownPhrase
from edge_agent.phrases.index import Order
from edge_agent.phrases.key import phrase_key
from edge_agent.phrases.stats import CacheStats

__all__ = [
    "CacheEntry",
    "CacheError",
    "CacheStats",
    "IndexUnavailable",
    "NotCacheable",
    "Order",
    "PhraseCache",
    "PinnedOverBudget",
    "UnknownPhrase",
    "phrase_key",
]
