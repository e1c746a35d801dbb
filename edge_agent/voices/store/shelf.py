"""The store as the catalog of voices sees it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edge_agent.voices.card import VoiceInfo
from edge_agent.voices.catalog import Catalog, Shelved
from edge_agent.voices.store.errors import StoreError
from edge_agent.voices.store.facts import Facts, installed
from edge_agent.voices.store.layout import Layout
from edge_agent.voices.store.state import read_state

Distrust = Callable[[str, int], "str | None"]


class StoreShelf:
    """See :class:`edge_agent.voices.catalog.Shelf`. Needs no keys: what it tells of a voice is verified when it is loaded.

    Args:
        distrust: why the signers of a version (voice, number) are not trusted; without it they are.
    """

    def __init__(self, root: Path, distrust: Distrust = lambda _voice_id, _seq: None) -> None:
        self._layout, self._distrust = Layout(root), distrust

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
        voices = tuple(map(self._info, found))
        judged = ((voice.folder, self._distrust(facts.id, facts.seq)) for voice, facts in zip(voices, found, strict=True))
        distrusted = {folder: why for folder, why in judged if why is not None}
        return Shelved(voices, state.chosen, trouble, state.seen_at, distrusted)

    def _info(self, facts: Facts) -> VoiceInfo:
        return VoiceInfo(
            facts.id, facts.display_name, facts.engine, facts.languages, facts.sample_rate, facts.loudness_lufs, facts.digest,
            str(self._layout.version(facts.id, facts.seq)), facts.seq, facts.usable_until,
        )  # fmt: skip


def open_catalog(state_dir: Path, distrust: Distrust = lambda _voice_id, _seq: None) -> Catalog:
    """The voices of this device: those in its store, and the one that ships with the program.

    Args:
        distrust: see :class:`StoreShelf`.
    """
    return Catalog(state_dir, shelf=StoreShelf(state_dir / "voices", distrust))
