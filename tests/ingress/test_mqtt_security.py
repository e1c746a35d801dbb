"""Certificates, passwords and what a broker may refuse, with a real mosquitto."""

from __future__ import annotations

import gc
import time

import paho.mqtt.client as paho
import pytest

from edge_agent.ingress import IngressError, MqttConfig, MqttIngress, Ping
from tests.ingress.kiosk import CMD, EVENT, SAY, STATUS, event
from tests.rigs.mosquitto import CONFIGS, make_certificates
from tests.rigs.mqtt_peer import RecordingInbox, eventually
from tests.rigs.ports import free_port

USERS = {"kiosk-1": "k1", "kiosk-2": "k2", "queue-system": "qs", "operator": "op", "till-1": "t1"}


class TestSecurity:
    def acl(self):
        return (CONFIGS / "store.acl").read_text().replace("store-12", "store")

    def test_tls_password_and_acl_as_shipped(self, mosquitto, start_ingress, peer, certificates):
        broker = mosquitto(base_config="store.conf", tls=certificates, users=USERS, acl=self.acl())
        fields = {"tls": True, "tls_ca": certificates.ca}
        ingress, inbox = start_ingress(broker.port, username="kiosk-1", password="k1", groups=("hall",), **fields)
        _, other = start_ingress(broker.port, device="kiosk-2", username="kiosk-2", password="k2", **fields)
        tls = MqttConfig(site="s", device="d", **fields).tls_context()
        desk = peer(broker.port, username="queue-system", password="qs", tls=tls).subscribe(EVENT, STATUS)
        operator = peer(broker.port, username="operator", password="op", tls=tls).subscribe("voice/store/reply/operator/#")
        till = peer(broker.port, username="till-1", password="t1", tls=tls).subscribe("#")

        desk.publish(SAY, "A", ResponseTopic="voice/store/reply/queue-system/1")
        desk.publish("voice/store/group/hall/say", "B")
        desk.publish(CMD, {"cmd": "stop"})
        till.publish("voice/store/kiosk-2/say", "not my kiosk")
        till.publish("voice/store/all/say", "not everyone")
        operator.publish(CMD, {"cmd": "ping"}, ResponseTopic="voice/store/reply/operator/1")
        eventually(lambda: inbox.commands)
        assert [type(command) for command, _ in inbox.commands] == [Ping]
        assert inbox.texts() == ["A", "B"]
        inbox.commands[0][1].answer()
        ingress.publish(event())
        eventually(lambda: operator.received and desk.on(EVENT) and desk.on(STATUS))
        assert other.messages == []
        assert {SAY, CMD, STATUS, "voice/store/reply/operator/1"}.isdisjoint({message.topic for message in till.received})

    def test_an_answer_the_acl_forbids_does_not_stay_in_the_outbox(self, mosquitto, start_ingress, caplog):
        broker = mosquitto(users=USERS, acl=self.acl())
        ingress, inbox = start_ingress(broker.port, username="kiosk-1", password="k1")
        done = event(reply_to="factory/door/open")
        ingress.publish(done)
        eventually(lambda: inbox.delivered)
        assert inbox.delivered == [done.event_id]
        assert "publication refused topic=factory/door/open reason='Not authorized'" in caplog.text

    @pytest.mark.parametrize("line", ["max_qos 0", "retain_available false"])
    def test_a_broker_that_cannot_keep_a_status_is_told_what_to_allow(self, mosquitto, start_ingress, line):
        broker = mosquitto(extra=(line,))
        ingress, inbox = start_ingress(broker.port, wait=False)
        eventually(lambda: inbox.links)
        assert f"which the broker has to allow: {line.split()[0]}" in ingress.problem

    @pytest.mark.parametrize("protocol", [5, 311])
    def test_wrong_password_says_so_and_does_not_hammer(self, mosquitto, start_ingress, protocol):
        broker = mosquitto(users=USERS)
        ingress, inbox = start_ingress(broker.port, wait=False, username="kiosk-1", password="wrong", protocol=protocol)
        eventually(lambda: inbox.links)
        assert "refused the connection: Not authorized (check mqtt.username, mqtt.password" in ingress.problem
        assert "wrong" not in ingress.problem
        assert not ingress.connected
        # Ordinary back-off would have knocked several times by now.
        time.sleep(3)
        assert broker.log().count("New connection from") == 1
        assert len(inbox.links) == 1

    def test_a_broker_with_a_strange_certificate_is_not_trusted(self, mosquitto, start_ingress, certificates, tmp_path):
        broker = mosquitto(tls=certificates)
        stranger = make_certificates(tmp_path)
        ingress, inbox = start_ingress(broker.port, wait=False, tls=True, tls_ca=stranger.ca)
        eventually(lambda: inbox.links)
        assert "is not trusted" in ingress.problem

    def test_client_certificate(self, mosquitto, start_ingress, certificates):
        broker = mosquitto(tls=certificates, require_certificate=True, extra=["use_identity_as_username true"])
        files = {"tls": True, "tls_ca": certificates.ca}
        start_ingress(broker.port, tls_cert=certificates.client_cert, tls_key=certificates.client_key, **files)
        assert "'kiosk-1'" in broker.log()
        without, inbox = start_ingress(broker.port, wait=False, device="kiosk-2", **files)
        eventually(lambda: inbox.links)
        assert not without.connected

    def test_unreadable_certificates_are_named_at_start(self, tmp_path, certificates):
        missing = MqttConfig(site="s", device="d", tls=True, tls_ca=tmp_path / "none.crt")
        with pytest.raises(IngressError, match=r"mqtt\.tls_ca .*none\.crt: No such file"):
            MqttIngress(missing).start(RecordingInbox())
        mixed = MqttConfig(
            site="s", device="d", tls=True, tls_ca=certificates.ca, tls_cert=certificates.client_cert, tls_key=certificates.broker_key
        )
        with pytest.raises(IngressError, match=r"mqtt\.tls_key"):
            MqttIngress(mixed).start(RecordingInbox())

    def test_two_devices_with_one_name_are_told(self, mosquitto, start_ingress):
        broker = mosquitto()
        both = [start_ingress(broker.port, max_backoff_s=1)[0] for _ in range(2)]
        hint = "does another client use the client id edge-agent-store-kiosk-1?"
        eventually(lambda: any(hint in (ingress.problem or "") for ingress in both))

    @pytest.mark.parametrize("reachable", [True, False])
    def test_a_connection_that_is_over_leaves_nothing_to_the_garbage_collector(self, mosquitto, start_ingress, reachable):
        port = mosquitto().port if reachable else free_port()
        gc.collect()
        gc.disable()
        try:
            ingress = start_ingress(port, wait=reachable, client_id="soon-over")[0]
            eventually(lambda: reachable or "refused" in ingress.problem)
            ingress.stop()
            assert [each for each in gc.get_objects() if type(each) is paho.Client and each._client_id == b"soon-over"] == []
        finally:
            gc.enable()
