"""Lays units, rules and device configuration out in a system or an image, and takes exactly that away again."""

from edge_agent.install.apply import Report, install, uninstall
from edge_agent.install.errors import Conflict, InstallError, NotInstalled
from edge_agent.install.layout import DEVICES, SPEAKERS, Item, lay_out, systemd_version
from edge_agent.install.manifest import MANIFEST

__all__ = [
    "DEVICES",
    "MANIFEST",
    "SPEAKERS",
    "Conflict",
    "InstallError",
    "Item",
    "NotInstalled",
    "Report",
    "install",
    "lay_out",
    "systemd_version",
    "uninstall",
]
