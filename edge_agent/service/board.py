"""What a board tells of itself through sysfs and procfs: temperatures, throttling, memory.

Read from files and nothing else: the usual tools for Jetsons want root or are under licences that this program cannot take. Nothing
here was run on a Jetson; the names are those of its kernel's documentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_ZONES = "sys/class/thermal/thermal_zone*"
_COOLERS = "sys/class/thermal/cooling_device*"
_OVER_CURRENT = "sys/class/hwmon/hwmon*/oc*_event_cnt"
_PASSIVE = ("Processor", "cpufreq", "devfreq", "cpu-freq", "gpu-freq", "throttle")
"""Kinds of cooling device that cool by being slower; fans do not."""
_SANE_C = (-40.0, 150.0)


@dataclass(frozen=True, slots=True)
class Board:
    """One look. Temperatures in degrees Celsius by zone; memory in bytes, on an Orin that of processor and GPU alike."""

    temperatures_c: dict[str, float]
    throttled: tuple[str, ...]
    """Why the board is slower than it could be, each in words; empty while it is not."""
    over_currents: int
    """How often the supply had to be spared since the board started."""
    memory_total: int | None
    memory_available: int | None

    @classmethod
    def look(cls, root: Path = Path("/")) -> Board:
        """Read what there is; what cannot be read is left out. ``root`` is where the file system begins."""
        temperatures = dict(_temperatures(root))
        memory = _memory(root)
        return cls(
            temperatures,
            tuple(_throttling(root)),
            sum(_numbers(root.glob(_OVER_CURRENT))),
            memory.get("MemTotal"),
            memory.get("MemAvailable"),
        )


def _temperatures(root: Path) -> Iterator[tuple[str, float]]:
    for zone in sorted(root.glob(_ZONES)):
        name, value = _text(zone / "type"), _text(zone / "temp")
        if name and value and value.lstrip("-").isdecimal():
            degrees = int(value) / 1000
            if _SANE_C[0] < degrees < _SANE_C[1]:  # a zone whose part is switched off answers nonsense or not at all
                yield name.removesuffix("-thermal"), degrees


def _throttling(root: Path) -> Iterator[str]:
    for cooler in sorted(root.glob(_COOLERS)):
        kind, state = _text(cooler / "type") or "", _text(cooler / "cur_state") or "0"
        if any(word in kind for word in _PASSIVE) and state.isdecimal() and int(state) > 0:
            yield f"{kind} is held back by heat (step {state} of {_text(cooler / 'max_state') or '?'})"


def _memory(root: Path) -> dict[str, int]:
    found = {}
    for line in (_text(root / "proc/meminfo") or "").splitlines():
        name, _, value = line.partition(":")
        number = value.split()
        if len(number) == 2 and number[0].isdecimal():
            found[name] = int(number[0]) * 1024
    return found


def _numbers(paths: Iterator[Path]) -> Iterator[int]:
    for path in paths:
        value = _text(path)
        if value is not None and value.isdecimal():
            yield int(value)


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", "replace").strip("\0\n ") or None
    except OSError:  # gone, or a sensor that is asleep
        return None
