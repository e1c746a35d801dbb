"""Files for the rest of the system: units and device configurations. Links into the repository; copies in an installed package."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent
SYSTEMD = (_HERE / "systemd").resolve()
FIRMWARE = (_HERE / "firmware_configs").resolve()
