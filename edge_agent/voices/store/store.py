"""The voices on this device: taken in, switched, taken back, deleted, each whole or not at all."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from edge_agent.clock import Clock, SystemClock
from edge_agent.disk import trouble
from edge_agent.errors import EdgeAgentError
from edge_agent.voices.pack import Extras
from edge_agent.voices.pack.manifest import MANIFEST, Manifest
from edge_agent.voices.store import arrival, departure, opening, seal
from edge_agent.voices.store.book import Book, Stamp
from edge_agent.voices.store.errors import AlreadyInstalled, StoreError
from edge_agent.voices.store.facts import Facts, installed, read_facts
from edge_agent.voices.store.gate import Gate
from edge_agent.voices.store.layout import FILES, Layout
from edge_agent.voices.store.receipt import Receipt
from edge_agent.voices.store.settings import Settings
from edge_agent.voices.store.state import State

log = logging.getLogger(__name__)


class Store:
    """Safe from several processes at once; any thread. Every change is recorded, see :mod:`edge_agent.voices.store.audit`.

    Args:
        root: the folder of voices, see :mod:`edge_agent.voices.store.layout`.
        gate: decides whose voices are taken.
    """

    def __init__(self, root: Path, gate: Gate, settings: Settings, *, clock: Clock | None = None) -> None:
        self.layout = Layout(root)
        self.book = Book(self.layout, clock or SystemClock())
        self.gate, self.settings = gate, settings

    # ---- looking

    def state(self) -> State:
        """
        Raises:
            StoreError: ``state``: it is damaged.
        """
        return self.book.state()

    def stamp(self) -> Stamp | None:
        """Changes with every change to the store, whoever makes it; cheap."""
        return self.book.stamp()

    def voices(self) -> list[Facts]:
        """The active version of every voice, by id; one that is damaged is logged and left out.

        Raises:
            StoreError: ``state``.
        """
        return installed(self.layout, self.state())

    def manifest(self, voice_id: str, seq: int) -> Manifest:
        """What an installed version says of itself; verified when it is opened, not here.

        Raises:
            StoreError: ``damaged``.
            PackError: it makes no sense.
        """
        try:
            return Manifest.from_bytes((self.layout.version(voice_id, seq) / FILES / MANIFEST).read_bytes())
        except OSError as error:
            raise StoreError("damaged", f"the manifest of voice {voice_id} {seq} cannot be read: {error}; install it again") from error

    @contextmanager
    def opened(self, voice_id: str, seq: int) -> Iterator[Path]:
        """A folder with a version's files, verified anew: in memory, and gone afterwards, if the version is sealed.

        Raises:
            StoreError: ``unknown`` or ``damaged``.
            PackError: it may not be used (any more).
        """
        with opening.verified(self, voice_id, seq) as (folder, _):
            yield folder

    def extras(self, voice_id: str, seq: int) -> Extras:
        """What a version brings besides its voice, verified anew; the models, which take the time, are left alone.

        Raises:
            StoreError: ``unknown`` or ``damaged``.
            PackError: it may not be used (any more).
        """
        return opening.extras(self, voice_id, seq)

    def distrust(self, voice_id: str, seq: int) -> str | None:
        """Why a version may not be used although it is installed: its author, or the witness of its consent, is trusted no longer.
        None if they are trusted; whatever else may be wrong with it is found when it is opened. Where the device's key is gone, the
        consent is sealed, and only the author can be told.
        """
        return opening.distrust(self, voice_id, seq)

    # ---- changing

    def sweep(self) -> None:
        """Remove what an interrupted change has left, and finish a deletion that was begun. For every start, so it waits for nobody:
        an installation, which may take a minute, has swept before it began.

        Raises:
            StoreError: the store cannot be read or written.
        """
        seal.sweep_memory(self.settings.memory)
        try:
            with self.book.writing(wait=False) as state:
                departure.sweep(self, state)
                self.book.keep_reserve()
        except StoreError as error:
            if error.reason != "busy":
                raise
            log.info("voice store not swept error=%r", str(error))

    def install(
        self, source: Path | BinaryIO, *, by: str, choose: bool = True, device: str | None = None, detail: Mapping[str, Any] | None = None
    ) -> Facts:
        """Take in a pack: verify, unpack beside, have it speak, switch, keep the version before.

        Args:
            by: who brought it, for the audit log.
            choose: also make it the voice of requests that name none.
            device: take it only if its staged release includes this device, see :mod:`edge_agent.voices.rollout`; None: somebody
                brought it to this very device.
            detail: more for the record of a refusal.

        Raises:
            AlreadyInstalled: there was nothing to do; a daemon that could not load the voice tries again.
            PackError, StoreError: it was refused; nothing has changed.
        """
        with self.book.writing() as found:
            state = departure.sweep(self, found)
            notes: dict[str, Any] = dict(detail or {})
            try:
                return arrival.install(self, state, source, by=by, choose=choose, device=device, notes=notes)
            except AlreadyInstalled:
                self.book.nudge()
                raise
            except EdgeAgentError as error:
                self._record_refusal(error, by, notes)
                raise
            except OSError as error:
                refusal = StoreError(trouble(error), f"the voice could not be stored: {error}")
                self._record_refusal(refusal, by, notes)
                raise refusal from error

    def choose(self, voice_id: str | None, *, by: str) -> None:
        """Make a voice, or a reserved one, that of requests that name none; None is the one that ships with the program.

        Raises:
            StoreError: ``unknown``, or the store cannot be written.
        """
        with self.book.writing() as state:
            shipped = voice_id is None or voice_id in self.settings.reserved
            seq = None if shipped else state.entry(voice_id).active
            if state.chosen != voice_id:
                self.book.commit(replace(state, chosen=voice_id), "activated", voice=voice_id, seq=seq, by=by)

    def activate(self, voice_id: str, seq: int | None = None, *, by: str) -> Facts:
        """Make a kept version the active one of its voice, and its voice that of requests that name none. If it is that already, a
        daemon that could not load it tries again.

        Raises:
            StoreError: ``unknown`` or ``damaged``, or the store cannot be written.
            PackError: it may not be used any more.
        """
        with self.book.writing() as state:
            entry = state.entry(voice_id)
            seq = seq or entry.active
            if seq not in entry.versions:
                kept = ", ".join(map(str, sorted(entry.versions)))
                raise StoreError("unknown", f"version {seq} of voice {voice_id} is not kept here; there are: {kept}")
            facts = self._checked(voice_id, seq)
            if seq != entry.active:
                entry = replace(entry, active=seq, previous=entry.active)
            new = replace(state.with_entry(voice_id, entry), chosen=voice_id)
            if new != state:
                self.book.commit(new, "activated", voice=voice_id, seq=seq, by=by)
            else:
                self.book.nudge()
            return facts

    def roll_back(self, voice_id: str, *, by: str, failed: str | None = None, seq: int | None = None) -> Facts:
        """Go back to the version before; the counter stays, so what was left is not taken in by itself again.

        Args:
            failed: why the active version cannot be used; then it is not kept.
            seq: roll back only if this is still the active version.

        Raises:
            StoreError: ``unknown``: there is no version before; or the store cannot be written.
            PackError: the version before may not be used any more.
        """
        with self.book.writing() as state:
            entry = state.entry(voice_id)
            if seq is not None and entry.active != seq:
                return read_facts(self.layout.version(voice_id, entry.active))
            if entry.previous is None:
                raise StoreError("unknown", f"there is no version before {entry.active} of voice {voice_id} to go back to")
            facts = self._checked(voice_id, entry.previous)
            back = replace(entry, active=entry.previous, previous=None if failed else entry.active)
            detail = {"from": entry.active} | ({"failed": failed} if failed else {})
            new = self.book.commit(state.with_entry(voice_id, back), "rolled_back", voice=voice_id, seq=back.active, by=by, detail=detail)
            departure.sweep(self, new)
            return facts

    def delete(self, voice_id: str, *, by: str, up_to: int | None = None) -> Receipt:
        """Delete a voice for good: its keys, files, engine caches and recorded phrases; the counter stays.

        Args:
            up_to: refuse if a newer version than this is here.

        Raises:
            StoreError: ``unknown``; or ``disk``: something could not be deleted yet, and is at the next :meth:`sweep`.
        """
        with self.book.writing() as state:
            return departure.delete(self, state, voice_id, by=by, up_to=up_to)

    def record_end(self, voice_id: str, *, by: str, distrusted: str | None = None) -> None:
        """Note in the audit log that a voice is not spoken any more, once: it has expired, or its signers are ``distrusted``, and why.

        Raises:
            StoreError: ``unknown``, or it cannot be noted.
        """
        event = "revoked" if distrusted else "expired"
        with self.book.writing() as state:
            entry = state.entry(voice_id)
            for record in reversed(self.book.records()):
                if record.voice == voice_id and record.event in ("expired", "revoked", "installed", "activated", "rolled_back"):
                    if record.event == event:
                        return
                    break
            detail = {"problem": distrusted} if distrusted else None
            self.book.commit(state, event, voice=voice_id, seq=entry.active, by=by, detail=detail)

    def record_refusal(self, error: EdgeAgentError, *, by: str, detail: Mapping[str, Any] | None = None) -> None:
        """Note in the audit log that something was refused before it reached :meth:`install`.

        Raises:
            StoreError: it cannot be noted.
        """
        with self.book.writing():
            self._record_refusal(error, by, dict(detail or {}))

    def _checked(self, voice_id: str, seq: int) -> Facts:
        with self.opened(voice_id, seq):
            return read_facts(self.layout.version(voice_id, seq))

    def _record_refusal(self, error: EdgeAgentError, by: str, notes: Mapping[str, Any]) -> None:
        reason = getattr(error, "reason", "refused")
        detail = {"reason": reason, "problem": str(error), **{name: notes[name] for name in notes if name not in ("voice", "seq")}}
        try:
            self.book.commit(self.state(), "refused", voice=notes.get("voice"), seq=notes.get("seq"), by=by, detail=detail)
        except (OSError, StoreError) as trouble:
            log.error("refusal not recorded reason=%s error=%r", reason, str(trouble))
