"""A device whose voices change while it speaks."""

from __future__ import annotations

import json
import shutil
import wave
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
import soxr

from edge_agent.phrases import PhraseCache
from edge_agent.voices.catalog import BUILT_IN
from edge_agent.voices.fleet import DeletionOrder, wrap
from edge_agent.voices.fleet.statement import to_bytes
from edge_agent.voices.keys import Signer, TrustFile, make_device_keys
from tests.rigs.alsa import NullSink
from tests.rigs.daemon import BASE, Daemon
from tests.rigs.depot import Depot
from tests.rigs.mqtt_peer import eventually
from tests.system.requester import Requester
from tests.system.sound import PCM, RATE, find

LONG = "前方道路施工，请减速慢行。" * 4
SHORT = "请取票。"
LATER = (datetime.now(timezone.utc) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Scene:
    """A daemon with device keys, a depot it trusts, and a listener."""

    def __init__(self, daemon: Daemon, requester: Requester, folder: Path) -> None:
        self.daemon, self.requester = daemon, requester
        self.state = daemon.folder / "state"
        keys = make_device_keys(self.state / "keys")
        folder.mkdir()
        self.depot = Depot(folder, device=keys.identities[0])
        TrustFile(self.state / "keys").trust(Signer("depot", self.depot.key.public_key))
        daemon.start()
        requester.wait_for_device()

    def voice(self, name: str) -> Path:
        """The voice that ships, under another name."""
        folder = self.depot.folder / name
        folder.mkdir()
        for source in BUILT_IN.iterdir():
            if ".cpu." in source.name or source.suffix != ".onnx":
                shutil.copy(source, folder)
        card = json.loads((folder / "voice.json").read_text())
        card |= {"voice_id": name, "graphs": {"cpu": card["graphs"]["cpu"]}}
        card["sha256"] = {file: digest for file, digest in card["sha256"].items() if (folder / file).exists()}
        (folder / "voice.json").write_text(json.dumps(card))
        return folder

    def pack(self, seq: int, voice: Path, **more: object) -> Path:
        moment = datetime.now(timezone.utc).replace(microsecond=0)
        times = {"valid_from": moment - timedelta(hours=2), "now": moment - timedelta(hours=1), "consent_until": moment + timedelta(days=9)}
        return self.depot.pack(seq, voice, **{**times, **more})

    def told(self, change: str, n: int = 1) -> dict:
        """The event that says so."""
        found: list[dict] = []

        def come() -> bool:
            found[:] = [each for each in self.requester.events() if each["event"] == "voice" and each["change"] == change]
            return len(found) >= n

        eventually(come, f"voice event {change}: {self.daemon.log()[-3000:]}")
        return found[n - 1]

    def ends_with_its_voice(self, id: str, voice: str) -> None:
        """An announcement is played to its end by the voice it began with; one that a stalled device interrupted begins anew."""
        end, kinds = self.requester.end(id), self.requester.kinds(id)
        assert end["event"] == "played"
        assert end["voice"] == voice or "interrupted" in kinds, kinds

    def texts_cached_of(self, voice: str) -> int:
        cache = PhraseCache(self.daemon.folder / "cache" / "phrases", floor_bytes=0)
        try:
            return sum(entry.voice_id == voice for entry in cache.entries())
        finally:
            cache.close()


@pytest.fixture
def scene(daemon: Callable[..., Daemon], peer, mosquitto, null_sink: NullSink, tmp_path: Path) -> Scene:
    port = mosquitto().port
    device = daemon(port, {"audio": {"device": null_sink.device}, "voice": {"fleet": True}}, start=False)
    return Scene(device, Requester(peer(port)), tmp_path / "depot")


def test_a_voice_is_installed_rolled_back_and_deleted_while_the_daemon_speaks(scene: Scene) -> None:
    requester, voice = scene.requester, scene.voice("anna")
    packs = [scene.pack(seq, voice) for seq in (7, 8)]
    requester.say({"id": "a", "text": LONG})
    eventually(lambda: "started" in requester.kinds("a"))
    assert scene.daemon.cli("voice", "install", str(packs[0])).returncode == 0
    assert scene.told("installed") | {"voice": "anna", "seq": 7, "by": "cli", "speaking": "anna"} == scene.told("installed")
    assert requester.spoken("b", SHORT)["voice"] == "anna"
    scene.ends_with_its_voice("a", "default")
    assert requester.spoken("c", SHORT, voice="default")["voice"] == "default"

    # A version whose files are damaged once they are installed is given up for the one before.
    scene.daemon.stop()
    assert scene.daemon.cli("voice", "install", str(packs[1])).returncode == 0
    victim = scene.state / "voices" / "anna" / "8" / "files" / "weights.bin.age"
    victim.write_bytes(victim.read_bytes()[:-9])
    scene.daemon.start()
    eventually(lambda: json.loads((scene.state / "voices" / ".store" / "active.json").read_text())["voices"]["anna"]["active"] == 7)
    requester.wait_for_device()
    assert requester.spoken("d", SHORT)["voice"] == "anna"

    # Deleted over MQTT, for the signature alone.
    requester.say({"id": "e", "text": LONG})
    eventually(lambda: "started" in requester.kinds("e"))
    answers = requester.peer.subscribe("voice/store-12/reply/test")
    order = to_bytes(DeletionOrder("anna", 8, ("kiosk-1",), LATER))
    stranger = Depot(scene.depot.folder).key
    for number, key in enumerate((stranger, scene.depot.key), 1):
        signed = wrap(order, key.sign(order, "delete voice=anna"))
        request = {"cmd": "delete_voice", "reply_to": "voice/store-12/reply/test", **signed}
        answers.publish(f"{BASE}/cmd", json.dumps(request))
        eventually(lambda n=number: len(answers.on("voice/store-12/reply/test")) == n, f"answer {number}")
    refused, done = answers.on("voice/store-12/reply/test")
    assert (refused["ok"], "not trusted" in refused["reason"]) == (False, True)
    assert done["ok"]
    assert json.loads(done["receipt"])["erased"]["phrases"] >= 1
    assert scene.told("refused")["by"] == f"mqtt:{BASE}/cmd"
    scene.told("deleted")
    scene.ends_with_its_voice("e", "anna")
    assert requester.spoken("f", SHORT)["voice"] == "default"
    assert requester.spoken("g", SHORT, voice="anna")["event"] == "rejected"
    eventually(lambda: scene.texts_cached_of("anna") == 0, "its recordings' deletion")
    assert not (scene.state / "voices" / "anna").exists()
    assert "anna" not in (scene.state / "voices.json").read_text()
    # A newer one, with a newer consent, may come again: to all devices at once.
    (scene.depot.folder / "station.key").write_bytes(scene.depot.key.to_bytes())
    arguments = ("--voice", "anna", "--seq", "9", "--station", str(scene.depot.folder / "station.key"), "--chunk-kib", "1024")
    assert scene.daemon.cli("voice", "announce", str(scene.pack(9, voice)), *arguments).returncode == 0
    assert scene.told("installed", 2) | {"seq": 9, "by": "fleet"} == scene.told("installed", 2)
    assert requester.spoken("h", SHORT)["voice"] == "anna"
    assert [end["event"] for each in "abcdef" for end in [requester.end(each)]] == ["played"] * 6


def test_a_voice_whose_signer_is_revoked_falls_silent_after_its_sentence(scene: Scene) -> None:
    requester = scene.requester
    assert scene.daemon.cli("voice", "install", str(scene.pack(7, scene.voice("anna")))).returncode == 0
    scene.told("installed")
    requester.say({"id": "a", "text": LONG})
    eventually(lambda: "started" in requester.kinds("a"))
    assert scene.daemon.cli("keys", "revoke", "depot", "--reason", "stolen").returncode == 0
    told = scene.told("revoked")
    assert (told["voice"], told["seq"], told["by"], told["speaking"]) == ("anna", 7, "daemon", "default")
    assert "which was revoked: stolen" in told["reason"]
    scene.ends_with_its_voice("a", "anna")
    assert requester.spoken("b", SHORT)["voice"] == "default"
    refused = requester.spoken("c", SHORT, voice="anna")
    assert (refused["event"], refused["field"]) == ("rejected", "voice")


TICKET = "请A12号到3号窗口"


def test_what_a_pack_brings_is_ready_heard_and_gone_with_its_voice(scene: Scene, null_sink: NullSink) -> None:
    requester, voice, gong = scene.requester, scene.voice("anna"), rising(0.5, 44_100)
    write_wav(voice / "gong.wav", gong, 44_100)
    more = {"phrases": [SHORT], "templates": ["请{ticket:code}号到{window:number}号窗口"], "chimes": {"gong": "gong.wav"}}
    refused = requester.spoken("a", SHORT, chime="gong")
    assert (refused["event"], refused["field"]) == ("rejected", "chime")
    assert scene.daemon.cli("voice", "install", str(scene.pack(7, voice, **more))).returncode == 0
    scene.told("installed")
    eventually(lambda: scene.texts_cached_of("anna") >= 4, "the phrase and the fixed parts of the template")

    null_sink.renew()
    rung = requester.spoken("b", SHORT, chime="gong")
    assert (rung["event"], rung["voice"], rung["cache_hit"]) == ("played", "anna", True)
    eventually(lambda: find(soxr.resample(gong, 44_100, RATE), null_sink.captured())[1] > 0.9, "the pack's chime")
    called = requester.spoken("c", TICKET)
    assert (called["event"], called["segments_cached"], called["segments_made"]) == ("played", 3, 2)
    assert requester.spoken("d", SHORT, chime="gong", voice="default")["field"] == "chime", "only with the voice it came with"

    # At the start of a daemon, before its voice is loaded, they are there too.
    scene.daemon.stop()
    scene.daemon.start()
    requester.wait_for_device()
    assert requester.spoken("e", SHORT, chime="gong")["event"] == "played"
    assert scene.daemon.cli("voice", "delete", "anna", "--yes").returncode == 0
    scene.told("deleted")
    assert requester.spoken("f", SHORT, chime="gong")["event"] == "rejected"
    whole = requester.spoken("g", TICKET)
    assert (whole["voice"], whole["segments_cached"] + whole["segments_made"]) == ("default", 1)
    eventually(lambda: scene.texts_cached_of("anna") == 0, "its recordings' deletion")


def rising(seconds: float, rate: int) -> PCM:
    """A tone from 300 to 3000 Hz, of which no part sounds like another."""
    t = np.arange(round(seconds * rate)) / rate
    return (0.2 * np.sin(2 * np.pi * (300 * t + 2700 / (2 * seconds) * t * t))).astype(np.float32)


def write_wav(path: Path, pcm: PCM, rate: int) -> None:
    """In stereo, as sound editors do."""
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, rate, 0, "NONE", ""))
        file.writeframes(np.repeat(np.round(32767 * pcm).astype("<i2"), 2).tobytes())
