"""By the real amixer on a real ALSA control: that of PulseAudio's ALSA plugin, since a softvol control needs a sound card."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.ducking import MixerError, SoftvolMixer
from tests.rigs.sound_server import SoundServer

CARD, CONTROL = "edge_duck", "Master Playback Volume"


@pytest.fixture
def card(sound_server: SoundServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(sound_server.alsa_config))
    turn("60000,60000")
    return CARD


def turn(values: str) -> None:
    """A person moves the slider."""
    subprocess.run(["amixer", "-q", "-D", CARD, "cset", f"name='{CONTROL}'", values], check=True)


def values() -> list[int]:
    told = subprocess.run(["amixer", "-D", CARD, "cget", f"name='{CONTROL}'"], check=True, capture_output=True, text=True).stdout
    return [int(value) for value in told.split(": values=")[1].split(",")]


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "ducking.json"


def test_lowered_in_steps_and_restored(card: str, memory: Path) -> None:
    mixer = SoftvolMixer(card, CONTROL, memory)
    for part in (0.75, 0.5, 0.25, 0.25, 0.5):
        mixer.set(part)
        assert values() == pytest.approx([60000 * part] * 2, abs=2)
    assert memory.exists()
    mixer.restore()
    assert values() == [60000, 60000]
    assert not memory.exists()


def test_a_person_has_the_last_word(card: str, memory: Path) -> None:
    mixer = SoftvolMixer(card, CONTROL, memory)
    mixer.set(0.25)
    turn("40000,40000")
    mixer.set(0.5)
    mixer.restore()
    assert values() == [40000, 40000]


FAILS = {
    "before it has set": 'if [ -e {flag} ] && [ "$3" = cset ]; then exit 1; fi; exec amixer "$@"',
    "after it has set": 'amixer "$@"; if [ -e {flag} ] && [ "$3" = cset ]; then exit 1; fi',
    "before it is read back": 'if [ -e {flag}.set ]; then exit 1; fi; if [ -e {flag} ] && [ "$3" = cset ]; then touch {flag}.set; fi; '
    'exec amixer "$@"',
}


@pytest.fixture(params=FAILS.values(), ids=FAILS)
def failing(request: pytest.FixtureRequest, card: str, memory: Path, tmp_path: Path) -> tuple[SoftvolMixer, Callable[[], None]]:
    """A mixer whose amixer fails, or was too slow, at one step of lowering; and what does this."""
    flag, amixer = tmp_path / "flag", tmp_path / "amixer"
    amixer.write_text(f"#!/bin/sh\n{request.param.format(flag=flag)}\n")
    amixer.chmod(0o755)
    mixer = SoftvolMixer(card, CONTROL, memory, amixer=str(amixer))

    def fail() -> None:
        flag.touch()
        with pytest.raises(MixerError):
            mixer.set(0.25)
        flag.unlink()
        flag.with_name("flag.set").unlink(missing_ok=True)

    return mixer, fail


def test_a_change_that_was_not_seen_through_is_not_taken_for_a_person_s(failing: tuple[SoftvolMixer, Callable[[], None]]) -> None:
    mixer, fail = failing
    mixer.set(0.5)
    fail()
    assert mixer.lowered
    mixer.set(0.25)
    assert values() == pytest.approx([15000, 15000], abs=2)
    mixer.restore()
    assert values() == [60000, 60000]
    assert not mixer.lowered


def test_a_change_that_was_not_seen_through_is_undone_without_another(failing: tuple[SoftvolMixer, Callable[[], None]]) -> None:
    mixer, fail = failing
    fail()
    mixer.restore()
    assert values() == [60000, 60000]


@pytest.mark.parametrize("failing", [FAILS["after it has set"]], indirect=True)
def test_what_a_person_turned_up_after_a_change_that_was_not_seen_through_stays(failing: tuple[SoftvolMixer, Callable[[], None]]) -> None:
    mixer, fail = failing
    fail()
    turn("65000,65000")
    mixer.set(0.25)
    turn("30000,30000")
    mixer.restore()
    assert values() == [30000, 30000]


def test_a_crash_is_undone(card: str, memory: Path) -> None:
    SoftvolMixer(card, CONTROL, memory).set(0.25)
    SoftvolMixer(card, CONTROL, memory).recover()
    assert values() == [60000, 60000]
    assert not memory.exists()


def test_after_a_crash_what_a_person_turned_up_stays(card: str, memory: Path) -> None:
    SoftvolMixer(card, CONTROL, memory).set(0.25)
    turn("65000,65000")
    SoftvolMixer(card, CONTROL, memory).recover()
    assert values() == [65000, 65000]


def test_a_memory_of_another_control_or_in_pieces_is_put_aside(card: str, memory: Path) -> None:
    SoftvolMixer(card, CONTROL, memory).set(0.25)
    SoftvolMixer(card, "Other", memory).recover()
    memory.write_text("{")
    SoftvolMixer(card, CONTROL, memory).recover()
    assert values() == pytest.approx([15000, 15000], abs=2)


@pytest.mark.parametrize(
    ("control", "amixer", "told"),
    [
        ("Music", "amixer", "cannot be used"),
        ("Master Playback Switch", "amixer", "no volume control"),
        (CONTROL, "no-such-amixer", "install the package alsa-utils"),
    ],
)
def test_what_is_wrong_is_said(card: str, memory: Path, control: str, amixer: str, told: str) -> None:
    with pytest.raises(MixerError, match=told):
        SoftvolMixer(card, control, memory, amixer=amixer).set(0.25)
    assert not memory.exists()
