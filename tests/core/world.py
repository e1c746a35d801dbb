"""A whole device in simulated time: the real core, journal, queue, policy, phrase cache, planner and audio deck.

Only what waits for real time is replaced: the event loop, the threads around worker and deck, the card and the voice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_agent.clock import Clock
from edge_agent.core import Core, Ports
from edge_agent.core.admission import Admission
from edge_agent.core.commands import Commands
from edge_agent.core.settings import Settings
from edge_agent.events import Event
from edge_agent.heartbeat import Heartbeat
from edge_agent.ingress import Command, Message, Route, Verdict
from edge_agent.journal import Journal
from edge_agent.parse import Defaults
from edge_agent.phrases import PhraseCache
from edge_agent.playback.player import Player
from edge_agent.policy import Policy, PolicyConfig
from edge_agent.queue import SpeechQueue
from edge_agent.service.health import Health
from edge_agent.service.metrics import Metrics
from edge_agent.speech import Engines, Speaker
from edge_agent.templates import Templates
from edge_agent.voices import Catalog
from edge_agent.worker import SynthesisWorker
from tests.doubles.fake_engine import RATE, FakeLoader, pitch_hz, write_voice
from tests.doubles.fake_loop import FakeLoop
from tests.doubles.fake_shelf import FolderShelf
from tests.doubles.fake_sink import FakeCard, ScriptedClock

SOURCE = "mqtt:voice/store-12/kiosk-1/say"


class SteppedPlayer(Player):
    """The real player with its deck, driven by :meth:`turn` where there would be a thread."""

    def start(self) -> None:
        self._request(self._deck.open)

    def turn(self) -> float | None:
        return self._attempt(self._turn)


class RecordingIngress:
    """Keeps events; ``connected`` says whether a broker would have taken them."""

    name = "mqtt"
    problem = None

    def __init__(self) -> None:
        self.connected = True
        self.events: list[Event] = []
        self.status: list[tuple[str, list[str]]] = []

    def publish(self, event: Event) -> None:
        if self.connected:
            self.events.append(event)

    def set_status(self, state: str, why: list[str]) -> None:
        self.status.append((state, why))


class World:
    """One device. :meth:`crash` and :meth:`boot` are a power cut and what follows."""

    def __init__(
        self, folder: Path, *, policy: PolicyConfig | None = None, defaults: Defaults | None = None, provider: str = "CPUExecutionProvider",
        templates: tuple[str, ...] = (), max_waiting: int = 200,
    ) -> None:
        self.folder, self._policy_config, self._defaults = folder, policy or PolicyConfig(), defaults or Defaults()
        self._templates, self._max_waiting = templates, max_waiting
        self.clock = ScriptedClock()
        self.card = FakeCard(self.clock, sample_rate=RATE)
        self.loader = FakeLoader(provider)
        self.ingress = RecordingIngress()
        self.acked: list[int] = []
        self.answers: list[Mapping[str, Any]] = []
        self._n_messages = 0
        self.voice_folder = write_voice(folder / "built-in")
        self.boot()

    # ---- life

    def boot(self) -> None:
        """Start a daemon on what is on the disk."""
        self.loop = FakeLoop(self.clock)
        self.health = Health()
        self.journal = Journal(self.folder / "journal.db", clock=self.clock, reserve_bytes=0)
        self.cache = PhraseCache(self.folder / "phrases", floor_bytes=0, clock=self.clock)
        self.policy = Policy(self._policy_config, clock=self.clock, quota_path=self.folder / "quota.db")
        self.catalog = Catalog(self.folder, self.voice_folder, FolderShelf(self.folder / "voices"))
        self.engines = Engines("auto", 1, self._engine_changed, self.loader)
        self.speaker = Speaker(self.engines, self.cache, Templates.parse(self._templates), -16.0)
        self.worker = SynthesisWorker(self.speaker, Heartbeat("synthesis", 30.0))
        self.queue = SpeechQueue(max_waiting=self._max_waiting)
        self.settings = Settings(self.folder / "settings.json", volume=1.0, voice=None)
        self.player = SteppedPlayer(
            self.card.sink, on_event=lambda event: self.core.player_event(event),  # noqa: PLW0108 the core is made later
            heartbeat=Heartbeat("audio", 15.0), clock=self.clock
        )
        commands = Commands(self.catalog, self.worker, self.player, self.settings, lambda: {"queue_length": len(self.queue)})
        admission = Admission(
            self.journal, self.policy, self.speaker, self.catalog, self._defaults, lambda: self.settings.voice, lambda _topic: None
        )
        self.metrics = Metrics()
        ports = Ports(
            self.journal, self.queue, self.policy, admission, self.worker, self.player, self.metrics, self.health, self._as_clock(),
            [self.ingress],
        )
        self.core = Core(ports, self.loop, commands)
        commands.core = self.core
        self.player.start()
        self.core.recover()

    def crash(self) -> None:
        """Nothing more happens in this daemon; the disk keeps what is on it."""
        self.card.cut()
        self.journal.close()
        self.cache.close()
        self.policy.close()

    def reboot(self) -> None:
        self.crash()
        self.boot()

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.clock.monotonic() + seconds
        while True:
            stirred = self.loop.run_due()
            while self.worker.step():
                stirred = True
            wait_s = self.player.turn()
            if stirred or wait_s == 0 or self.loop.run_due():
                continue
            now = self.clock.monotonic()
            wake_at = min(now + wait_s if wait_s is not None else end, self.loop.next_at())
            if wake_at >= end:
                self.clock.advance(max(0.0, end - now))
                self.loop.run_due()
                return
            self.clock.advance(max(wake_at - now, 1e-4))

    def run_until(self, condition: Callable[[], object], within_s: float = 60.0) -> None:
        deadline = self.clock.monotonic() + within_s
        while not condition():
            assert self.clock.monotonic() < deadline, f"it did not happen; events: {[(e.kind, e.id, e.detail) for e in self.events]}"
            self.run(0.02)

    # ---- what others ask of it

    def say(
        self, text: str | None = None, /, *, raw: bytes | None = None, redelivered: bool = False, packet_id: int | None = None,
        qos: int = 1, answer: Callable[[Verdict], None] = lambda _verdict: None, **fields: Any,
    ) -> int:
        """Deliver a request; its number, which is in ``acked`` once it was acknowledged."""
        body = raw if raw is not None else json.dumps({**({"text": text} if text is not None else {}), **fields}).encode()
        self._n_messages += 1
        number = self._n_messages
        message = Message(
            payload=body, source=SOURCE, content_type=None, correlation=None, reply_to=None, expiry_s=None,
            received_at=self.clock.now(), received_monotonic=self.clock.monotonic(), redelivered=redelivered,
            packet_id=None if qos == 0 else number if packet_id is None else packet_id, answer=answer,
        )
        self.core.submit(message, lambda: self.acked.append(number))
        return number

    def command(self, command: Command) -> None:
        self.core.command(command, Route(SOURCE, self.answers.append))

    # ---- what became of it

    @property
    def events(self) -> list[Event]:
        return self.ingress.events

    def kinds(self, id: str) -> list[str]:
        """What was told about an announcement, in order."""
        return [event.kind for event in self.events if event.id == id]

    def end(self, id: str) -> Event:
        """Its terminal event; there must be exactly one."""
        ends = [event for event in self.events if event.id == id and event.terminal]
        assert len(ends) == 1, self.kinds(id)
        return ends[0]

    def ended(self, *ids: str) -> bool:
        return set(ids) <= {event.id for event in self.events if event.terminal}

    def heard(self) -> NDArray[np.float32]:
        return self.card.heard()

    def spans(self, text: str) -> list[tuple[float, float]]:
        """When a segment's hum was heard, as (start, end) in seconds of the card's time."""
        return spans(self.heard(), pitch_hz(text))

    def starts(self, *texts: str) -> list[float]:
        """When each segment was heard; each exactly once."""
        found = [self.spans(text) for text in texts]
        assert [len(each) for each in found] == [1] * len(texts), found
        return [each[0][0] for each in found]

    def _engine_changed(self, voice: object, engine: object, reason: str | None) -> None:
        self.health.note("engine", reason)

    def _as_clock(self) -> Clock:
        return self.clock


def spans(heard: NDArray[np.float32], pitch: float, *, block_s: float = 0.01, gap_s: float = 0.05) -> list[tuple[float, float]]:
    """Where a pure tone of ``pitch`` Hz sounds, as (start, end) in seconds."""
    n = round(block_s * RATE)
    blocks = heard[: len(heard) // n * n].reshape(-1, n).astype(np.float64)
    loud = np.sqrt((blocks**2).mean(1)) > 0.005
    # How much of each block a sine of that pitch explains.
    wave = np.exp(2j * np.pi * pitch * np.arange(n) / RATE)
    explained = 2 / n * np.abs(blocks @ wave) ** 2 > 0.9 * (blocks**2).sum(1)
    found: list[list[float]] = []
    for index in np.flatnonzero(loud & explained):
        at = index * block_s
        if found and at - found[-1][1] <= gap_s:
            found[-1][1] = at + block_s
        else:
            found.append([at, at + block_s])
    return [(start, end) for start, end in found]
