"""The store of this device, as its configuration says."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from edge_agent.errors import EdgeAgentError
from edge_agent.voices.card import VoiceInfo, read_card
from edge_agent.voices.catalog import BUILT_IN, Catalog
from edge_agent.voices.keys import DeviceKeys, KeysError, TrustFile, load_device_keys
from edge_agent.voices.memory import VoiceMemory
from edge_agent.voices.pack import Extras, Manifest, OpenPack
from edge_agent.voices.store import canary
from edge_agent.voices.store.facts import read_facts
from edge_agent.voices.store.gate import KeyGate
from edge_agent.voices.store.settings import Settings
from edge_agent.voices.store.shelf import open_catalog
from edge_agent.voices.store.store import Store
from edge_agent.voices.store.traces import Downloads, EngineCache, Memory, Phrases

if TYPE_CHECKING:
    from edge_agent.config import Config


class DeviceGate:
    """A gate made of this device's keys. They may be made while the daemon runs, so they are looked for until they are there.

    Raises:
        KeysError: they are there and cannot be used.
    """

    def __init__(self, folder: Path, keys: DeviceKeys | None = None) -> None:
        self._folder = folder
        self._trust = TrustFile(folder).read
        self._keys = keys
        self._gate()

    @property
    def identities(self) -> tuple[Any, ...]:
        return self._gate().identities

    def open(self, source: Path | BinaryIO, now: datetime) -> OpenPack:
        return self._gate().open(source, now)

    def verify(self, folder: Path, now: datetime, only: Collection[str] | None = None) -> Manifest:
        return self._gate().verify(folder, now, only)

    def verify_author(self, folder: Path) -> None:
        KeyGate(self._trust).verify_author(folder)  # the device's own keys are not needed, and may be gone

    def sign(self, content: bytes, comment: str) -> bytes | None:
        return self._gate().sign(content, comment)

    def _gate(self) -> KeyGate:
        self._keys = self._keys or load_device_keys(self._folder, os.environ)
        return KeyGate(self._trust, self._keys.identities, self._keys.secret) if self._keys else KeyGate(self._trust)


def open_store(
    config: Config, *, clear_phrases: Callable[[str], int] | None = None, with_keys: bool = True, keys: DeviceKeys | None = None
) -> Store:
    """The store below ``paths.state_dir``, with the device's keys and all that must go with a deleted voice.

    Args:
        clear_phrases: deletes a voice's recordings, pinned ones too; None opens the phrase cache for it.
        with_keys: False leaves the device's keys out, for a store whose sealed voices need not be opened.
        keys: those of the device, if they were read already.

    Raises:
        KeysError: the device's keys are there and cannot be used.
    """
    paths = config.paths
    gate = DeviceGate(paths.keys, keys) if with_keys else KeyGate(TrustFile(paths.keys).read)
    traces = (
        Phrases(clear_phrases or partial(_clear, config)),
        EngineCache(paths.engines, lambda: _digests(store)),
        Downloads(paths.incoming),
        Memory(VoiceMemory(paths.state_dir)),
    )
    settings = Settings(
        partial(canary.speaks, threads=config.voice.threads), traces, config.voice.quota_bytes, _built_in_ids(), config.mqtt.device
    )
    store = Store(paths.voices, gate, settings)
    return store


def device_catalog(config: Config) -> Catalog:
    """The voices of this device as its daemon sees them: those whose signers are trusted no longer may not speak."""
    try:
        store = open_store(config)
    except KeysError:  # said by whoever loads a voice that is sealed to them
        store = open_store(config, with_keys=False)
    return open_catalog(config.paths.state_dir, store.distrust)


def voice_files(config: Config) -> Callable[[VoiceInfo], AbstractContextManager[Path]]:
    """Gives the folder of a voice's files, verified anew, for as long as it is loaded from them. The store and the device's
    keys are only touched for a voice that is in it.
    """

    def opened(voice: VoiceInfo) -> AbstractContextManager[Path]:
        return nullcontext(Path(voice.folder)) if voice.seq is None else open_store(config).opened(voice.id, voice.seq)

    return opened


def voice_extras(config: Config) -> Callable[[VoiceInfo], Extras]:
    """Gives what a voice's pack brings besides the voice, verified anew."""

    def extras(voice: VoiceInfo) -> Extras:
        return Extras() if voice.seq is None else open_store(config).extras(voice.id, voice.seq)

    return extras


def _clear(config: Config, voice_id: str) -> int:
    from edge_agent.phrases import PhraseCache

    if not config.paths.phrases.is_dir():
        return 0
    cache = PhraseCache(config.paths.phrases, budget_bytes=config.cache.budget_bytes, floor_bytes=config.cache.floor_bytes)
    try:
        return cache.clear(voice_id, include_pinned=True)
    finally:
        cache.close()


def _digests(store: Store) -> set[str]:
    """Of every version that is kept, and of the voice that ships with the program."""
    folders: list[Path] = []
    for voice_id, entry in store.state().voices.items():
        folders += [store.layout.version(voice_id, seq) for seq in entry.versions]
    found = set()
    for folder in folders:
        with suppress(EdgeAgentError):
            found.add(read_facts(folder).digest)
    with suppress(EdgeAgentError):
        found.add(read_card(BUILT_IN).digest)
    return found


def _built_in_ids() -> frozenset[str]:
    try:
        return frozenset({read_card(BUILT_IN).id})
    except EdgeAgentError:
        return frozenset({BUILT_IN.name})
