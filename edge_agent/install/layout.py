"""What is laid out, and where: paths are relative to the root of the system or image."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from edge_agent.config import toml
from edge_agent.resources import FIRMWARE, SYSTEMD

DEVICES = ("generic", "orin-nano", "orin-nx", "agx-orin")
SPEAKERS = ("usb", "hdmi", "i2s")
UNIT_DIR = PurePosixPath("usr/lib/systemd/system")
PROGRAM = "/usr/bin/edge-agent"
"""What the units name; replaced by where the program really is."""
NOTIFY_RELOAD_SINCE = 253

_LIBRARY = PurePosixPath("usr/lib/edge-agent")
_SHARE = PurePosixPath("usr/share/edge-agent")
_UNITS = (".service", ".timer", ".target", ".mount", ".path", ".socket")
_UNIT_HELPERS = {"sysusers.d", "tmpfiles.d", "modules-load.d"}

DROP_INS: Mapping[str, str] = {
    "alsa/asound.conf": "etc/alsa/conf.d/60-edge-agent.conf",
    "chrony/edge-agent.conf": "etc/chrony/conf.d/60-edge-agent.conf",
    "journald/edge-agent.conf": "etc/systemd/journald.conf.d/60-edge-agent.conf",
    "network/edge-agent.conf": "etc/NetworkManager/conf.d/60-edge-agent.conf",
    "sysctl/edge-agent.conf": "etc/sysctl.d/60-edge-agent.conf",
    "watchdog/edge-agent.conf": "etc/systemd/system.conf.d/60-edge-agent.conf",
}
"""Of firmware_configs, for a device that does nothing but speak. What needs a name or a key of yours stays in /usr/share."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file to write. ``is_config``: people edit it, so what they changed is kept."""

    path: PurePosixPath
    content: bytes
    mode: int = 0o644
    is_config: bool = False


def lay_out(
    device: str = "generic", speaker: str = "usb", *, unit_dir: PurePosixPath = UNIT_DIR, program: str = PROGRAM, systemd: int = 249
) -> list[Item]:
    """Every file for a class of device. ``systemd`` is the version there: newer ones can do more, older ones ignore or refuse it."""
    items = [*_units(unit_dir, program, systemd), *_rules(), *_reference()]
    if device != "generic":
        items += _device(device, speaker, unit_dir)
    items.append(_configuration(device))
    return sorted(items, key=lambda item: item.path)


def systemd_version(root: Path) -> int | None:
    """The version of systemd in a system or image, None if it has none."""
    found = [*root.glob("usr/lib/systemd/libsystemd-shared-*.so"), *root.glob("usr/lib/*/systemd/libsystemd-shared-*.so")]
    versions = [int(match[1]) for path in found if (match := re.match(r"libsystemd-shared-(\d+)", path.name))]
    return max(versions, default=None)


def _units(unit_dir: PurePosixPath, program: str, systemd: int) -> Iterator[Item]:
    for source in sorted(SYSTEMD.iterdir()):
        if source.suffix in _UNITS:
            text = re.sub(rf"(?m)^(Exec\w+=[-+!@]*){re.escape(PROGRAM)}(?=\s)", rf"\g<1>{program}", source.read_text("utf-8"))
            yield Item(unit_dir / source.name, text.encode())
        elif source.name in _UNIT_HELPERS:
            yield from (_copy(each, PurePosixPath("usr/lib") / source.name) for each in sorted(source.iterdir()))
        elif source.suffix == ".d":
            if systemd >= NOTIFY_RELOAD_SINCE:
                yield from (_copy(each, unit_dir / source.name) for each in sorted(source.iterdir()))
        elif not source.suffix:
            yield _copy(source, _LIBRARY)


def _rules() -> Iterator[Item]:
    for source in sorted((FIRMWARE / "udev").glob("*.rules")):
        yield _copy(source, PurePosixPath("usr/lib/udev/rules.d"))


def _reference() -> Iterator[Item]:
    """All of firmware_configs, for who builds an image: what is not taken into use is there to be read and copied."""
    for source in sorted(FIRMWARE.rglob("*")):
        if source.is_file():
            yield _copy(source, _SHARE / "firmware_configs" / source.relative_to(FIRMWARE).parent)


def _device(device: str, speaker: str, unit_dir: PurePosixPath) -> Iterator[Item]:
    for source, target in DROP_INS.items():
        yield Item(PurePosixPath(target), (FIRMWARE / source).read_bytes(), is_config=True)
    chosen = FIRMWARE / "alsa" / f"{speaker}.conf"
    if chosen.exists():
        yield Item(PurePosixPath("etc/alsa/conf.d/61-edge-agent-speaker.conf"), chosen.read_bytes(), is_config=True)
    yield Item(PurePosixPath("etc/edge-agent/device.toml"), (FIRMWARE / "devices" / f"{device}.toml").read_bytes(), is_config=True)
    yield _copy(FIRMWARE / "power" / "edge-agent-power", _LIBRARY)
    yield _copy(FIRMWARE / "power" / "edge-agent-power.service", unit_dir)
    if speaker == "i2s":
        yield _copy(FIRMWARE / "alsa" / "edge-agent-i2s.service", unit_dir)


def _configuration(device: str) -> Item:
    text = toml.template()
    if device != "generic":
        text = re.sub(r'(?m)^# device = "plughw.*$', 'device = "speech"', text, count=1)
        (memory,) = re.findall(r"(?m)^gpu_memory_mib = .*$", (FIRMWARE / "devices" / f"{device}.toml").read_text("utf-8"))
        text = re.sub(r"(?m)^# gpu_memory_mib = .*$", memory, text, count=1)
    return Item(PurePosixPath("etc/edge-agent/config.toml"), text.encode(), is_config=True)


def _copy(source: Path, folder: PurePosixPath) -> Item:
    content = source.read_bytes()
    # By what it is, not by its mode: packagers change that.
    return Item(folder / source.name, content, 0o755 if content.startswith(b"#!") else 0o644)
