"""The broker configurations as shipped: only paths and ports are replaced."""

from __future__ import annotations

import time

import pytest

from edge_agent.ingress import MqttConfig, MqttIngress
from tests.rigs.mosquitto import CONFIGS
from tests.rigs.mqtt_peer import Peer, RecordingInbox, eventually


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


class TestBridge:
    """Head office and device, each a broker of its own, as bridge.conf joins them."""

    BASE = "voice/store-12/kiosk-1"

    @pytest.fixture
    def office(self, mosquitto):
        return mosquitto(persistence=True)

    @pytest.fixture
    def device(self, mosquitto, office, tmp_path):
        state = tmp_path / "device-state"
        state.mkdir()
        return mosquitto(
            base_config="bridge.conf",
            users={"kiosk-1": "k1"},
            substitute={
                "listener 1883": "listener {port}",
                "password_file /etc/mosquitto/passwd": f"password_file {tmp_path / 'mosquitto-1' / 'passwd'}",
                "persistence_location /var/lib/mosquitto/": f"persistence_location {state}/",
                "address broker.example.com:8883": f"address 127.0.0.1:{office.port}",
                "bridge_cafile /etc/mosquitto/certs/ca.crt": "",
                "bridge_certfile /etc/mosquitto/certs/device.crt": "",
                "bridge_keyfile /etc/mosquitto/certs/device.key": "",
                # So that an outage in a test is short; the longest wait is what a device does, not what a test has time for.
                "restart_timeout 5 60": "restart_timeout 1 2",
            },
        )

    @pytest.fixture
    def peer(self):
        peers = []

        def connect(*arguments, **options):
            peers.append(Peer(*arguments, **options))
            return peers[-1]

        yield connect
        for one in peers:
            one.close()

    def test_what_happens_in_an_outage_reaches_the_office_after_it(self, office, device, peer, tmp_path) -> None:
        watcher = peer(office.port, session_expiry_s=600).subscribe(f"{self.BASE}/event", f"{self.BASE}/link")
        eventually(lambda: [message.payload for message in watcher.received if message.topic.endswith("/link")][-1:] == [b"1"])
        kiosk = peer(device.port, username="kiosk-1", password="k1")
        kiosk.publish(f"{self.BASE}/event", {"n": 0})
        eventually(lambda: watcher.on(f"{self.BASE}/event") == [{"n": 0}])
        office.stop()
        for number in range(1, 6):
            kiosk.publish(f"{self.BASE}/event", {"n": number})
        # It acknowledges first and saves then, some milliseconds later.
        saved = tmp_path / "device-state" / "mosquitto.db"
        eventually(lambda: saved.exists() and b'{"n": 5}' in saved.read_bytes())
        device.kill()  # the power fails during the outage
        device.start()
        office.start()
        eventually(lambda: list(dict.fromkeys(each["n"] for each in watcher.on(f"{self.BASE}/event"))) == [0, 1, 2, 3, 4, 5])

    def test_what_is_said_to_a_device_that_is_off_waits_for_it_as_long_as_it_may(self, office, device, peer) -> None:
        daemon = peer(device.port, username="kiosk-1", password="k1", session_expiry_s=600).subscribe(f"{self.BASE}/say")
        queue = peer(office.port)
        eventually(lambda: office.log().count("Sending SUBACK to store-12-kiosk-1-bridge") >= 4)
        queue.publish(f"{self.BASE}/say", {"text": "first"})
        eventually(lambda: daemon.on(f"{self.BASE}/say") == [{"text": "first"}])
        device.kill()
        queue.publish(f"{self.BASE}/say", {"text": "stale"}, MessageExpiryInterval=1)
        queue.publish(f"{self.BASE}/say", {"text": "second"}, MessageExpiryInterval=600)
        queue.publish("voice/store-12/all/say", {"text": "to other devices too"})
        queue.publish("voice/store-12/all/pack", {"statement": "{}"}, retain=True)
        # The office's broker counts lifetimes in whole seconds.
        time.sleep(2.5)
        device.start()
        eventually(lambda: {"text": "second"} in daemon.on(f"{self.BASE}/say"))
        newcomer = peer(device.port, username="kiosk-1", password="k1").subscribe("voice/store-12/all/pack")
        eventually(lambda: newcomer.on("voice/store-12/all/pack") == [{"statement": "{}"}])
        assert newcomer.received[0].retain, "the device's broker keeps it"
        # At least once: what was acknowledged in the moment of the power cut may come again, and the daemon knows it by its id.
        assert list(dict.fromkeys(each["text"] for each in daemon.on(f"{self.BASE}/say"))) == ["first", "second"]
