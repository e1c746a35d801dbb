"""What the daemon tells of itself: how it is, its figures, and what has happened to it."""

from __future__ import annotations

import logging
import threading

from edge_agent.events import PROVISIONED, Event
from edge_agent.ingress import Ingress
from edge_agent.journal import Journal
from edge_agent.service.board import Board
from edge_agent.service.health import Health
from edge_agent.service.metrics import Metrics
from edge_agent.service.notify import Notifier
from edge_agent.synthesis import Engine
from edge_agent.synthesis.providers import CPU
from edge_agent.voices import VoiceInfo
from edge_agent.voices.usb import Watched

log = logging.getLogger(__name__)


class Reports:
    """Tells every ingress, the service manager and the metrics.

    Args:
        stick: what became of the last stick.
        gpu_memory_bytes: the most a voice may take of a GPU's memory.
    """

    def __init__(self, notifier: Notifier, stick: Watched, gpu_memory_bytes: int) -> None:
        self._notifier, self._stick, self._gpu_memory_bytes = notifier, stick, gpu_memory_bytes
        self._telling = threading.Lock()
        self.metrics = Metrics()
        self.health = Health(self.tell_state)
        self.ingresses: list[Ingress] = []
        """Filled as they are started."""

    def state(self) -> dict[str, object]:
        """For who asks: how it is and why, and the last stick."""
        state, why = self.health.state()
        return {"state": state, "why": why, "last_stick": self._stick.last}

    def tell_state(self) -> None:
        """From any thread."""
        with self._telling:  # of two threads, the one that asked first must not tell last
            state, why = self.health.state()
            self.metrics.degraded(state != "online")
            for ingress in self.ingresses:
                ingress.set_status(state, why)

    def tell_figures(self) -> None:
        """The figures of now."""
        self.health.note("heat", "; ".join(Board.look().throttled) or None)
        figures = {**self.metrics.figures(), "last_stick": self._stick.last}
        for ingress in self.ingresses:
            ingress.publish_health(figures)

    def tell(self, event: Event) -> None:
        """An event that is no announcement's."""
        for ingress in self.ingresses:
            ingress.publish(event)

    def check_stick(self) -> None:
        """Tell everybody of a stick that was imported."""
        if (news := self._stick.news()) is not None:
            event = Event(PROVISIONED, "usb", news["at"], "usb", detail={name: news[name] for name in ("code", "ok", "packs")})
            self.tell(event)
            self.tell_figures()

    def engine_changed(self, voice: VoiceInfo, engine: Engine | None, reason: str | None) -> None:
        """A voice was loaded, or (without an engine) was not; ``reason`` says why it is not as it should be."""
        if engine is None:
            self.health.degrade("engine", f"{reason}; only cached phrases are spoken")
            self._notifier.status(f"{reason}; only cached phrases are spoken")
            return
        budget = 0 if engine.provider == CPU else self._gpu_memory_bytes
        self.metrics.engine(voice=voice.id, provider=engine.provider, fallback=reason is not None, gpu_memory_bytes=budget)
        self.health.note("engine", reason)
        self._notifier.status(f"voice {voice.id} loaded on {engine.provider}")

    def opened(self, part: str, database: Journal) -> None:
        """A database whose file may have had to be begun anew."""
        if database.recovered_from is not None:
            log.error("%s recovered aside=%s reason=%r", part, database.recovered_from, database.recovery_reason)
            self.health.degrade(part, f"was damaged; the old one is kept as {database.recovered_from}")
