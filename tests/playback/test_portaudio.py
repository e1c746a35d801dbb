"""The real sink, on an ALSA device that writes down every frame it is given."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sounddevice

from edge_agent.playback import PortAudioMissing, PortAudioSink, SinkLost, Utterance, output_devices, outputs
from edge_agent.playback.deck import Deck
from edge_agent.playback.events import Drained, NearEnd, PlayerEvent
from tests.doubles.fake_sink import ScriptedClock
from tests.rigs.alsa import RATE, FilePcm

NOISE = np.random.default_rng(3).uniform(-0.9, 0.9, 40001).astype(np.float32)


@pytest.mark.parametrize("device", [FilePcm.device, "TEST_FILE", None])
def test_every_frame_arrives(alsa_file_pcm: FilePcm, device: str | None) -> None:
    sink = PortAudioSink(device)
    sink.open()
    for start in range(0, len(NOISE), 960):
        sink.write(NOISE[start : start + 960])
    sink.drain()
    sink.close()
    captured = alsa_file_pcm.captured()
    assert np.abs(captured[: len(NOISE)] - NOISE).max() <= 1 / 65534 + 1e-6
    assert not captured[len(NOISE) :].any()


def test_what_exceeds_full_scale_does_not_wrap(alsa_file_pcm: FilePcm) -> None:
    sink = PortAudioSink(alsa_file_pcm.device)
    sink.open()
    sink.write(np.array([2.0, -2.0, 1.0, -1.0], dtype=np.float32))
    sink.drain()
    sink.close()
    assert alsa_file_pcm.captured()[:4].tolist() == [1.0, -1.0, 1.0, -1.0]


@pytest.mark.parametrize("source_rate", [16000, 22050, 24000, 48000])
def test_an_utterance_is_whole_to_its_last_sample(alsa_file_pcm: FilePcm, source_rate: int) -> None:
    """The defect this guards against: ALSA's own rate converter loses the last 5 to 15 ms of each phrase."""
    t = np.arange(round(1.3 * source_rate)) / source_rate
    speech = (0.6 * np.sin(2 * np.pi * (200 + 900 * t) * t)).astype(np.float32)
    events: list[PlayerEvent] = []

    def on_event(event: PlayerEvent) -> None:
        events.append(event)
        if isinstance(event, NearEnd):
            event.acknowledge()

    clock = ScriptedClock()
    deck = Deck(
        lambda: PortAudioSink(alsa_file_pcm.device),
        on_event,
        clock,
        wake=lambda: None,
        lead_in_s=0.15,
        idle_close_s=5.0,
        fade_s=0.008,
    )
    utterance = Utterance("a", source_rate)
    utterance.put(speech, segment=0)
    utterance.finish()
    deck.play(utterance)
    while not any(isinstance(event, Drained) for event in events):
        clock.advance(deck.step() or 0.0)
    deck.close()
    captured = alsa_file_pcm.captured()
    sounding = captured[round(0.15 * RATE) :]
    t = np.arange(round(1.3 * RATE)) / RATE
    expected = 0.6 * np.sin(2 * np.pi * (200 + 900 * t) * t)
    assert np.abs(sounding[200 : len(t) - 200] - expected[200:-200]).max() < 1e-3
    assert np.corrcoef(sounding[len(t) - 480 : len(t)], expected[-480:])[0, 1] > 0.98, "the last 10 ms"
    assert np.abs(sounding[len(t) + 50 :]).max() < 1e-3
    assert len(sounding) - len(t) >= 0.02 * RATE, "some silence behind it"


def test_unknown_device_is_named_with_those_that_exist(alsa_file_pcm: FilePcm) -> None:
    with pytest.raises(SinkLost, match=rf"'no such card' not found; present: .*{alsa_file_pcm.device}"):
        PortAudioSink("no such card").open()
    assert alsa_file_pcm.device in output_devices()


def test_ambiguous_name_is_refused(alsa_file_pcm: FilePcm) -> None:
    with alsa_file_pcm.config.open("a") as config:
        config.write('pcm.edge_twin_a { type plug; slave.pcm "null" }\npcm.edge_twin_b { type plug; slave.pcm "null" }\n')
    with pytest.raises(SinkLost, match="'edge_twin' is ambiguous: 'edge_twin_a', 'edge_twin_b'"):
        PortAudioSink("edge_twin").open()


@pytest.mark.parametrize(
    ("name", "index"),
    [("hw:CARD=Speaker", 1), ("plughw:CARD=Speaker,DEV=0", 1), ("hw:Speaker,3", 2), ("hw:0,3", 0), ("hw:1,0", 1), ("usb audio", 1)],
)
def test_a_card_is_found_by_its_id_wherever_it_is_numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, index: int) -> None:
    (tmp_path / "card1").mkdir()
    (tmp_path / "Speaker").symlink_to("card1")
    monkeypatch.setattr(outputs, "_CARDS", tmp_path)
    cards = ["HDA: HDMI 0 (hw:0,3)", "USB Audio: - (hw:1,0)", "Speaker: S/PDIF (hw:1,3)"]
    shown = [{"name": card, "max_output_channels": 2, "hostapi": 0, "index": number} for number, card in enumerate(cards)]
    monkeypatch.setattr(sounddevice, "query_devices", lambda: shown)
    monkeypatch.setattr(sounddevice, "query_hostapis", lambda: [{"name": "ALSA"}])
    opened = []

    class Stream:
        def __init__(self, *, device: int, **options: object) -> None:
            opened.append(device)

        def abort(self) -> None: ...

        def close(self) -> None: ...

    monkeypatch.setattr(sounddevice, "RawOutputStream", Stream)
    for card in shown:
        card["default_samplerate"] = 48000.0
    sink = PortAudioSink(name)
    sink.open()
    sink.close()
    assert opened == [index]


def test_a_device_that_refuses_the_rate_is_opened_at_its_own(alsa_file_pcm: FilePcm, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = sounddevice.RawOutputStream
    asked = []

    def only_44100(*, samplerate: int, **options: object) -> object:
        asked.append(samplerate)
        if samplerate != 44100:
            raise sounddevice.PortAudioError("Invalid sample rate", -9997)
        return stream(samplerate=samplerate, **options)

    monkeypatch.setattr(sounddevice, "RawOutputStream", only_44100)
    sink = PortAudioSink(alsa_file_pcm.device, sample_rate=96000)
    sink.open()
    assert sink.sample_rate == 44100
    assert asked[0] == 96000
    sink.close()


def test_missing_library_names_the_package() -> None:
    program = (
        "import ctypes.util; ctypes.util.find_library = lambda name: None\n"
        "from edge_agent.playback import PortAudioSink, PortAudioMissing\n"
        "try:\n    PortAudioSink().open()\n"
        "except PortAudioMissing as error:\n    print(error)\n"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=os.environ, check=True)
    assert "libportaudio2" in answer.stdout
    assert issubclass(PortAudioMissing, SinkLost)


def test_a_portaudio_that_does_not_run_is_started_when_a_device_is_wanted(alsa_file_pcm: FilePcm) -> None:
    sounddevice._terminate()  # as it is left when starting it anew failed
    sink = PortAudioSink(alsa_file_pcm.device)
    sink.open()
    sink.close()


def test_a_portaudio_that_does_not_start_is_a_device_that_is_away(alsa_file_pcm: FilePcm, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise sounddevice.PortAudioError("Error initializing PortAudio", -9986)

    with monkeypatch.context() as patch:
        patch.setattr(sounddevice, "_initialize", fail)
        with pytest.raises(SinkLost, match=r"PortAudio does not start: .*look for faults"):
            PortAudioSink("no such card").open()
    sink = PortAudioSink(alsa_file_pcm.device)
    sink.open()
    sink.close()


def test_importing_the_package_does_not_load_portaudio() -> None:
    program = "import sys, edge_agent.playback; print('sounddevice' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout == "False\n"
