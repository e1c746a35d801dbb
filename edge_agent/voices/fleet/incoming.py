"""Packs that are on their way: the folder of what is not complete yet, kept from start to start."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from edge_agent.digest import sha256_of
from edge_agent.voices.fleet.download import Broker, DownloadError, fetch_chunks, fetch_url
from edge_agent.voices.fleet.statement import Announcement, StatementRefused
from edge_agent.voices.store.disk import check_room

_CHUNK_S = 30.0
"""How long a chunk may take; after that it is not there yet."""
_SUFFIX = ".part"


class Incoming:
    """Files are named by the SHA-256 of the pack that each shall become."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def obtain(self, announcement: Announcement, broker: Broker, base: str, stopped: Callable[[], bool]) -> Path:
        """The pack that was announced, fetched from where it was interrupted.

        Args:
            base: the topic below which packs lie in chunks.

        Raises:
            DownloadError: not yet.
            StatementRefused, StoreError: there is no use in going on.
            OSError: the disk does not take it.
        """
        part = self._part(announcement)
        have = part.stat().st_size if part.exists() else 0
        self._check_room(announcement.size, have)
        self._fetch(announcement, part, broker, f"{base}/{announcement.sha256}", stopped)
        if sha256_of(part) == announcement.sha256:
            return part
        part.unlink()
        problem = f"what was fetched for voice {announcement.voice} is not what was announced"
        if have:  # pieces of two files, or what a power cut left: the next attempt begins anew
            raise DownloadError(problem)
        raise StatementRefused("forged", problem)

    def drop(self, announcement: Announcement) -> None:
        """Forget what has come of a pack."""
        with suppress(OSError):
            self._part(announcement).unlink()

    def sweep(self, wanted: Collection[str]) -> None:
        """Forget the packs that nobody announces any more.

        Args:
            wanted: SHA-256 of the others.
        """
        for path in self._folder.glob(f"*{_SUFFIX}") if self._folder.is_dir() else ():
            if path.stem not in wanted:
                with suppress(OSError):
                    path.unlink()

    def _part(self, announcement: Announcement) -> Path:
        return self._folder / f"{announcement.sha256}{_SUFFIX}"

    def _check_room(self, size: int, have: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        check_room(self._folder, 2 * size - have, f"a pack of {size} and the voice in it")

    @staticmethod
    def _fetch(announcement: Announcement, part: Path, broker: Broker, base: str, stopped: Callable[[], bool]) -> None:
        if announcement.url is not None:
            try:
                fetch_url(announcement.url, part, announcement.size, stopped)
            except DownloadError:
                if announcement.chunk_bytes is None:
                    raise
            else:
                return
        assert announcement.chunk_bytes is not None
        fetch_chunks(broker, base, part, announcement.size, announcement.chunk_bytes, timeout_s=_CHUNK_S, stopped=stopped)
