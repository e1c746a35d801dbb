"""The daemon's way from voice to voice, with a real store and an engine that hums."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from edge_agent.core.commands import Settings
from edge_agent.events import Event
from edge_agent.phrases import PhraseCache
from edge_agent.service.health import Health
from edge_agent.service.heartbeat import Heartbeat
from edge_agent.speech import Engines, Speaker
from edge_agent.synthesis import SynthesisError
from edge_agent.templates import Templates
from edge_agent.voice_switch import Parts, VoiceSwitch
from edge_agent.voices import Catalog
from edge_agent.voices.store import StoreShelf
from edge_agent.worker import SynthesisWorker
from tests.doubles.fake_engine import FakeLoader, write_voice
from tests.rigs.depot import NOW, Depot
from tests.rigs.mqtt_peer import eventually
from tests.voices.store.conftest import clock, depot, make_store, nobody_waits_for_the_disk, store  # noqa: F401 (fixtures)


class Device:
    """The parts of a daemon that a change of voice concerns; its event loop runs while :meth:`until` waits."""

    def __init__(self, folder: Path, store, clock, depot: Depot) -> None:  # noqa: F811
        self.store, self.clock, self.depot = store, clock, depot
        self.loop = asyncio.new_event_loop()
        self.loader, self.broken, self.events, self.ready = FakeLoader(), set(), [], []
        self.catalog = Catalog(folder, write_voice(folder / "built-in", "default"), StoreShelf(store.layout.root), clock)
        self.engines = Engines("cpu", 1, load=self.loader, opened=self.opened)
        self.cache = PhraseCache(folder / "phrases", floor_bytes=0)
        speaker = Speaker(self.engines, self.cache, Templates.parse(()), -16.0)
        self.worker = SynthesisWorker(speaker, Heartbeat("synthesis", 30.0))
        self.health = Health()
        self.settings = Settings(folder / "settings.json", volume=1.0, voice=None)
        parts = Parts(
            store, self.catalog, self.engines, self.worker, self.settings, self.cache, self.health, self.events.append, self.ready.append,
            lambda: depot.trust,
        )  # fmt: skip
        self.switch = VoiceSwitch(parts, self.loop)

    def opened(self, voice):
        if (voice.id, voice.seq) in self.broken:
            raise SynthesisError(f"{voice.id} {voice.seq} is broken")
        return nullcontext(Path(voice.folder)) if voice.seq is None else self.store.opened(voice.id, voice.seq)

    def until(self, condition) -> None:
        def met() -> bool:
            self.switch.check()
            self.loop.run_until_complete(asyncio.sleep(0.001))
            while self.worker.step():
                pass
            return condition()

        eventually(met)

    def speaking(self) -> str:
        return self.catalog.speaking(self.settings.voice).id

    def changes(self) -> list[tuple[str, str, int]]:
        return [(event.detail["change"], event.detail["voice"], event.detail["seq"]) for event in self.events]

    def install(self, seq: int, **more: object) -> None:
        self.store.install(self.depot.pack(seq, self.depot.voice(content=b"%d" % seq), **more), by="test")

    def close(self) -> None:
        self.cache.close()
        self.loop.close()


@pytest.fixture
def device(tmp_path, store, clock, depot) -> Iterator[Device]:  # noqa: F811
    device = Device(tmp_path, store, clock, depot)
    device.until(lambda: device.ready)
    assert device.speaking() == "default"
    yield device
    device.until(lambda: not device.switch._busy)
    device.close()


def test_an_installed_voice_takes_over_once_it_is_loaded(device: Device) -> None:
    device.install(7)
    assert device.speaking() == "default"
    device.until(lambda: device.changes() == [("installed", "anna", 7)])
    assert device.speaking() == "anna"
    assert [voice.id for voice in device.ready] == ["default", "anna"]
    assert device.health.state() == ("online", [])
    assert isinstance(device.events[0], Event) and device.events[0].detail["speaking"] == "anna"


def test_a_version_that_cannot_be_loaded_is_rolled_back(device: Device) -> None:
    device.install(7)
    device.broken.add(("anna", 8))
    device.install(8)
    device.until(lambda: ("rolled_back", "anna", 7) in device.changes())
    assert (device.speaking(), device.store.state().entry("anna").active) == ("anna", 7)
    assert "anna 8 is broken" in device.events[-1].detail["reason"]
    assert device.health.state()[0] == "online"


def test_without_a_version_before_the_voice_that_ships_speaks_instead(device: Device) -> None:
    device.broken.add(("anna", 7))
    device.install(7)
    device.until(lambda: device.health.state()[0] == "degraded" and device.changes())
    assert device.speaking() == "default"
    (why,) = device.health.state()[1]
    assert why.startswith("voice: ") and "anna 7 is broken" in why and why.endswith("voice default speaks instead")
    device.install(8)
    device.until(lambda: device.speaking() == "anna")
    assert device.health.state() == ("online", [])


def test_a_voice_whose_consent_ends_is_replaced_and_said(device: Device) -> None:
    device.install(7, consent_until=NOW + timedelta(hours=1))
    device.until(lambda: device.speaking() == "anna")
    device.clock.at += 3601
    assert device.speaking() == "default", "from the very second on"
    device.until(lambda: ("expired", "anna", 7) in device.changes())
    assert "expired; install a newer pack; voice default speaks instead" in device.health.state()[1][0]
    assert device.store.voices(), "it is kept: a newer consent may come"


def test_a_voice_is_chosen_by_command_and_after_a_restart(device: Device) -> None:
    device.install(7)
    device.until(lambda: device.speaking() == "anna")
    device.switch.choose("default", "mqtt:x")
    device.until(lambda: device.speaking() == "default" and not device.switch._busy)
    assert device.store.state().chosen == "default"
    device.store.activate("anna", by="cli")
    device.until(lambda: device.speaking() == "anna")


def test_what_was_recorded_after_a_deletion_goes_too(device: Device) -> None:
    device.install(7)
    device.until(lambda: device.speaking() == "anna")
    device.store.delete("anna", by="test")
    device.cache.put("a" * 64, np.zeros(2400, np.float32), text="late", lang="en", voice_id="anna", sample_rate=24_000)
    device.until(lambda: ("deleted", "anna", 7) in device.changes() and not device.cache.entries())
    assert device.speaking() == "default"
    assert device.settings.voice is None


def test_a_store_that_breaks_costs_nothing_but_its_voices(device: Device) -> None:
    device.install(7)
    device.until(lambda: device.speaking() == "anna")
    kept = device.store.layout.state.read_bytes()
    device.store.layout.state.write_bytes(b"rubbish")
    device.until(lambda: any(why.startswith("voices: ") for why in device.health.state()[1]))
    assert device.speaking() == "default"
    device.store.layout.state.write_bytes(kept)
    device.until(lambda: device.speaking() == "anna")
