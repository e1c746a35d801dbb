"""From a stick's folder to voices in the store."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import astuple
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from edge_agent.errors import EdgeAgentError
from edge_agent.voices.usb.folder import Limits, StickError, StickFolder, shown
from edge_agent.voices.usb.report import PackResult, StickReport
from edge_agent.voices.usb.spool import copied

log = logging.getLogger(__name__)


class Installed(Protocol):
    """What is known of a voice that was taken in."""

    @property
    def id(self) -> str: ...

    @property
    def seq(self) -> int: ...


Install = Callable[[BinaryIO], Installed]
"""Takes a pack into the store, such as :meth:`edge_agent.voices.store.Store.install`. Refuses by an :class:`EdgeAgentError` with a
``reason``, as of :data:`edge_agent.voices.usb.SENTENCES`."""


def import_stick(folder: Path, install: Install, spool: Path, now: datetime, *, limits: Limits | None = None) -> StickReport:
    """Offer every pack at the top of ``folder`` to the store, one after the other.

    Nothing of the stick is believed, and each pack is copied to the folder ``spool`` before it is looked at. One that is refused, or
    sealed for another device, does not stop the others; a stick that can no longer be read does.

    Args:
        now: for the report; UTC.
    """
    limits = limits or Limits()
    results: list[PackResult] = []
    try:
        with StickFolder(folder, limits) as stick:
            for name in stick.packs():
                result = _one(stick, name, install, spool, limits)
                log.info("pack file=%r reason=%s voice=%s seq=%s detail=%r", *astuple(result))
                results.append(result)
                if result.reason == "unreadable":
                    stick.packs()  # one bad file is passed over; a stick that was pulled out has no more to say
    except StickError as error:
        log.warning("stick not read to its end reason=%s error=%r", error.reason, str(error))
        return StickReport(now, tuple(results), error.reason, str(error))
    return StickReport(now, tuple(results))


def _one(stick: StickFolder, name: str, install: Install, spool: Path, limits: Limits) -> PackResult:
    try:
        with stick.open(name) as source, copied(source, spool, limits) as copy:
            voice = install(copy)
    except EdgeAgentError as error:
        found = getattr(error, "voice_id", None), getattr(error, "seq", None)
        return PackResult(shown(name), getattr(error, "reason", "refused"), *found, detail=str(error))
    return PackResult(shown(name), None, voice.id, voice.seq)
