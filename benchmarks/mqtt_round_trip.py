"""MQTT round trips with and without TCP_NODELAY, on a mosquitto of its own on loopback.

    python -m benchmarks.mqtt_round_trip [--n 200] [--json]

A round trip is: request published, broker, responder, answer published, broker, answer received. Four rows of plain
paho-mqtt clients (Nagle's algorithm off on neither end, on the clients, on the broker, on both), then the daemon's own ingress, which
answers an announcement with its "accepted" event once it has been handed to the core. ``ratio`` is to the first row of the same QoS,
which is what a client and a broker get by default.
"""

from __future__ import annotations

import argparse
import json
import queue
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.events import Event
from edge_agent.ingress import Command, Message, MqttConfig, MqttIngress, Route
from edge_agent.parse import Refusal
from tests.rigs.mosquitto import Mosquitto

_WARM_UP = 20
_TIMEOUT_S = 10.0


@contextmanager
def client(port: int, *, nodelay: bool) -> Iterator[paho.Client]:
    ready = queue.SimpleQueue[None]()
    mqtt = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    if nodelay:
        mqtt.on_socket_open = lambda _c, _u, sock: sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    mqtt.on_connect = lambda *_: ready.put(None)
    mqtt.on_subscribe = lambda *_: ready.put(None)
    mqtt.connect("127.0.0.1", port)
    mqtt.loop_start()
    ready.get(timeout=_TIMEOUT_S)
    yield mqtt
    mqtt.disconnect()
    mqtt.loop_stop()


def measure(port: int, *, qos: int, n: int, nodelay: bool, request: str, answer: str, payload: Callable[[int], bytes]) -> list[float]:
    """Round-trip times in milliseconds."""
    answers = queue.SimpleQueue[None]()
    with client(port, nodelay=nodelay) as asker:
        asker.on_message = lambda *_: answers.put(None)
        subscribed = queue.SimpleQueue[None]()
        asker.on_subscribe = lambda *_: subscribed.put(None)
        asker.subscribe(answer, qos)
        subscribed.get(timeout=_TIMEOUT_S)
        times_ms = []
        for i in range(n + _WARM_UP):
            body = payload(i)
            started = time.perf_counter()
            asker.publish(request, body, qos=qos)
            answers.get(timeout=_TIMEOUT_S)
            times_ms.append((time.perf_counter() - started) * 1000)
        return times_ms[_WARM_UP:]


def echo(port: int, *, qos: int, n: int, nodelay: bool) -> list[float]:
    with client(port, nodelay=nodelay) as responder:
        subscribed = queue.SimpleQueue[None]()
        responder.on_subscribe = lambda *_: subscribed.put(None)
        responder.on_message = lambda mqtt, _u, message: mqtt.publish("bench/answer", message.payload, qos=qos)
        responder.subscribe("bench/request", qos)
        subscribed.get(timeout=_TIMEOUT_S)
        return measure(port, qos=qos, n=n, nodelay=nodelay, request="bench/request", answer="bench/answer", payload=lambda i: b"%d" % i)


class _Accepting:
    """The least a core can do: acknowledge and say so."""

    def __init__(self, ingress: MqttIngress) -> None:
        self._ingress = ingress
        self.connected = queue.SimpleQueue[None]()

    def submit(self, message: Message, ack: Callable[[], None]) -> None:
        ack()
        self._ingress.publish(Event("accepted", "bench", message.received_at, message.source))

    def command(self, command: Command, reply: Route) -> None:
        reply.answer()

    def refused(self, kind: Refusal) -> None:
        """Nothing is counted."""

    def sent(self, event_id: str) -> None:
        """Nothing is kept, so nothing has to leave."""

    def link_changed(self, ingress: str, connected: bool, problem: str | None) -> None:
        if connected:
            self.connected.put(None)


def announce(port: int, *, qos: int, n: int) -> list[float]:
    config = MqttConfig(site="bench", device="device", port=port)
    ingress = MqttIngress(config)
    core = _Accepting(ingress)
    ingress.start(core)
    core.connected.get(timeout=_TIMEOUT_S)
    try:
        topics = config.topics()
        say = "voice/bench/device/say"
        return measure(port, qos=qos, n=n, nodelay=True, request=say, answer=topics.event, payload=lambda _: "请到三号窗口".encode())
    finally:
        ingress.stop()


def run(n: int, folder: Path) -> list[dict[str, Any]]:
    brokers = {
        True: Mosquitto(folder / "quick").start(),
        False: Mosquitto(folder / "default", extra=["set_tcp_nodelay false"]).start(),
    }
    rows = []
    try:
        for qos in (0, 1):
            baseline_ms = None
            for on_clients, on_broker in ((False, False), (True, False), (False, True), (True, True)):
                times_ms = echo(brokers[on_broker].port, qos=qos, n=n, nodelay=on_clients)
                baseline_ms = baseline_ms or statistics.median(times_ms)
                name = {(False, False): "neither", (True, False): "clients", (False, True): "broker", (True, True): "both"}
                rows.append(_row(f"paho echo, NODELAY on {name[on_clients, on_broker]}", qos, times_ms, baseline_ms))
            times_ms = announce(brokers[True].port, qos=qos, n=n)
            rows.append(_row("edge-agent ingress, say to accepted", qos, times_ms, baseline_ms or 1.0))
    finally:
        for broker in brokers.values():
            broker.stop()
    return rows


def _row(name: str, qos: int, times_ms: list[float], baseline_ms: float) -> dict[str, Any]:
    cuts = statistics.quantiles(times_ms, n=100, method="inclusive")
    return {
        "name": name,
        "qos": qos,
        "p50_ms": round(cuts[49], 3),
        "p95_ms": round(cuts[94], 3),
        "p99_ms": round(cuts[98], 3),
        "ratio": round(cuts[49] / baseline_ms, 3),
    }


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--n", type=int, default=200, help="round trips in each row (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON array instead of a table")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        rows = run(options.n, Path(folder))
    if options.json:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return
    lines = ["| round trip | QoS | p50 ms | p95 ms | p99 ms | p50 ratio |", "|---|---|---|---|---|---|"]
    lines += ["| {name} | {qos} | {p50_ms:.2f} | {p95_ms:.2f} | {p99_ms:.2f} | {ratio:.3f} |".format(**row) for row in rows]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
