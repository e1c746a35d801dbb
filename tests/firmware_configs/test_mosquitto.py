"""The broker configurations as shipped: only paths and ports are replaced."""

from __future__ import annotations

import pytest

from edge_agent.ingress import MqttConfig, MqttIngress
from tests.rigs.mosquitto import CONFIGS
from tests.rigs.mqtt_peer import RecordingInbox, eventually


@pytest.fixture
def connect():
    running = []

    def start(**fields):
        ingress = MqttIngress(MqttConfig(site="store-12", device="kiosk-1", **fields))
        running.append(ingress)
        ingress.start(RecordingInbox())
        return ingress

    yield start
    for ingress in running:
        ingress.stop()


def test_demo(mosquitto, connect):
    broker = mosquitto(base_config="demo.conf", substitute={"listener 18830 127.0.0.1": "listener {port} 127.0.0.1"})
    ingress = connect(port=broker.port)
    eventually(lambda: ingress.connected)
    assert ingress.problem is None


def test_store(mosquitto, connect, certificates, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    broker = mosquitto(
        base_config="store.conf",
        users={"kiosk-1": "k1"},
        acl=(CONFIGS / "store.acl").read_text(),
        substitute={
            "listener 8883": "listener {port} 127.0.0.1",
            "/etc/mosquitto/certs/ca.crt\ncertfile": f"{certificates.ca}\ncertfile",
            "certfile /etc/mosquitto/certs/broker.crt": f"certfile {certificates.broker_cert}",
            "keyfile /etc/mosquitto/certs/broker.key": f"keyfile {certificates.broker_key}",
            "password_file /etc/mosquitto/passwd": f"password_file {tmp_path / 'mosquitto-0' / 'passwd'}",
            "acl_file /etc/mosquitto/store.acl": f"acl_file {tmp_path / 'mosquitto-0' / 'acl'}",
            "persistence_location /var/lib/mosquitto/": f"persistence_location {state}/",
        },
    )
    ingress = connect(port=broker.port, username="kiosk-1", password="k1", tls=True, tls_ca=certificates.ca)
    eventually(lambda: ingress.connected)
    assert ingress.problem is None
    broker.stop()
    assert (state / "mosquitto.db").stat().st_size > 0
    stranger = connect(port=broker.start().port, username="kiosk-1", password="guess", tls=True, tls_ca=certificates.ca)
    eventually(lambda: "refused the connection" in (stranger.problem or ""))
