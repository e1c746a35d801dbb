"""The store of installed voices; see ``STORE.md`` beside the packages of this folder."""

from edge_agent.voices.store.audit import Damage, Record
from edge_agent.voices.store.device import device_catalog, open_store, voice_extras, voice_files
from edge_agent.voices.store.errors import REASONS, AlreadyInstalled, StoreError
from edge_agent.voices.store.facts import Facts
from edge_agent.voices.store.gate import Gate, KeyGate
from edge_agent.voices.store.receipt import Receipt
from edge_agent.voices.store.settings import Settings
from edge_agent.voices.store.shelf import StoreShelf, open_catalog
from edge_agent.voices.store.state import Entry, State
from edge_agent.voices.store.store import Store
from edge_agent.voices.store.traces import Downloads, EngineCache, Memory, Phrases, Trace

__all__ = [
    "REASONS",
    "AlreadyInstalled",
    "Damage",
    "Downloads",
    "EngineCache",
    "Entry",
    "Facts",
    "Gate",
    "KeyGate",
    "Memory",
    "Phrases",
    "Receipt",
    "Record",
    "Settings",
    "State",
    "Store",
    "StoreError",
    "StoreShelf",
    "Trace",
    "device_catalog",
    "open_catalog",
    "open_store",
    "voice_extras",
    "voice_files",
]
