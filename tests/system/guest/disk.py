"""A partition as the next boot would find it, read on this machine without mounting it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from edge_agent.clock import SystemClock
from edge_agent.config import load
from edge_agent.journal import Journal
from edge_agent.phrases import PhraseCache
from edge_agent.voices.store import open_store

_REPAIRED = (0, 1)
"""Exit statuses of e2fsck: nothing to do, or a journal was replayed."""


class Disk:
    """What lies on an ext4 image: its journal is replayed in a copy, and the folders ``lib`` and ``cache`` are taken out.

    Raises:
        AssertionError: the file system itself is damaged.
    """

    def __init__(self, image: Path, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        copy = folder / "copy.img"
        subprocess.run(["cp", "--sparse=always", image, copy], check=True)
        checked = subprocess.run(["e2fsck", "-fy", copy], capture_output=True, text=True, check=False)
        assert checked.returncode in _REPAIRED, checked.stdout
        for name in ("lib", "cache"):
            subprocess.run(["debugfs", "-R", f"rdump /{name} {folder}", copy], capture_output=True, check=True)
        copy.unlink()
        self._lib, self._cache = folder / "lib", folder / "cache"

    def journal(self, ids: list[str]) -> list[str]:
        """Those of ``ids`` that it does not know; the journal itself has to be whole."""
        journal = Journal(self._lib / "journal.db", clock=SystemClock())
        try:
            assert journal.recovered_from is None, f"the journal was damaged: {journal.recovery_reason}"
            waiting = {pending.announcement.id for pending in journal.pending()}
            return [each for each in ids if each not in waiting and journal.known(each) is None]
        finally:
            journal.close()

    def check_cache(self) -> int:
        """The number of recordings; each has to be whole."""
        cache = PhraseCache(self._cache / "phrases", floor_bytes=0)
        try:
            entries = len(cache.entries())
            damaged = cache.verify()
            assert damaged == 0, f"{damaged} of {entries} recordings are damaged"
            return entries
        finally:
            cache.close()

    def voice(self, voice_id: str) -> int | None:
        """The version that would speak, having been verified as it is before it does; None if the voice is not there."""
        environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environ |= {"EDGE_AGENT__PATHS__STATE_DIR": str(self._lib), "EDGE_AGENT__PATHS__CACHE_DIR": str(self._cache)}
        store = open_store(load(Path(os.devnull), environ=environ).config)
        entry = store.state().voices.get(voice_id)
        if entry is None or entry.active is None:
            return None
        with store.opened(voice_id, entry.active):
            return entry.active
