"""What is expected of a class of device: its file in firmware_configs/devices, and how a device is told to be of it."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

from edge_agent.resources import FIRMWARE
from edge_agent.service.doctor.device.system import System

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

JETPACK = {"36.3": "6.0", "36.4": "6.1", "36.4.3": "6.2", "36.4.4": "6.2.1", "36.4.7": "6.2.1", "36.5": "6.2.2", "39.2": "7.2"}
"""Jetson Linux to JetPack."""
SUPPORTED = ("6.2", "6.2.1", "6.2.2", "7.2")


@dataclass(frozen=True, slots=True)
class Profile:
    """See firmware_configs/devices/*.toml for each value's reason."""

    name: str
    modules: tuple[str, ...]
    modes: tuple[str, ...]
    fan: str
    nodes: tuple[str, ...]
    available_mib: int

    @classmethod
    def parse(cls, text: str) -> Profile:
        """Read such a file.

        Raises:
            ValueError: it is not one; says what is wrong.
        """
        try:
            found = tomllib.loads(text)
            return cls(
                name=str(found["name"]),
                modules=tuple(map(str, found["modules"])),
                modes=tuple(map(str, found["power"]["modes"])),
                fan=str(found["fan"]["profile"]),
                nodes=tuple(map(str, found["gpu"]["nodes"])),
                available_mib=int(found["memory"]["available_mib"]),
            )
        except (tomllib.TOMLDecodeError, TypeError) as error:
            raise ValueError(str(error)) from error
        except KeyError as error:
            raise ValueError(f"the key {error} is missing") from error


def shipped() -> list[Profile]:
    return [Profile.parse(path.read_text("utf-8")) for path in sorted((FIRMWARE / "devices").glob("*.toml"))]


def profile_of(system: System) -> Profile | None:
    """What the device was configured as, else what its module is; None if it is no Jetson known here.

    Raises:
        ValueError: /etc/edge-agent/device.toml is wrong.
    """
    if text := system.read("/etc/edge-agent/device.toml"):
        return Profile.parse(text)
    module = module_of(system)
    return next((profile for profile in shipped() if module in profile.modules), None)


def module_of(system: System) -> str | None:
    """The module's id, such as ``p3767-0003``, from the device tree."""
    found = re.search(r"\bp37(?:67|01)-\d{4}\b", system.read("/proc/device-tree/compatible"))
    return found[0] if found else None


def jetson_linux(system: System) -> str | None:
    """Its version, such as ``36.4.3``."""
    found = re.search(r"R(\d+) \(release\), REVISION: ([\d.]+)", system.read("/etc/nv_tegra_release"))
    return f"{found[1]}.{found[2]}".removesuffix(".0") if found else None
