"""The durable inbox: what was accepted, how far it got, how it ended, and what must still be told."""

from edge_agent.journal.records import Accepted, Counts, Duplicate, JournalFull, Pending, State
from edge_agent.journal.store import Journal

__all__ = ["Accepted", "Counts", "Duplicate", "Journal", "JournalFull", "Pending", "State"]
