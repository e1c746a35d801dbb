"""State and audit log together: no change without a record of it, and none in part."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from edge_agent import state_file
from edge_agent.clock import Clock
from edge_agent.disk import trouble
from edge_agent.voices.store import audit, disk
from edge_agent.voices.store.audit import Damage, Record
from edge_agent.voices.store.errors import StoreError
from edge_agent.voices.store.layout import Layout
from edge_agent.voices.store.state import State, read_state, write_state

log = logging.getLogger(__name__)

RESERVE_BYTES = 256 * 1024
_MAX_TEXT = 500

Stamp = tuple[int, int, int]


class Book:
    """What the store knows and what it did. Reading needs no lock; writing is done inside :meth:`writing`."""

    def __init__(self, layout: Layout, clock: Clock) -> None:
        self.layout, self._clock = layout, clock

    def state(self) -> State:
        """
        Raises:
            StoreError: ``state``: it is damaged.
        """
        return read_state(self.layout.state)

    def stamp(self) -> Stamp | None:
        """Changes whenever the state does; None while there is none."""
        return state_file.stamp(self.layout.state)

    def nudge(self) -> None:
        """Have the stamp change, although the state does not: whoever follows it shall try again what failed."""
        with contextlib.suppress(OSError):  # there is no state yet, and nobody who failed with it
            os.utime(self.layout.state)

    def now(self, state: State) -> datetime:
        """The time, which never goes back, UTC."""
        return datetime.fromtimestamp(max(self._clock.now(), state.seen_at), timezone.utc)

    @contextlib.contextmanager
    def writing(self, *, wait: bool = True) -> Iterator[State]:
        """Be the only writer, with the audit log complete up to the state that is yielded.

        Raises:
            StoreError: ``busy``, ``state``, or ``disk`` if the disk is full.
        """
        root = self.layout.root
        try:
            self.layout.own.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = disk.locked(self.layout.lock, wait=wait)
            with lock:
                state = self.state()
                audit.settle(self.layout.audit, state.last_line)
                yield state
        except OSError as error:
            raise StoreError(trouble(error), f"the voice store {root} cannot be changed: {error}") from error

    def commit(
        self, state: State, event: str, *, by: str, voice: str | None = None, seq: int | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> State:
        """Make ``state`` what is, together with the record of how it became so; what now is.

        Raises:
            OSError: nothing has changed.
        """
        audit.settle(self.layout.audit, state.last_line)  # the state has room for one record that is not in the log yet
        now = max(self._clock.now(), state.seen_at)
        shortened = {name: value[:_MAX_TEXT] if isinstance(value, str) else value for name, value in (detail or {}).items()}
        line = audit.next_line(state.last_line, now, event, voice=voice, seq=seq, by=by[:_MAX_TEXT], detail=shortened)
        new = replace(state, seen_at=now, last_line=line)
        try:
            write_state(self.layout.state, new)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT) or not self._give_up_reserve():
                raise
            write_state(self.layout.state, new)
        log.info("voice store event=%s voice=%s seq=%s by=%s", event, voice, seq, by)
        try:
            audit.settle(self.layout.audit, line)
        except OSError as error:
            log.error("audit record not yet in its log number_event=%s error=%r", event, str(error))
        return new

    def records(self) -> list[Record]:
        """Everything that was noted, up to the last change that can be seen, oldest first.

        Raises:
            OSError: the audit log cannot be read.
        """
        last_line = ""
        with contextlib.suppress(StoreError):  # without the state there is still the log
            last_line = self.state().last_line
        return audit.records(self.layout.audit, last_line)

    def damages(self) -> list[Damage]:
        """What was done to the audit log behind the store's back.

        Raises:
            OSError: it cannot be read.
            StoreError: ``state``.
        """
        newest = self.state().last_line
        while True:
            found = audit.check(self.layout.audit, newest)
            before, newest = newest, self.state().last_line
            if newest == before:  # else somebody has changed the store meanwhile, and the log may go beyond what was read first
                return found

    def keep_reserve(self) -> None:
        """Have some room that only :meth:`commit` may use up; without it nothing could be deleted on a full disk."""
        if not self.layout.reserve.exists():
            try:
                disk.write_file(self.layout.reserve, os.urandom(RESERVE_BYTES))
            except OSError as error:
                self.layout.reserve.unlink(missing_ok=True)
                log.warning("no reserve for the voice store error=%r", str(error))

    def _give_up_reserve(self) -> bool:
        try:
            self.layout.reserve.unlink()
        except OSError:
            return False
        return True
