"""The daemon's way from voice to voice, with a real store and an engine that hums."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from edge_agent.core.settings import Settings
from edge_agent.events import Event
from edge_agent.heartbeat import Heartbeat
from edge_agent.phrases import PhraseCache
from edge_agent.playback import chimes
from edge_agent.prewarm import Prewarm
from edge_agent.service.health import Health
from edge_agent.speech import Engines, Repertoires, Speaker
from edge_agent.speech.script import Sound
from edge_agent.synthesis import SynthesisError
from edge_agent.templates import Templates
from edge_agent.text import Chime
from edge_agent.voice_switch import Parts, VoiceSwitch
from edge_agent.voices import Catalog, UnknownVoice
from edge_agent.voices.keys import SecretKey, Signer, TrustFile
from edge_agent.voices.pack import Extras
from edge_agent.voices.store import AlreadyInstalled, StoreShelf
from edge_agent.worker import SynthesisWorker
from tests.doubles.fake_engine import FakeLoader, write_voice
from tests.rigs.depot import NOW, Depot
from tests.rigs.mqtt_peer import eventually
from tests.voices.pack.maker import wav
from tests.voices.store.conftest import clock, depot, make_store, nobody_waits_for_the_disk, store  # noqa: F401 (fixtures)


class Device:
    """The parts of a daemon that a change of voice concerns; its event loop runs while :meth:`until` waits."""

    def __init__(self, folder: Path, store, clock, depot: Depot) -> None:  # noqa: F811
        self.store, self.clock, self.depot = store, clock, depot
        self.loop = asyncio.new_event_loop()
        self.loader, self.broken, self.events, self.ready = FakeLoader(), set(), [], []
        self.file = folder / "phrases.txt"
        self.file.write_text("# of the device\n\n前方到站\n")
        self.trust = TrustFile(folder / "keys")
        for signer in depot.trust.signers:
            self.trust.trust(signer)
        store.gate = replace(store.gate, trust=self.trust.read)
        shelf = StoreShelf(store.layout.root, store.distrust)
        self.catalog = Catalog(folder, write_voice(folder / "built-in", "default"), shelf, clock)
        self.engines = Engines("cpu", 1, lambda _voice, _engine, why: self.health.note("engine", why), self.loader, self.opened)
        self.cache = PhraseCache(folder / "phrases", floor_bytes=0)
        self.speaker = Speaker(self.engines, self.cache, Templates.parse(("请{who:name}取票",)), -16.0, self.extras)
        self.worker = SynthesisWorker(self.speaker, Heartbeat("synthesis", 30.0))
        self.health = Health()
        prewarm = Prewarm(self.worker, self.speaker.repertoires, self.health, self.file)
        self.settings = Settings(folder / "settings.json", volume=1.0, voice=None)
        parts = Parts(
            store, self.catalog, self.speaker, self.worker, prewarm, self.settings, self.cache, self.health, self.events.append,
            lambda: self.ready.append(None), self.trust,
        )  # fmt: skip
        self.switch = VoiceSwitch(parts, self.loop)

    def opened(self, voice):
        if (voice.id, voice.seq) in self.broken:
            raise SynthesisError(f"{voice.id} {voice.seq} is broken")
        return nullcontext(Path(voice.folder)) if voice.seq is None else self.store.opened(voice.id, voice.seq)

    def extras(self, voice) -> Extras:
        return self.store.extras(voice.id, voice.seq)

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

    def install(self, seq: int, *, chimes: dict[str, bytes] | None = None, **more: object) -> None:
        voice = self.depot.voice(content=b"%d" % seq)
        for name, content in (chimes or {}).items():
            (voice / f"{name}.wav").write_bytes(content)
        more["chimes"] = {name: f"{name}.wav" for name in chimes or {}}
        self.store.install(self.depot.pack(seq, voice, **more), by="test")

    def recorded(self, voice_id: str) -> dict[str, bool]:
        """Texts in the phrase cache, and whether they are pinned."""
        return {entry.text: entry.pinned for entry in self.cache.entries() if entry.voice_id == voice_id}

    def chimes(self, voice_id: str | None = None) -> set[str]:
        """Those there are besides the device's own."""
        return set(self.speaker.repertoires.of(self.catalog.get(voice_id)).chimes) - set(chimes.names())

    def said(self, text: str, voice_id: str | None = None) -> list[str]:
        return [item.text for item in self.speaker.script(text, "auto", self.catalog.get(voice_id)).speech]

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


def test_what_changes_while_the_first_voice_is_loaded_is_told_and_what_was_before_is_not(
    tmp_path: Path, store, clock, depot: Depot  # noqa: F811
) -> None:
    store.install(depot.pack(6), by="test")
    device = Device(tmp_path, store, clock, depot)
    device.install(7)
    device.until(lambda: device.changes() == [("installed", "anna", 7)] and not device.switch._busy)
    device.close()


def test_a_thread_that_cannot_be_had_is_asked_for_again(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    device.until(lambda: not device.switch._busy)
    device.install(7)
    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr(threading.Thread, "start", lambda _thread: _refuse())
        device.switch.choose("anna", "till")
    device.until(lambda: device.speaking() == "anna")


def _refuse() -> None:
    raise RuntimeError("can't start new thread")


def test_an_installed_voice_takes_over_once_it_is_loaded(device: Device) -> None:
    device.install(7)
    assert device.speaking() == "default"
    device.until(lambda: device.changes() == [("installed", "anna", 7)])
    assert device.speaking() == "anna"
    assert len(device.ready) == 2, "one voice after the other"
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
    device.until(lambda: not device.switch._busy)
    (why,) = device.health.state()[1]
    assert why.startswith("voice: ") and "anna 7 is broken" in why and why.endswith("voice default speaks instead")
    device.install(8)
    device.until(lambda: device.speaking() == "anna")
    assert device.health.state() == ("online", [])


def test_a_voice_that_failed_is_tried_again_when_its_pack_is_brought_again(device: Device) -> None:
    device.broken.add(("anna", 7))
    pack = device.depot.pack(7)
    device.store.install(pack, by="test")
    device.until(lambda: device.health.state()[0] == "degraded" and not device.switch._busy)
    device.broken.clear()  # as when the memory it needed is free again: its files were whole all the time
    for _ in range(5):
        device.until(lambda: not device.switch._busy)
        assert device.speaking() == "default", "not by itself: what fails may take long to"
    with pytest.raises(AlreadyInstalled):
        device.store.install(pack, by="test")
    device.until(lambda: device.speaking() == "anna")
    assert device.health.state() == ("online", [])


@pytest.mark.parametrize("remedy", ["repair", "activate", "command"])
def test_a_voice_that_failed_is_tried_again_when_somebody_did_something_for_it(device: Device, remedy: str) -> None:
    device.broken.add(("anna", 7))
    pack = device.depot.pack(7)
    device.store.install(pack, by="test")
    device.until(lambda: device.health.state()[0] == "degraded" and not device.switch._busy)
    device.broken.clear()
    if remedy == "repair":
        next(device.store.layout.version("anna", 7).rglob("weights.bin.age")).write_bytes(b"rubbish")
        device.store.install(pack, by="test")
    elif remedy == "activate":
        device.store.activate("anna", by="test")
    else:
        device.switch.choose("anna", "test")
    device.until(lambda: device.speaking() == "anna")


def test_requests_have_the_other_voice_while_one_that_failed_is_tried_again(device: Device) -> None:
    device.broken.add(("anna", 7))
    device.install(7)
    device.until(lambda: device.health.state()[0] == "degraded" and not device.switch._busy)
    spoken, opened = [], device.opened
    device.engines._make._opened = lambda voice: spoken.append(device.speaking()) or opened(voice)
    device.store.choose("anna", by="test")
    device.store.book.nudge()
    device.until(lambda: spoken and not device.switch._busy)
    assert set(spoken) == {"default"}


def test_a_voice_whose_signer_is_revoked_falls_silent_and_is_said(device: Device) -> None:
    device.install(7)
    device.until(lambda: device.speaking() == "anna")
    device.trust.revoke("depot", "stolen in May")
    device.until(lambda: device.changes()[-1:] == [("revoked", "anna", 7)])
    assert (device.speaking(), device.settings.voice) == ("default", "anna")
    with pytest.raises(UnknownVoice, match=r"may not speak any more: .* which was revoked: stolen in May"):
        device.catalog.get("anna")
    assert "stolen in May; voice default speaks instead" in device.health.state()[1][0]
    assert (device.events[-1].detail["speaking"], "stolen in May" in device.events[-1].detail["reason"]) == ("default", True)
    device.trust.revoke(SecretKey.generate().public_key.text, "never seen here")
    device.until(lambda: not device.switch._busy)
    assert device.changes().count(("revoked", "anna", 7)) == 1, "told once"


def test_what_is_being_spoken_by_a_revoked_voice_ends_with_it(device: Device) -> None:
    device.install(7)
    device.until(lambda: device.speaking() == "anna")
    voice = device.catalog.get("anna")
    text = '<speak>一<break time="100ms"/>二<break time="100ms"/>三</speak>'
    pieces = device.speaker.pieces(device.speaker.script(text, "zh"), voice)
    spoken: list[object] = []

    def sentence() -> None:
        """In the synthesis thread, as a job is: what the switch has to do there waits."""
        device.trust.revoke("depot", "stolen")
        device.switch.check()
        eventually(lambda: device.loop.run_until_complete(asyncio.sleep(0.001)) or device.speaking() == "default")
        spoken.extend(pieces)

    device.worker.when_idle(sentence)
    device.until(lambda: spoken)
    assert {piece.segment for piece in spoken} == {0, 1, 2, 3, 4}
    device.until(lambda: device.engines._loaded.find(voice.digest) is None)


def test_a_version_whose_signer_is_revoked_gives_way_to_one_by_another(device: Device) -> None:
    device.install(7)
    device.until(lambda: device.speaking() == "anna")
    thief = SecretKey.generate()
    device.trust.trust(Signer("thief", thief.public_key))
    honest, device.depot.key = device.depot.key, thief
    device.install(8)
    device.until(lambda: device.catalog.get("anna").seq == 8)
    device.depot.key = honest
    device.trust.revoke("thief", "stolen")
    device.until(lambda: device.changes()[-1:] == [("rolled_back", "anna", 7)])
    assert (device.speaking(), device.catalog.get("anna").seq, device.health.state()[0]) == ("anna", 7, "online")
    assert "stolen" in device.events[-1].detail["reason"]


def test_a_trust_file_that_cannot_be_read_silences_nobody_and_is_said(device: Device) -> None:
    device.install(7)
    device.until(lambda: device.speaking() == "anna")
    kept = device.trust.path.read_bytes()
    device.trust.path.write_bytes(b"rubbish")
    device.until(lambda: device.health.state()[0] == "degraded" and not device.switch._busy)
    assert "trust.json is garbled" in device.health.state()[1][0]
    assert device.speaking() == "anna"
    device.trust.path.write_bytes(kept)
    device.until(lambda: device.health.state() == ("online", []))


def test_a_voice_whose_consent_ends_is_replaced_and_said(device: Device) -> None:
    device.install(7, consent_until=NOW + timedelta(hours=1))
    device.until(lambda: device.speaking() == "anna")
    device.clock.time += 3601
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
    device.until(lambda: ("deleted", "anna", 7) in device.changes() and not device.recorded("anna"))
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


TICKET = "请A12号到3号窗口"


def test_what_a_pack_brings_comes_and_goes_with_its_voice(device: Device) -> None:
    whole = device.said(TICKET)
    assert len(whole) == 1
    device.install(7, phrases=["请取票"], templates=["请{ticket:code}号到{window:number}号窗口"], chimes={"gate": wav()})
    device.until(lambda: device.recorded("anna") == dict.fromkeys(("请取票", "前方到站", "请", "号到", "号窗口"), True))
    assert (device.chimes(), device.chimes("default")) == ({"gate"}, set())
    assert (device.said(TICKET), device.said(TICKET, "default")) == (["请", "A十二", "号到", "三", "号窗口"], whole)

    device.install(8, phrases=["请付款"], chimes={"door": wav()})
    # What only the version before says is pinned no longer; a file's phrase is, in either version's recording.
    device.until(lambda: device.recorded("anna").get("请付款") and not device.recorded("anna")["请取票"])
    pinned = [entry.text for entry in device.cache.entries() if entry.voice_id == "anna" and entry.pinned]
    assert sorted(pinned) == ["前方到站", "请付款"]
    assert (device.chimes(), device.said(TICKET)) == ({"door"}, whole)

    device.store.roll_back("anna", by="test")
    device.until(lambda: device.recorded("anna")["请取票"] and not device.recorded("anna")["请付款"])
    assert (device.chimes(), len(device.said(TICKET))) == ({"gate"}, 5)

    device.switch.choose("default", "test")
    device.until(lambda: device.speaking() == "default" and not device.switch._busy)
    assert (device.chimes(), device.chimes("anna")) == (set(), {"gate"}), "of the voice that speaks"


def test_nothing_of_a_deleted_pack_stays_in_cache_or_memory(device: Device) -> None:
    device.install(7, phrases=["请取票"], templates=["请{ticket:code}号"], chimes={"gate": wav()})
    device.until(lambda: device.recorded("anna").get("请取票") is True)
    voice = device.catalog.get("anna")
    repertoire = weakref.ref(device.speaker.repertoires.of(voice))
    script = device.speaker.script("请取票", "auto", voice, chime="gate")
    device.store.delete("anna", by="test")
    device.until(lambda: ("deleted", "anna", 7) in device.changes() and repertoire() is None)
    assert device.recorded("anna") == {}
    assert script.items[0].name == "gate", "what was begun is ended with its chime"
    assert device.speaker.repertoires.of(voice).chimes == tuple(chimes.names())


def test_the_device_goes_before_the_pack(device: Device) -> None:
    device.install(7, templates=["{all}取票"], chimes={"alarm": wav(), "gate": wav()})
    device.until(lambda: device.speaking() == "anna")
    assert device.said("请张三取票") == ["请", "张三", "取票"], "by the template of the device"
    assert device.said("请A12取票") == ["请A十二", "取票"], "by the pack's, as the device's takes names only"
    kinds = [type(device.speaker.script("请取票", "auto", device.catalog.get("anna"), chime=name).items[0]) for name in ("alarm", "gate")]
    assert kinds == [Chime, Sound]


def test_extras_that_cannot_be_read_are_tried_again_and_cost_nothing_else(device: Device) -> None:
    device.install(7, chimes={"gate": wav()})
    device.until(lambda: device.speaking() == "anna")
    victim = next(device.store.layout.version("anna", 7).rglob("gate.wav.age"))
    kept = victim.read_bytes()
    victim.write_bytes(b"rubbish")
    fresh, voice = Repertoires(Templates.parse(()), device.extras), device.catalog.get("anna")
    fresh.prepare([voice])
    assert fresh.of(voice).chimes == tuple(chimes.names())
    victim.write_bytes(kept)
    fresh.prepare([voice])
    assert "gate" in fresh.of(voice).chimes
