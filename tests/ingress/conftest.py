from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from edge_agent.ingress import MqttConfig, MqttIngress
from tests.rigs.mosquitto import certificates, mosquitto  # noqa: F401 (fixtures)
from tests.rigs.mqtt_peer import Peer, RecordingInbox, eventually
from tests.rigs.zmq_peer import raw_peer, station  # noqa: F401

StartIngress = Callable[..., tuple[MqttIngress, RecordingInbox]]


@pytest.fixture
def start_ingress() -> Iterator[StartIngress]:
    """``start_ingress(port, **MqttConfig fields)`` gives a running ingress and its inbox; waits for the connection by default."""
    running: list[MqttIngress] = []

    def start(port: int, *, wait: bool = True, acking: bool = True, **fields: Any) -> tuple[MqttIngress, RecordingInbox]:
        ingress = MqttIngress(MqttConfig(**{"site": "store", "device": "kiosk-1", "port": port, **fields}))
        inbox = RecordingInbox(acking=acking)
        running.append(ingress)
        ingress.start(inbox)
        if wait:
            eventually(lambda: ingress.connected, "the ingress's connection")
        return ingress, inbox

    yield start
    for ingress in running:
        ingress.stop()


@pytest.fixture
def peer() -> Iterator[Callable[..., Peer]]:
    """``peer(port, **options of Peer)``"""
    peers: list[Peer] = []

    def connect(*args: Any, **options: Any) -> Peer:
        peers.append(Peer(*args, **options))
        return peers[-1]

    yield connect
    for one in peers:
        one.close()
