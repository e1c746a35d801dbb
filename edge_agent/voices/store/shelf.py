"""The store as the catalog of voices sees it."""

from __future__ import annotations

from pathlib import Path

from edge_agent.voices.catalog import Catalog, Shelved, VoiceInfo
from edge_agent.voices.store.errors import StoreError
from edge_agent.voices.store.facts import Facts
from edge_agent.voices.store.layout import Layout
from edge_agent.voices.store.state import read_state
from edge_agent.voices.store.store import installed


class StoreShelf:
    """See :class:`edge_agent.voices.catalog.Shelf`. Needs no keys: what it tells of a voice is verified when it is loaded."""

    def __init__(self, root: Path) -> None:
        self._layout = Layout(root)

    def look(self) -> Shelved:
        """What is installed now; a store that cannot be read holds nothing, and says why."""
        try:
            state = read_state(self._layout.state)
        except StoreError as error:
            return Shelved((), None, str(error))
        missing = {voice_id for voice_id, entry in state.voices.items() if entry.active is not None}
        found = installed(self._layout, state)
        missing -= {facts.id for facts in found}
        trouble = f"damaged: {', '.join(sorted(missing))}; install again" if missing else None
        return Shelved(tuple(self._info(facts) for facts in found), state.chosen, trouble, state.seen_at)

    def _info(self, facts: Facts) -> VoiceInfo:
        return VoiceInfo(
            facts.id, facts.display_name, facts.engine, facts.languages, facts.sample_rate, facts.loudness_lufs, facts.digest,
            str(self._layout.version(facts.id, facts.seq)), facts.seq, facts.usable_until,
        )  # fmt: skip


def open_catalog(state_dir: Path) -> Catalog:
    """The voices of this device: those in its store, and the one that ships with the program."""
    return Catalog(state_dir, shelf=StoreShelf(state_dir / "voices"))
