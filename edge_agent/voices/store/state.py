"""What is installed, as one small file: a change of voice is one rename of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from edge_agent import state_file
from edge_agent.voices.store.errors import StoreError

MAX_SEQ = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One voice. ``counter`` is the highest sequence number that was ever active here: it outlives the voice. ``manifest`` is
    the SHA-256 of that version's manifest; ``erasing`` says that a deletion is under way and has to be finished."""

    active: int | None
    previous: int | None
    counter: int
    manifest: str = ""
    erasing: bool = False

    @property
    def versions(self) -> frozenset[int]:
        """The versions that are kept."""
        return frozenset(seq for seq in (self.active, self.previous) if seq is not None)


@dataclass(frozen=True, slots=True)
class State:
    """Everything the store must know. ``chosen`` is the voice of requests that name none (None: the one that ships);
    ``seen_at`` the latest time ever seen, in seconds since the epoch: a clock that was set back does not revive what has
    expired; ``last_line`` the newest line of the audit log."""

    chosen: str | None = None
    seen_at: float = 0.0
    last_line: str = ""
    voices: Mapping[str, Entry] = field(default_factory=lambda: MappingProxyType({}))

    def entry(self, voice_id: str) -> Entry:
        """
        Raises:
            StoreError: ``unknown``.
        """
        entry = self.voices.get(voice_id)
        if entry is None or entry.active is None:
            installed = ", ".join(sorted(each for each, one in self.voices.items() if one.active is not None))
            raise StoreError("unknown", f"there is no voice {voice_id!r} in the store; installed are: {installed or 'none'}")
        return entry

    def with_entry(self, voice_id: str, entry: Entry) -> State:
        return replace(self, voices=MappingProxyType({**self.voices, voice_id: entry}))


def read_state(path: Path) -> State:
    """
    Raises:
        StoreError: ``state``: the file is there and cannot be read or makes no sense.
    """
    try:
        values = state_file.read(path)
        return State() if values is None else _state(values)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError(
            "state", f"{path} cannot be read: {error!r}; only the voice that ships speaks. Repair the disk, or restore the file"
        ) from error


def write_state(path: Path, state: State) -> None:
    """
    Raises:
        OSError: the old one is whole.
    """
    voices = {
        voice_id: {name: getattr(entry, name) for name in Entry.__dataclass_fields__} for voice_id, entry in sorted(state.voices.items())
    }
    values = {"chosen": state.chosen, "seen_at": state.seen_at, "last_line": state.last_line, "voices": voices}
    state_file.write(path, values, mode=0o600)


def _state(values: dict[str, Any]) -> State:
    chosen, last_line = values["chosen"], values["last_line"]
    if not (chosen is None or isinstance(chosen, str)) or not isinstance(last_line, str):
        raise TypeError("chosen or last_line")
    voices = {voice_id: _entry(fields) for voice_id, fields in values["voices"].items()}
    return State(chosen, float(values["seen_at"]), last_line, MappingProxyType(voices))


def _entry(fields: dict[str, Any]) -> Entry:
    entry = Entry(**fields)
    for seq, may_be_none in ((entry.active, True), (entry.previous, True), (entry.counter, False)):
        if not (may_be_none and seq is None) and (not isinstance(seq, int) or not 0 < seq <= MAX_SEQ):
            raise ValueError(f"sequence number {seq!r}")
    if not isinstance(entry.manifest, str) or not isinstance(entry.erasing, bool):
        raise TypeError("manifest or erasing")
    return entry
