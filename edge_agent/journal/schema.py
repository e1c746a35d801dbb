"""The journal's tables, as the steps that made them; a released step is never edited, a new one is added."""

from __future__ import annotations

_VERSION_1 = """
CREATE TABLE announcements (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('accepted', 'started', 'ending', 'finished')),
    segment INTEGER NOT NULL DEFAULT 0,
    outcome TEXT,
    finished_at REAL,
    body TEXT,
    CHECK ((state = 'finished') = (outcome IS NOT NULL))
);
CREATE INDEX unfinished ON announcements (seq) WHERE state <> 'finished';
CREATE INDEX finished ON announcements (finished_at) WHERE state = 'finished';
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL
)
"""

# An announcement that brings the daemon down each time it is spoken must not do so for ever.
_VERSION_2 = """
ALTER TABLE announcements ADD COLUMN cuts INTEGER NOT NULL DEFAULT 0
"""

MIGRATIONS = (_VERSION_1, _VERSION_2)

ON_OPEN = "UPDATE announcements SET cuts = cuts + 1 WHERE state = 'started'"
