"""Where the service has everything on a device it was installed on, as ``systemd/`` lays it out.

Commands typed by hand there are about the service, so they find the same places without its environment.
"""

from __future__ import annotations

import os
from pathlib import Path

CONFIG = Path("/etc/edge-agent/config.toml")
"""Whoever has this file is such a device."""
CREDENTIALS = Path("/etc/edge-agent/credentials")
"""Secrets that the units pass on; root's only."""
STATE = Path("/var/lib/edge-agent")
CACHE = Path("/var/cache/edge-agent")
SOCKETS = Path("/run/edge-agent")


def is_configured_by(path: Path | None) -> bool:
    """Whether a configuration file is the service's."""
    return path is not None and path.resolve() == CONFIG.resolve()


def credentials() -> Path | None:
    """The folder of secrets, for who may read it."""
    return CREDENTIALS if os.access(CREDENTIALS, os.R_OK | os.X_OK) else None
