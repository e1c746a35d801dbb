from __future__ import annotations

import socket
import threading
import weakref

import pytest

from edge_agent.ingress import IngressError, MqttConfig, broker_client
from edge_agent.ingress.broker_client import BrokerClient, BrokerRefused, BrokerUnreachable, MessageTooLarge
from tests.rigs.mosquitto import Certificates, MosquittoFactory
from tests.rigs.mqtt_peer import Peer, eventually
from tests.rigs.ports import free_port

ACL = "user teller\ntopic read voice/store/kiosk-1/event\ntopic write voice/store/kiosk-1/say\n"


def config(port: int, **fields: object) -> MqttConfig:
    return MqttConfig(**{"site": "store", "device": "kiosk-1", "port": port, **fields})  # type: ignore[arg-type]


def patient(config: MqttConfig) -> BrokerClient:
    """Waits for however busy the machine is."""
    return BrokerClient(config, timeout_s=60)


@pytest.mark.parametrize("protocol", [5, 311])
def test_says_and_hears(mosquitto: MosquittoFactory, protocol: int) -> None:
    broker = mosquitto()
    peer = Peer(broker.port)
    peer.publish("kept", "before", retain=True)
    peer.close()
    with patient(config(broker.port, protocol=protocol)) as client:
        client.subscribe("kept", "said")
        assert client.publish("said", b"now")
        heard = [client.hear(60), client.hear(60)]
    assert {(each.topic, each.payload, each.retained) for each in heard if each} == {("kept", b"before", True), ("said", b"now", False)}


@pytest.mark.parametrize("protocol", [5, 311])
def test_what_is_stored_is_found_without_waiting_for_what_is_not(
    mosquitto: MosquittoFactory, protocol: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes before the answer to a later question."""
    monkeypatch.setattr(broker_client, "_LOOKED_UP_S", 0.0)
    broker = mosquitto()
    peer = Peer(broker.port)
    peer.publish("kept", "before", retain=True)
    peer.close()
    for _ in range(20):
        with patient(config(broker.port, protocol=protocol)) as client:
            assert client.stored("kept", "never") == {"kept": b"before"}


def test_what_is_stored_may_come_late(mosquitto: MosquittoFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some brokers look it up on the side."""
    monkeypatch.setattr(broker_client, "_LOOKED_UP_S", 60.0)
    broker = mosquitto()
    peer = Peer(broker.port)
    with patient(config(broker.port)) as client:
        round_trip = client._round_trip
        monkeypatch.setattr(client, "_round_trip", lambda: (round_trip(), peer.publish("kept", "late")))
        assert client.stored("kept") == {"kept": b"late"}
    peer.close()


def test_what_is_not_heard_takes_a_bounded_part_of_the_memory(
    mosquitto: MosquittoFactory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(broker_client, "_MOST_UNHEARD_BYTES", 300_000)
    with patient(config(mosquitto().port)) as client:
        client.subscribe("flood", "said")
        for number in range(5):
            client.publish("flood", bytes([number]) * 100_000)
        eventually(lambda: caplog.text.count("mqtt message lost") == 3)
        client.publish("said", b"that was all")
        heard = [client.hear(60), client.hear(60), client.hear(60)]
        assert [each.payload[:1] for each in heard if each] == [b"\0", b"\1", b"t"]
        client.publish("flood", b"\5" * 100_000)
        again = client.hear(60)
        assert again is not None
        assert again.payload[:1] == b"\5", "there is room again"


def test_a_message_that_is_too_large_for_the_broker_is_not_sent(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto(base_config="store.conf")
    with patient(config(broker.port)) as client:
        with pytest.raises(MessageTooLarge, match=r"at most 65536 bytes \(max_packet_size\), and the one to voice/store/pack/0 has 262144"):
            client.publish("voice/store/pack/0", bytes(256 * 1024))
        client.publish("voice/store/pack/0", bytes(48 * 1024))
    assert "packet too large" not in broker.log()


def test_knows_when_nobody_listens(mosquitto: MosquittoFactory) -> None:
    with patient(config(mosquitto().port)) as client:
        assert client.publish("nobody/here", b"hello") is False
        assert client.hear(0.01) is None


def test_tells_the_broker_when_to_forget(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    peer = Peer(broker.port).subscribe("said")
    with patient(config(broker.port)) as client:
        client.publish("said", b"", expiry_s=60)
    eventually(lambda: peer.received)
    assert peer.received[0].properties.MessageExpiryInterval == 60
    peer.close()


def test_a_broker_that_is_away() -> None:
    port = free_port()
    with pytest.raises(BrokerUnreachable, match=rf"no MQTT broker at 127\.0\.0\.1:{port}: Connection refused"), patient(config(port)):
        pass


def test_a_host_that_does_not_exist() -> None:
    with pytest.raises(BrokerUnreachable, match=r"no MQTT broker at nowhere\.invalid"), patient(config(1, host="nowhere.invalid")):
        pass


def test_something_that_is_no_broker() -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        client = BrokerClient(config(mute.getsockname()[1]), timeout_s=0.2)
        with pytest.raises(BrokerUnreachable, match="does not answer"), client:
            pass


def test_a_login_that_is_wrong(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto(users={"teller": "right"})
    client = patient(config(broker.port, username="teller", password="wrong"))
    with pytest.raises(BrokerRefused, match="refuses the connection: Not authorized"), client:
        pass


def test_rights_that_are_missing(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto(users={"teller": "right"}, acl=ACL)
    with patient(config(broker.port, username="teller", password="right")) as client:
        client.subscribe("voice/store/kiosk-1/event")
        client.publish("voice/store/kiosk-1/say", b"{}")
        with pytest.raises(BrokerRefused, match="refuses messages to voice/store/kiosk-2/say"):
            client.publish("voice/store/kiosk-2/say", b"{}")


def test_tls_with_a_certificate_of_our_own(mosquitto: MosquittoFactory, certificates: Certificates) -> None:
    broker = mosquitto(tls=certificates, require_certificate=True)
    files = {"tls_ca": certificates.ca, "tls_cert": certificates.client_cert, "tls_key": certificates.client_key}
    with patient(config(broker.port, tls=True, **files)) as client:
        client.subscribe("said")
        client.publish("said", b"secret")
        assert client.hear(60)
    with pytest.raises(BrokerUnreachable, match=r"(?i)certificate"), patient(config(broker.port, tls=True)):
        pass
    missing = certificates.ca.with_name("missing.pem")
    with pytest.raises(IngressError, match="tls_ca"), patient(config(broker.port, tls=True, tls_ca=missing)):
        pass


def test_what_is_said_while_the_connection_is_broken_is_heard_after_it(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    peer = Peer(broker.port)
    with patient(config(broker.port)) as client:
        client.subscribe("said")
        client._client.socket().shutdown(socket.SHUT_RDWR)
        peer.publish("said", "still there")
        heard = client.hear(60)
    assert heard is not None
    assert heard.payload == b"still there"
    peer.close()


def test_a_broker_that_has_forgotten_us_is_told_again(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    with patient(config(broker.port)) as client:
        client.subscribe("said")
        broker.kill()
        broker.start()
        eventually(lambda: "said (QoS 1)" in broker.log(), "the subscription")
        peer = Peer(broker.port)
        peer.publish("said", "welcome back")
        assert client.hear(60)
        peer.close()


def test_leaves_no_session_and_no_thread_behind(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    before = threading.enumerate()
    with patient(config(broker.port)) as client:
        client.subscribe("said")
    assert set(threading.enumerate()) <= set(before)
    with patient(config(broker.port)) as client:
        assert client.publish("said", b"to nobody") is False


def test_whoever_still_refers_to_it_keeps_none_of_its_sockets_open(mosquitto: MosquittoFactory) -> None:
    with patient(config(mosquitto().port)) as client:
        inner = weakref.ref(client._client)
    assert inner() is None
    assert client is not None


def test_a_broker_that_speaks_tls_when_we_do_not(mosquitto: MosquittoFactory, certificates: Certificates) -> None:
    broker = mosquitto(tls=certificates)
    with pytest.raises(BrokerUnreachable), BrokerClient(config(broker.port), timeout_s=1.0):
        pass
