"""The shipped ALSA configuration, read by alsa-lib itself. What needs the sound card it names is put in for by a card of no sound."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from edge_agent.config import load

SHIPPED = Path(__file__).resolve().parents[2] / "firmware_configs/alsa/asound.conf"


def aplay(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"ALSA_CONFIG_PATH": str(config)}
    return subprocess.run(["aplay", *arguments], env=environ, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "alsa.conf"
    path.write_text(f"</usr/share/alsa/alsa.conf>\n<{SHIPPED}>\n")
    return path


def test_alsa_reads_it_and_offers_its_devices(config: Path) -> None:
    listed = aplay(config, "-L")
    assert listed.returncode == 0, listed.stderr
    assert "Invalid" not in listed.stderr
    names = [line for line in listed.stdout.splitlines() if not line.startswith(" ")]
    assert {"speech", "music"} <= set(names)


@pytest.mark.parametrize("device", ["speech", "music", "default"])
def test_every_device_leads_to_the_one_card(config: Path, device: str) -> None:
    refused = aplay(config, "-D", device, "-d", "1", "-f", "S16_LE", "/dev/zero")
    assert "speaker" in refused.stderr, refused.stderr  # it looks for the card of that name, which this machine has not


def test_speech_reaches_a_card_through_the_mix_it_describes(tmp_path: Path) -> None:
    """The same file with a card that is not there replaced by one that plays nowhere; dmix itself takes real cards only."""
    text = SHIPPED.read_text()
    start, end = text.index("pcm.shared {"), text.index("# Announcements:")
    (tmp_path / "asound.conf").write_text(text[:start] + "pcm.shared { type null }\n" + text[end:])
    path = tmp_path / "alsa.conf"
    path.write_text(f"</usr/share/alsa/alsa.conf>\n<{tmp_path}/asound.conf>\n")
    played = aplay(path, "-D", "speech", "-d", "1", "-f", "S16_LE", "-r", "48000", "-c", "2", "/dev/zero")
    assert played.returncode == 0, played.stderr


def test_the_configuration_it_tells_to_write_is_one(tmp_path: Path) -> None:
    lines = [line.removeprefix("#").strip() for line in SHIPPED.read_text().splitlines() if line.startswith("#        ")]
    path = tmp_path / "config.toml"
    path.write_text("\n".join(lines) + "\n")
    config = load(path, environ={"HOME": str(tmp_path)}).config
    assert (config.audio.device, config.ducking.backend, config.ducking.alsa_control) == ("speech", "alsa", "Music")
    assert 'name "Music"' in SHIPPED.read_text()


@pytest.mark.parametrize(("speaker", "card"), [("hdmi", "HDA"), ("i2s", "APE")])
@pytest.mark.parametrize("device", ["speech", "music", "default"])
def test_another_loudspeaker_takes_the_place_of_the_card(tmp_path: Path, speaker: str, card: str, device: str) -> None:
    """In the order in which alsa-lib reads the folder both are laid out in."""
    path = tmp_path / "alsa.conf"
    path.write_text(f"</usr/share/alsa/alsa.conf>\n<{SHIPPED}>\n<{SHIPPED.with_name(f'{speaker}.conf')}>\n")
    refused = aplay(path, "-D", device, "-d", "1", "-f", "S16_LE", "/dev/zero")
    assert card in refused.stderr, refused.stderr
    assert "speaker" not in refused.stderr
