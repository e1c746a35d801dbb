"""What is known of an installed version without opening it: ``facts.json``.

Written when the version was verified. It decides nothing by itself: before a version is loaded, all of it is verified again.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from edge_agent.voices.card import CARD
from edge_agent.voices.store.errors import StoreError
from edge_agent.voices.store.layout import FACTS, Layout
from edge_agent.voices.store.state import State

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Facts:
    """``digest`` is the SHA-256 of the voice's card, ``manifest`` that of its manifest; ``usable_until`` in seconds since the
    epoch is when the voice or its owner's consent ends, None if never; ``n_bytes`` is what its files take."""

    id: str
    seq: int
    version: str
    display_name: str
    engine: str
    languages: tuple[str, ...]
    sample_rate: int
    loudness_lufs: float
    digest: str
    manifest: str
    usable_until: float | None
    n_bytes: int
    sealed: bool

    def to_bytes(self) -> bytes:
        return json.dumps({"schema": 1, **asdict(self)}, ensure_ascii=False, indent=1).encode()


def read_facts(version: Path) -> Facts:
    """
    Raises:
        StoreError: ``damaged``.
    """
    path = version / FACTS
    try:
        values: dict[str, Any] = json.loads(path.read_bytes())
        if values.pop("schema") != 1 or set(values) != {each.name for each in fields(Facts)}:
            raise ValueError("not of schema 1")
        return Facts(**{**values, "languages": tuple(values["languages"])})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError("damaged", f"{path} cannot be read: {error!r}; install the voice again") from error


def installed(layout: Layout, state: State) -> list[Facts]:
    """The active version of every voice, by id; one that is damaged is logged and left out."""
    found = []
    for voice_id, entry in sorted(state.voices.items()):
        if entry.active is None:
            continue
        try:
            facts = read_facts(layout.version(voice_id, entry.active))
        except StoreError as error:
            log.warning("voice unreadable voice=%s seq=%d error=%r", voice_id, entry.active, str(error))
            continue
        found.append(facts)
    return found


def card_facts(plain: Path) -> tuple[str, float]:
    """Digest and loudness (LUFS) from a verified voice's card.

    Raises:
        StoreError: ``damaged``: it has none, or not one of ours.
    """
    try:
        raw = (plain / CARD).read_bytes()
        return hashlib.sha256(raw).hexdigest(), float(json.loads(raw)["loudness_lufs"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise StoreError("damaged", f"the voice has no readable {CARD}: {error!r}; have it built again") from error


def earlier(*ends: datetime | None) -> float | None:
    """The first of several ends, in seconds since the epoch; None is never."""
    times = [end.timestamp() for end in ends if end is not None]
    return min(times, default=None)
