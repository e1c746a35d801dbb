"""The watchdog is fed only while every thread gives a sign of life."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence

from edge_agent.heartbeat import Heartbeat
from edge_agent.service.notify import Notifier

log = logging.getLogger(__name__)

_UNSUPERVISED_S = 5.0
"""How often the hearts are looked at when nobody asked for it, so that a stuck thread at least shows in the log."""


class Watchdog:
    """Looks at heartbeats and feeds the service manager's watchdog. Run it in the core's loop: that must go round as well."""

    def __init__(self, notifier: Notifier, hearts: Sequence[Heartbeat]) -> None:
        self._notifier = notifier
        self._hearts = hearts
        self._stuck: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.check()
            await asyncio.sleep(self._notifier.watchdog_s or _UNSUPERVISED_S)

    def check(self) -> frozenset[str]:
        """Feed if all is well; returns the names of threads that are stuck."""
        stuck = frozenset(heart.name for heart in self._hearts if not heart.alive())
        for name in sorted(stuck - self._stuck):
            log.error("thread stuck name=%s limit_s=%g", name, _limit(self._hearts, name))
        for name in sorted(self._stuck - stuck):
            log.warning("thread recovered name=%s", name)
        self._stuck = stuck
        if not stuck:
            self._notifier.alive()
        return stuck


def _limit(hearts: Iterable[Heartbeat], name: str) -> float:
    return next(heart.limit_s for heart in hearts if heart.name == name)
