"""What the core drives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from edge_agent.clock import Clock
from edge_agent.core.admission import Admission
from edge_agent.ingress import Ingress
from edge_agent.journal import Journal
from edge_agent.playback.player import Player
from edge_agent.policy import Policy
from edge_agent.queue import SpeechQueue
from edge_agent.service.health import Health
from edge_agent.service.metrics import Metrics
from edge_agent.worker import SynthesisWorker


@dataclass(frozen=True, slots=True)
class Ports:
    """The parts around the core, none of which knows it."""

    journal: Journal
    queue: SpeechQueue
    policy: Policy
    admission: Admission
    worker: SynthesisWorker
    player: Player
    metrics: Metrics
    health: Health
    clock: Clock
    ingresses: list[Ingress] = field(default_factory=list)
    speaking: Callable[[bool], None] = lambda _is_speaking: None
    """Told when speech begins, and when it has ended and none follows."""
