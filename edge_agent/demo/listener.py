"""An MQTT client that writes down what the daemon reports."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt

from edge_agent.events import TERMINAL


class Listener:
    """Context manager: the events of one device from now on, each with the time it was received at."""

    def __init__(self, port: int, base: str) -> None:
        self._port, self._topic = port, f"{base}/event"
        self._events: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._client = _client()

    def __enter__(self) -> Listener:
        subscribed = threading.Event()
        self._client.on_connect = lambda client, *_: client.subscribe(self._topic, qos=1)
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.on_message = self._received
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        subscribed.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def until_end(self, patience_s: float) -> list[dict[str, Any]]:
        """Everything up to the first terminal event, or what came within the patience."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._events) and self._events[-1]["terminal"], patience_s)
            return list(self._events)

    def _received(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        event = json.loads(message.payload)
        with self._changed:
            self._events.append({**event, "received_at": time.time(), "terminal": event["event"] in TERMINAL})
            self._changed.notify_all()


def wait_for_voice(port: int, base: str, patience_s: float, given_up: Callable[[], bool]) -> bool:
    """Whether the device reported in time, in its retained health, that a voice is loaded."""
    loaded = threading.Event()
    client = _client()
    client.on_connect = lambda client, *_: client.subscribe(f"{base}/health", qos=1)
    client.on_message = lambda _client, _data, message: loaded.set() if json.loads(message.payload)["engine"] else None
    deadline = time.monotonic() + patience_s
    while True:
        try:
            client.connect("127.0.0.1", port)
            break
        except OSError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
    client.loop_start()
    try:
        while not loaded.wait(0.1):
            if time.monotonic() > deadline or given_up():
                return False
        return True
    finally:
        client.disconnect()
        client.loop_stop()


def _client() -> mqtt.Client:
    return mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
