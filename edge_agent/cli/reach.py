"""The way from a command to the daemon: the broker, or the daemon's own sockets on this computer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from edge_agent.client import Address
from edge_agent.config import Config
from edge_agent.errors import EdgeAgentError
from edge_agent.ingress.broker_client import BrokerClient, BrokerUnreachable


class DaemonUnreachable(EdgeAgentError):
    """Neither by the broker nor on this computer."""


@contextlib.contextmanager
def reach(config: Config) -> Iterator[BrokerClient | Path]:
    """A client of the broker, which may bring us to another computer's daemon; where MQTT is switched off or no broker answers,
    the folder of the daemon's sockets on this one.

    Raises:
        DaemonUnreachable: neither is there.
        BrokerRefused, IngressError: the broker does not let us in, or our certificate cannot be used.
    """
    with contextlib.ExitStack() as stack:
        yield _way(config, stack)


def _way(config: Config, stack: contextlib.ExitStack) -> BrokerClient | Path:
    if not config.mqtt.enabled:
        return _sockets(config, "MQTT is switched off")
    try:
        return stack.enter_context(BrokerClient(config.mqtt.build()))
    except BrokerUnreachable as error:
        folder = _sockets(config, str(error))
        click.echo(f"edge-agent: {error}; asking the daemon on this computer", err=True)
        return folder


def _sockets(config: Config, trouble: str) -> Path:
    if not config.zmq.enabled:
        raise DaemonUnreachable(f"{trouble}, and so is ZeroMQ" if not config.mqtt.enabled else trouble)
    folder = config.zmq.socket_dir
    if obstacle := Address.of(folder).obstacle:
        raise DaemonUnreachable(f"{trouble}; nor can the daemon on this computer be asked, at {folder}: {obstacle}")
    return folder
