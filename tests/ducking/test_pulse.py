"""On a real PulseAudio server, with real programs playing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge_agent.ducking import MixerError, PulseMixer
from tests.rigs.sound_server import SoundServer, until

A_BIT = 0.001


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ducking.json"


@pytest.fixture
def mixer(sound_server: SoundServer, memory: Path) -> PulseMixer:
    mixer = PulseMixer(sound_server.address, memory)
    yield mixer
    mixer.close()


def test_every_program_is_lowered_by_its_own_volume_and_restored(sound_server: SoundServer, mixer: PulseMixer, memory: Path) -> None:
    sound_server.play("radio")
    sound_server.play("video")
    sound_server.set_volume("radio", 0.8)
    mixer.set(0.25)
    assert sound_server.volume("radio") == pytest.approx(0.2, abs=A_BIT)
    assert sound_server.volume("video") == pytest.approx(0.25, abs=A_BIT)
    assert memory.exists()
    mixer.restore()
    assert sound_server.volume("radio") == pytest.approx(0.8, abs=A_BIT)
    assert sound_server.volume("video") == pytest.approx(1.0, abs=A_BIT)
    assert not memory.exists()


def test_lowering_twice_never_compounds(sound_server: SoundServer, mixer: PulseMixer) -> None:
    sound_server.play("radio")
    for part in (0.5, 0.25, 0.25, 0.7, 0.25):
        mixer.set(part)
        assert sound_server.volume("radio") == pytest.approx(part, abs=A_BIT)
    for _ in range(2):
        mixer.restore()
        assert sound_server.volume("radio") == pytest.approx(1.0, abs=A_BIT)


def test_what_begins_beside_speech_is_lowered_too(sound_server: SoundServer, mixer: PulseMixer) -> None:
    mixer.set(0.25)
    sound_server.play("radio")
    mixer.set(0.25)
    assert sound_server.volume("radio") == pytest.approx(0.25, abs=A_BIT)
    mixer.restore()
    assert sound_server.volume("radio") == pytest.approx(1.0, abs=A_BIT)


def test_a_person_who_moves_the_slider_meanwhile_has_the_last_word(sound_server: SoundServer, mixer: PulseMixer) -> None:
    sound_server.play("radio")
    mixer.set(0.25)
    sound_server.set_volume("radio", 0.6)
    mixer.set(0.25)
    assert sound_server.volume("radio") == pytest.approx(0.6, abs=A_BIT)
    mixer.restore()
    assert sound_server.volume("radio") == pytest.approx(0.6, abs=A_BIT)


def test_a_program_that_starts_its_next_song_while_lowered(sound_server: SoundServer, mixer: PulseMixer) -> None:
    """The server gives its next stream the volume of the last one, which was ours."""
    player = sound_server.play("radio")
    sound_server.set_volume("radio", 0.8)
    mixer.set(0.25)
    sound_server.end_of(player, "radio")
    mixer.set(0.25)
    sound_server.play("radio")
    mixer.set(0.25)
    assert sound_server.volume("radio") == pytest.approx(0.2, abs=A_BIT)
    mixer.restore()
    assert sound_server.volume("radio") == pytest.approx(0.8, abs=A_BIT)


def test_a_program_that_ended_while_lowered_is_as_loud_as_before_next_time(sound_server: SoundServer, mixer: PulseMixer) -> None:
    player = sound_server.play("radio")
    sound_server.set_volume("radio", 0.8)
    mixer.set(0.25)
    until(lambda: sound_server.remembered("radio") == pytest.approx(0.2, abs=A_BIT))
    sound_server.end_of(player, "radio")
    mixer.restore()
    assert sound_server.remembered("radio") == pytest.approx(0.8, abs=A_BIT)


@pytest.mark.parametrize("still_plays", [True, False])
def test_a_crash_is_undone_at_the_next_start(sound_server: SoundServer, memory: Path, still_plays: bool) -> None:
    player = sound_server.play("radio")
    sound_server.set_volume("radio", 0.8)
    killed = PulseMixer(sound_server.address, memory)
    killed.set(0.5)
    killed.set(0.25)
    until(lambda: sound_server.remembered("radio") == pytest.approx(0.2, abs=A_BIT))
    killed.close()
    if not still_plays:
        sound_server.end_of(player, "radio")
    mixer = PulseMixer(sound_server.address, memory)
    mixer.recover()
    if still_plays:
        assert sound_server.volume("radio") == pytest.approx(0.8, abs=A_BIT)
    else:
        assert sound_server.remembered("radio") == pytest.approx(0.8, abs=A_BIT)
    assert not memory.exists()
    mixer.close()


def test_after_a_crash_what_a_person_turned_up_stays(sound_server: SoundServer, memory: Path) -> None:
    sound_server.play("radio")
    sound_server.set_volume("radio", 0.5)
    killed = PulseMixer(sound_server.address, memory)
    killed.set(0.25)
    killed.close()
    sound_server.set_volume("radio", 0.9)
    mixer = PulseMixer(sound_server.address, memory)
    mixer.recover()
    assert sound_server.volume("radio") == pytest.approx(0.9, abs=A_BIT)
    mixer.close()


def test_speech_itself_is_not_lowered(sound_server: SoundServer, memory: Path) -> None:
    speech = sound_server.play("speech")
    sound_server.play("radio")
    mixer = PulseMixer(sound_server.address, memory, own_pid=speech.pid)
    mixer.set(0.25)
    assert sound_server.volume("speech") == pytest.approx(1.0, abs=A_BIT)
    assert sound_server.volume("radio") == pytest.approx(0.25, abs=A_BIT)
    mixer.close()


def test_a_server_that_goes_and_comes_back(sound_server: SoundServer, mixer: PulseMixer) -> None:
    sound_server.play("radio")
    mixer.set(0.25)
    sound_server.end()
    with pytest.raises(MixerError, match="cannot be asked"):
        mixer.set(0.25)
    sound_server.start()
    sound_server.play("radio")
    mixer.set(0.25)
    assert sound_server.volume("radio") == pytest.approx(0.25, abs=A_BIT)
    mixer.restore()
    assert sound_server.volume("radio") == pytest.approx(1.0, abs=A_BIT)


def test_what_cannot_be_written_down_is_not_lowered(sound_server: SoundServer, tmp_path: Path) -> None:
    sound_server.play("radio")
    blocked = tmp_path / "file"
    blocked.touch()
    mixer = PulseMixer(sound_server.address, blocked / "ducking.json")
    for _ in range(2):
        with pytest.raises(MixerError, match="nothing is lowered"):
            mixer.set(0.25)
    assert sound_server.volume("radio") == pytest.approx(1.0, abs=A_BIT)
    mixer.close()


def test_no_server(tmp_path: Path) -> None:
    mixer = PulseMixer(f"unix:{tmp_path}/none", tmp_path / "ducking.json", own_pid=os.getpid())
    with pytest.raises(MixerError, match="cannot be asked"):
        mixer.set(0.25)
