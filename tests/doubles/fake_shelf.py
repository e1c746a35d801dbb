"""Installed voices without packs: a folder of folders, or a store written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

from edge_agent.errors import EdgeAgentError
from edge_agent.voices.card import read_card
from edge_agent.voices.catalog import Shelved
from edge_agent.voices.store.facts import Facts
from edge_agent.voices.store.layout import FACTS, FILES, Layout
from edge_agent.voices.store.state import Entry, State, write_state
from tests.doubles.fake_engine import write_voice


class FolderShelf:
    """Every folder with a readable card is a voice."""

    def __init__(self, folder: Path, chosen: str | None = None) -> None:
        self.folder, self.chosen, self.trouble = folder, chosen, None

    def look(self) -> Shelved:
        found = []
        for folder in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            try:
                found.append(read_card(folder))
            except EdgeAgentError:
                continue
        return Shelved(tuple(found), self.chosen, self.trouble)


def shelve(state_dir: Path, voice_id: str, **card: Any) -> Path:
    """Have the store in ``state_dir`` believe that a voice with a card and nothing else is installed; its folder."""
    layout = Layout(state_dir / "voices")
    layout.own.mkdir(parents=True, exist_ok=True)
    version = layout.version(voice_id, 1)
    folder = write_voice(version / FILES, voice_id)
    values = json.loads((folder / "voice.json").read_text()) | card
    (folder / "voice.json").write_text(json.dumps(values))
    voice = read_card(folder)
    facts = Facts(
        voice.id, 1, "1", voice.display_name, voice.engine, voice.languages, voice.sample_rate, voice.loudness_lufs, voice.digest,
        "0" * 64, None, 1, sealed=False,
    )  # fmt: skip
    (version / FACTS).write_bytes(facts.to_bytes())
    write_state(layout.state, State(voices=MappingProxyType({voice_id: Entry(1, None, 1)})))
    return folder
