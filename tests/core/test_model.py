"""Any order of requests, commands, failures and crashes: what was acknowledged gets exactly one end, and is spoken at most once."""

from __future__ import annotations

import datetime as dt
import itertools
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule

from edge_agent.ingress import Cancel, Clear, Stop
from edge_agent.synthesis import SynthesisError
from tests.core.world import World
from tests.doubles.fake_engine import SECONDS_PER_CHARACTER, pitch_hz

PROCESSOR = "CPUExecutionProvider"
WHOLE = 0.03
"""Seconds that the detector of hums may be off by."""
TEXTS = list({pitch_hz(text): text for text in (f"去{a}{b}门。" for a, b in itertools.product("甲乙丙丁戊己庚辛", repeat=2))}.values())
"""Read as they are written, each with a pitch of its own."""


class Announcements(RuleBasedStateMachine):
    ids = Bundle("ids")

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="edge-agent-model-"))
        self.world = World(self.folder / "device", max_waiting=6)
        self.texts: dict[str, str] = {}
        self.expires: dict[str, float] = {}

    @rule(
        target=ids,
        priority=st.sampled_from(["emergency", "important", "normal", "normal", "info", "progress"]),
        on_interrupt=st.sampled_from(["resume", "restart", "drop"]),
        ttl_s=st.sampled_from([0.3, 1, 300, 300]),
        key=st.sampled_from([None, None, "k"]),
        delay_s=st.sampled_from([None, None, None, 0.5]),
    )
    def say(self, priority: str, on_interrupt: str, ttl_s: float, key: str | None, delay_s: float | None) -> str:
        name = f"a{len(self.texts)}"
        self.texts[name] = TEXTS[len(self.texts)]
        fields = {"key": key} if key else {}
        now = self.world.clock.now()
        if delay_s is not None:
            fields["not_before"] = _rfc3339(now + delay_s)
        self.expires[name] = now + (delay_s or 0) + ttl_s
        self.world.say(self.texts[name], id=name, priority=priority, on_interrupt=on_interrupt, ttl_s=ttl_s, **fields)
        self.world.loop.run_due()
        return name

    @rule(id=ids)
    def say_again(self, id: str) -> None:
        self.world.say(self.texts[id], id=id, redelivered=True)

    @rule(id=ids)
    def cancel(self, id: str) -> None:
        self.world.command(Cancel(id=id))

    @rule(command=st.sampled_from([Stop(), Clear(), Cancel(key="k")]))
    def command(self, command) -> None:
        self.world.command(command)

    @rule(seconds=st.sampled_from([0.02, 0.1, 0.25, 0.5]))
    def wait(self, seconds: float) -> None:
        self.world.run(seconds)

    @rule()
    def unplug(self) -> None:
        self.world.card.unplug()

    @rule()
    def replug(self) -> None:
        self.world.card.replug()

    @rule(retryable=st.booleans())
    def break_voice(self, retryable: bool) -> None:
        self.world.loader.failures[PROCESSOR] = SynthesisError("broken", retryable=retryable)

    @rule()
    def repair_voice(self) -> None:
        self.world.loader.failures.clear()

    @rule()
    def crash(self) -> None:
        self.world.reboot()

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self._settle_and_check()
        finally:
            self.world.crash()
            shutil.rmtree(self.folder)

    def _settle_and_check(self) -> None:
        world = self.world
        world.card.replug()
        world.run(1)
        world.run_until(lambda: not world.journal.pending() and not len(world.queue) and world.core.speaking is None)
        ends = Counter(event.id for event in world.events if event.terminal)
        assert ends == Counter(list(self.texts)), "exactly one end each"
        assert len(world.acked) >= len(self.texts)
        started = {event.id for event in world.events if event.kind == "started"}
        for name, text in self.texts.items():
            length_s = len(text) * SECONDS_PER_CHARACTER
            spans = world.spans(text)
            n_whole = sum(end - start > length_s - WHOLE for start, end in spans)
            assert n_whole <= 1, (name, spans)
            if world.end(name).kind == "played" and "recovered" not in world.end(name).detail:
                assert n_whole == 1 or any(end - start > length_s - 0.1 - WHOLE for start, end in spans), (name, spans)
            if name not in started:
                assert not spans, (name, spans)
        for event in world.events:
            if event.kind == "started":
                assert event.at <= self.expires[event.id] + 0.25, "spoken after its time"


def _rfc3339(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.timezone.utc).isoformat().replace("+00:00", "Z")


TestAnnouncements = Announcements.TestCase
TestAnnouncements.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
