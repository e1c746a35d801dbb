"""SIGKILL at random points of a stream of announcements: each gets exactly one end, and none is heard twice.

What was heard is counted in what ALSA wrote: every announcement is a recording in the phrase cache that sounds as a number.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import numpy as np

from edge_agent.clock import SystemClock
from edge_agent.journal import Journal
from edge_agent.phrases import PhraseCache
from edge_agent.speech import Engines, Speaker
from edge_agent.templates import Templates
from edge_agent.voices.store import open_catalog
from tests.doubles.fake_shelf import shelve
from tests.rigs.daemon import Daemon
from tests.rigs.nursery import Nursery
from tests.system import codes
from tests.system.requester import Requester

KILLS = 100
PER_LIFE = 4
PATIENCE_S = 5.0
RATE = 48_000
ALSA = """</usr/share/alsa/alsa.conf>
pcm.edge_capture {{ type file; slave.pcm "null"; file "{folder}/heard.raw"; format "raw"; truncate false }}
pcm.!default {{ type plug; slave {{ pcm "edge_capture"; rate {rate}; channels 2; format S16_LE }} }}
"""


def test_a_hundred_kills(mosquitto, peer, tmp_path: Path) -> None:
    total = KILLS * PER_LIFE
    device = make_device(tmp_path, mosquitto(), total)
    requester = Requester(peer(device.port))
    chance = random.Random(20240229)
    environ = {"ALSA_CONFIG_PATH": str(device.folder / "alsa.conf")}
    published = 0
    with Nursery(environ) as nursery:
        pid = nursery.fork(device.config, device.log_path)
        began = time.monotonic()
        requester.wait_for_device()
        life_s = 1.5 * (time.monotonic() - began)
        for _ in range(KILLS):
            n_events = len(requester.peer.received)
            for _ in range(PER_LIFE):
                requester.peer.publish_soon(device.say, announcement(published))
                published += 1
            if chance.random() < 0.5:
                # Anywhere, the start of the daemon included.
                time.sleep(max(0.0, began + chance.uniform(0, life_s) - time.monotonic()))
            else:
                # While it is at work, which it says by its events.
                n_events += chance.randint(2, 12)
                until = time.monotonic() + PATIENCE_S
                while len(requester.peer.received) < n_events and time.monotonic() < until:
                    time.sleep(0.001)
                time.sleep(chance.uniform(0, 0.02))
            nursery.kill(pid)
            began = time.monotonic()
            pid = nursery.fork(device.config, device.log_path)
        # What is told twice after a crash is the same event.
        ends = requester.wait_for_ends([f"n{number}" for number in range(total)])
        nursery.kill(pid)

    journal = Journal(device.folder / "state" / "journal.db", clock=SystemClock())
    assert journal.pending() == []
    assert journal.counts().finished == total
    journal.close()

    outcomes = Counter(end["event"] for end in ends)
    assert set(outcomes) <= {"played", "failed"}, outcomes
    heard = Counter(number for path in device.folder.glob("heard.raw*") for number in codes.decode(samples(path), RATE))
    assert [number for number, times in heard.items() if times > 1] == []
    # An end that was about to be played when the power went is not repeated; and ALSA's file plugin has a tenth of a second in
    # its own memory, which dies with the process. Neither can cost more than one announcement a kill.
    missing = [number for number, end in enumerate(ends) if end["event"] == "played" and heard[number] != 1]
    assert len(missing) <= KILLS
    assert len(heard) > total / 2
    n_started = Counter(event["id"] for event in requester.events() if event["event"] == "started")
    struck = [each for each, times in n_started.items() if times > 1] + [end["id"] for end in ends if end.get("recovered")]
    assert len(struck) >= KILLS / 50, f"too few kills struck announcements that were being spoken: {struck}"


class Device(Daemon):
    port: int
    say: str


def make_device(folder: Path, broker, total: int) -> Device:
    """A device whose voice cannot be loaded and whose phrase cache holds ``total`` numbers."""
    settings = {"voice": {"id": "numbers"}, "audio": {"lead_in_ms": 0}, "announcement": {"max_waiting": 10_000}}
    device = Device(folder / "device", broker.port, settings)
    device.port, device.say = broker.port, "voice/store-12/kiosk-1/say"
    device.manager.close()
    (device.folder / "alsa.conf").write_text(ALSA.format(folder=device.folder, rate=RATE))
    shelve(device.folder / "state", "numbers", shape={"sample_rate": codes.RATE})
    cache = PhraseCache(device.folder / "cache" / "phrases", floor_bytes=0)
    voice = open_catalog(device.folder / "state").get("numbers")
    speaker = Speaker(Engines("cpu", 1), cache, Templates.parse(()), -16.0)
    for number in range(total):
        (segment,) = speaker.script(words(number), "auto").speech
        pcm = codes.encode(number)
        cache.put(speaker.key(segment, voice), pcm, text=segment.text, lang=segment.lang, voice_id=voice.id, sample_rate=codes.RATE)
    cache.close()
    return device


def announcement(number: int) -> dict:
    return {"id": f"n{number}", "text": words(number), "ttl_s": 3600, "voice": "numbers"}


def words(number: int) -> str:
    return "".join("零一二三四五六七八九"[int(digit)] for digit in f"{number:04}") + "号"


def samples(path: Path) -> codes.PCM:
    raw = path.read_bytes()
    return np.frombuffer(raw[: len(raw) // 4 * 4], "<i2")[::2].astype(np.float32) / 32767
