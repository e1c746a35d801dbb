"""Where state and cache live."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from edge_agent import appliance
from edge_agent.config.problems import DEFAULT, Origin
from edge_agent.config.section import Section

APP = "edge-agent"
OF_THE_SERVICE = Origin("default of the installed service")


class PathsSection(Section):
    """Folders the daemon writes to."""

    state_dir: Path = Field(examples=["/var/lib/edge-agent"])
    """What must survive: the journal, daily counts and installed voices."""
    cache_dir: Path = Field(examples=["/var/cache/edge-agent"])
    """What can be made again: recordings of phrases and compiled models."""

    @property
    def journal(self) -> Path:
        return self.state_dir / "journal.db"

    @property
    def quota(self) -> Path:
        return self.state_dir / "quota.db"

    @property
    def voices(self) -> Path:
        return self.state_dir / "voices"

    @property
    def incoming(self) -> Path:
        return self.state_dir / "incoming"

    @property
    def keys(self) -> Path:
        return self.state_dir / "keys"

    @property
    def phrases(self) -> Path:
        return self.cache_dir / "phrases"

    @property
    def zmq_keys(self) -> Path:
        return self.state_dir / "zmq"

    @property
    def ducking(self) -> Path:
        return self.state_dir / "ducking.json"

    @property
    def engines(self) -> Path:
        return self.cache_dir / "engines"


def default_paths(environ: Mapping[str, str], *, installed: bool) -> dict[str, tuple[Path, Origin]]:
    """The folders systemd made for the service, else the user's own (XDG base directories), with where they came from.

    Args:
        installed: the configuration is that of an installed service, so the folders are its, too, whoever asks.
    """
    return {
        "state_dir": _folder(environ, "STATE_DIRECTORY", appliance.STATE if installed else None, "XDG_STATE_HOME", ".local/state"),
        "cache_dir": _folder(environ, "CACHE_DIRECTORY", appliance.CACHE if installed else None, "XDG_CACHE_HOME", ".cache"),
    }


def user_config(environ: Mapping[str, str]) -> Path:
    """The configuration file of a user who is not the service."""
    return _base(environ, "XDG_CONFIG_HOME", ".config") / APP / "config.toml"


def _folder(environ: Mapping[str, str], systemd: str, service: Path | None, xdg: str, fallback: str) -> tuple[Path, Origin]:
    # A unit may name several folders, separated by colons; the first is ours.
    if given := environ.get(systemd, "").split(":")[0]:
        return Path(given), Origin(f"${systemd}")
    if service is not None:
        return service, OF_THE_SERVICE
    return _base(environ, xdg, fallback) / APP, DEFAULT


def _base(environ: Mapping[str, str], xdg: str, fallback: str) -> Path:
    given = environ.get(xdg, "")
    # The specification tells to ignore relative ones.
    if given.startswith("/"):
        return Path(given)
    return Path(environ["HOME"] if environ.get("HOME") else Path.home()) / fallback
