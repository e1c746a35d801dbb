"""Requests from programs on this computer and, with keys, from its network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from edge_agent import appliance, wire
from edge_agent.config.paths import OF_THE_SERVICE
from edge_agent.config.problems import DEFAULT, Origin
from edge_agent.config.section import Section
from edge_agent.ingress.zmq_config import InvalidZmqConfig, ZmqConfig


class ZmqSection(Section):
    """Requests by ZeroMQ: from programs on this computer and, with keys, from its network."""

    enabled: bool = True
    """Whether announcements come in by ZeroMQ at all."""
    socket_dir: Path = Field(examples=["/run/edge-agent"])
    """The folder of the Unix sockets say.sock and events.sock."""
    socket_mode: Annotated[str, Field(pattern=r"^0?[0-7]{3}$")] = "0660"
    """Who may write to the sockets, and so may speak: permissions in octal."""
    group: str | None = Field(default=None, examples=["edge-agent"])
    """The group the sockets belong to; the daemon's own unless set."""
    tcp_host: Annotated[str, Field(min_length=1, max_length=253)] | None = Field(default=None, examples=["192.168.10.2"])
    """Also listen at this address, encrypted by CURVE, for clients with keys. See: edge-agent keys zmq --help."""
    tcp_port: Annotated[int, Field(ge=1, le=65_534)] = wire.TCP_PORT
    """The TCP port for requests; events have the one above."""

    def build(self, keys_dir: Path) -> ZmqConfig:
        """What the ingress takes; ``keys_dir`` holds the CURVE keys.

        Raises:
            InvalidZmqConfig: naming every bad key at once.
        """
        return ZmqConfig(
            socket_dir=self.socket_dir,
            keys_dir=keys_dir,
            socket_mode=int(self.socket_mode, 8),
            group=self.group,
            tcp_host=self.tcp_host,
            tcp_port=self.tcp_port,
        )

    def problems(self) -> Iterable[tuple[str, str]]:
        try:
            self.build(Path())
        except InvalidZmqConfig as error:
            return error.problems if self.enabled else ()
        return ()


def default_socket_dir(environ: Mapping[str, str], *, installed: bool = False) -> tuple[Path, Origin]:
    """The folder systemd made for the service, else the one where clients look, with where it came from; see ``default_paths``."""
    if given := environ.get("RUNTIME_DIRECTORY", "").split(":")[0]:
        return Path(given), Origin("$RUNTIME_DIRECTORY")
    if installed:
        return appliance.SOCKETS, OF_THE_SERVICE
    return wire.socket_dir(environ), DEFAULT
