"""Whether the broker can be reached, lets us in, and brings a message back; and what it knows of the daemon."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from typing import Any

from edge_agent.config import Config
from edge_agent.ingress import IngressError
from edge_agent.ingress.broker_client import BrokerClient, BrokerRefused, BrokerUnreachable
from edge_agent.ingress.mqtt_config import MqttConfig
from edge_agent.service.doctor.finding import Finding

_ROUND_TRIPS = 5
_ANSWER_S = 2.0
_SLOW_S = 0.03
"""With Nagle's algorithm on, a round trip waits at least 40 ms for a delayed acknowledgement."""


def check_broker(config: Config) -> Iterator[Finding]:
    if not config.mqtt.enabled:
        yield Finding.ok("broker", "MQTT is switched off")
        return
    mqtt = config.mqtt.build()
    try:
        with BrokerClient(mqtt) as client:
            yield Finding.ok("broker", f"{mqtt.address} lets us in", address=mqtt.address)
            yield from _round_trip(client, mqtt)
            yield _daemon(client, mqtt)
    except BrokerUnreachable as error:
        fix = "Start the broker (systemctl start mosquitto), set mqtt.host and mqtt.port to where it is, or mqtt.enabled = false."
        yield Finding.fail("broker", str(error), fix, address=mqtt.address)
    except BrokerRefused as error:
        fix = "Set mqtt.username and mqtt.password_file, and compare the broker's access list with the sample that ships."
        yield Finding.fail("broker", str(error), fix, address=mqtt.address)
    except IngressError as error:
        yield Finding.fail("broker", str(error), "Correct the certificate files of section mqtt.", address=mqtt.address)


def _round_trip(client: BrokerClient, mqtt: MqttConfig) -> Iterator[Finding]:
    topic = mqtt.reply_topic()
    client.subscribe(topic)
    times_s = []
    for number in range(_ROUND_TRIPS):
        start = time.perf_counter()
        client.publish(topic, str(number).encode())
        if client.hear(_ANSWER_S) is None:
            fix = f"Let this user read and write {topic.rpartition('/')[0]}/# in the broker's access list."
            yield Finding.fail("broker", f"a message to {topic} did not come back within {_ANSWER_S:g} s", fix)
            return
        times_s.append(time.perf_counter() - start)
    took_s = statistics.median(times_s)
    what = f"a message comes back in {took_s * 1e3:.1f} ms"
    if took_s > _SLOW_S:
        yield Finding.warn("broker", what, "On mosquitto set: set_tcp_nodelay true", round_trip_s=took_s)
    else:
        yield Finding.ok("broker", what, round_trip_s=took_s)


def _daemon(client: BrokerClient, mqtt: MqttConfig) -> Finding:
    topic = mqtt.topics().status
    status = _read(client.stored(topic).get(topic, b""))
    state, why = status.get("state"), "; ".join(map(str, status.get("why", [])))
    if state == "online":
        return Finding.ok("broker", f"the daemon {mqtt.site}/{mqtt.device} is online", daemon=state)
    if state is None:
        fix = "Start it: systemctl start edge-agent"
        return Finding.warn("broker", f"no daemon has ever reported as {mqtt.site}/{mqtt.device}", fix, daemon=None)
    fix = "Start it: systemctl start edge-agent" if state == "offline" else "See the other findings, and: edge-agent status"
    return Finding.warn("broker", f"the daemon {mqtt.site}/{mqtt.device} is {state}: {why}", fix, daemon=state)


def _read(payload: bytes) -> dict[str, Any]:
    try:
        status = json.loads(payload)
    except ValueError:
        return {}
    return status if isinstance(status, dict) else {}
