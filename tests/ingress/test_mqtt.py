"""The MQTT ingress against a real mosquitto."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from edge_agent.ingress import MqttConfig, MqttIngress
from tests.ingress.kiosk import CMD, EVENT, HEALTH, REPLY, SAY, STATUS, event
from tests.rigs.mqtt_peer import RecordingInbox, eventually
from tests.rigs.mqtt_relay import mqtt_relay


def live_socket(ingress):
    return ingress._link._connection.socket


class TestSay:
    def test_hands_over_payload_and_properties(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        _, inbox = start_ingress(broker.port)
        peer(broker.port).publish(
            SAY, "你好", ContentType="text/plain", CorrelationData=b"\x00\xff", ResponseTopic=REPLY, MessageExpiryInterval=60
        )
        eventually(lambda: inbox.messages)
        message = inbox.messages[0]
        assert message.payload == "你好".encode()
        assert (message.source, message.content_type) == (f"mqtt:{SAY}", "text/plain")
        assert (message.correlation, message.reply_to, message.redelivered) == (b"\x00\xff", REPLY, False)
        assert 0 < message.expiry_s <= 60
        assert abs(message.received_at - time.time()) < 60

    def test_hears_site_and_groups_and_nothing_else(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        _, inbox = start_ingress(broker.port, groups=("hall", "doors"))
        sender = peer(broker.port)
        topics = [SAY, "voice/store/all/say", "voice/store/group/hall/say", "voice/store/group/doors/say"]
        others = ["voice/store/kiosk-2/say", "voice/other/all/say", "voice/store/group/cellar/say", f"{SAY}/more", "hermes/tts/say"]
        for topic in [*others, *topics]:
            sender.publish(topic, topic)
        eventually(lambda: len(inbox.messages) == len(topics))
        assert inbox.texts() == topics

    def test_of_a_shared_group_one_device_speaks(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        inboxes = [start_ingress(broker.port, device=f"kiosk-{i}", shared_groups=("hall",))[1] for i in (1, 2)]
        sender = peer(broker.port)
        texts = [f"number {i}" for i in range(10)]
        for text in texts:
            sender.publish("voice/store/group/hall/say", text)
        eventually(lambda: sum(len(inbox.messages) for inbox in inboxes) >= len(texts))
        assert sorted(inboxes[0].texts() + inboxes[1].texts()) == texts
        assert all(inbox.messages for inbox in inboxes)

    @pytest.mark.parametrize("protocol", [5, 311])
    def test_retained_request_is_never_spoken_again(self, mosquitto, start_ingress, peer, protocol):
        broker = mosquitto()
        sender = peer(broker.port)
        sender.publish(SAY, "yesterday's news", retain=True)
        sender.publish(CMD, {"cmd": "stop"}, retain=True)
        _, inbox = start_ingress(broker.port, protocol=protocol)
        sender.publish(SAY, "today's")
        eventually(lambda: inbox.messages)
        assert inbox.texts() == ["today's"]
        assert inbox.commands == []

    def test_a_group_that_was_left_is_no_longer_heard(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        before, _ = start_ingress(broker.port, groups=("hall",))
        before.stop()
        _, inbox = start_ingress(broker.port)
        sender = peer(broker.port)
        sender.publish("voice/store/group/hall/say", "for the hall")
        eventually(lambda: "Received UNSUBSCRIBE" in broker.log(), "unsubscribing")
        sender.publish(SAY, "for me")
        eventually(lambda: inbox.messages)
        assert inbox.texts() == ["for me"]


class TestAcknowledgement:
    def test_not_given_before_ack(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        first, inbox = start_ingress(broker.port, acking=False)
        peer(broker.port).publish(SAY, "keep me")
        eventually(lambda: inbox.messages)
        first.stop()

        second, inbox = start_ingress(broker.port, acking=False)
        eventually(lambda: inbox.messages)
        assert inbox.messages[0].redelivered
        inbox.acks[0]()
        inbox.acks[0]()
        eventually(lambda: broker.log().count("Received PUBACK") == 1)
        second.stop()

        _, inbox = start_ingress(broker.port)
        peer(broker.port).publish(SAY, "next")
        eventually(lambda: inbox.messages)
        assert inbox.texts() == ["next"]
        eventually(lambda: broker.log().count("Received PUBACK from edge-agent-store-kiosk-1") == 2)

    def test_a_redelivery_has_the_fingerprint_of_the_first_delivery(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        first, inbox = start_ingress(broker.port, acking=False)
        sender = peer(broker.port)
        sender.publish(SAY, "same words")
        sender.publish(SAY, "same words")
        eventually(lambda: len(inbox.messages) == 2)
        first.stop()
        _, again = start_ingress(broker.port, acking=False)
        eventually(lambda: len(again.messages) == 2)
        assert [m.fingerprint() for m in again.messages] == [m.fingerprint() for m in inbox.messages]
        assert inbox.messages[0].fingerprint() != inbox.messages[1].fingerprint()

    def test_of_an_earlier_connection_acknowledges_nothing(self, mosquitto, start_ingress, peer):
        broker = mosquitto(persistence=True)
        ingress, inbox = start_ingress(broker.port, acking=False, max_backoff_s=1)
        peer(broker.port).publish(SAY, "keep me")
        eventually(lambda: inbox.messages)
        for n_deliveries in (2, 3):
            broker.stop()
            eventually(lambda: not ingress.connected)
            broker.start()
            eventually(lambda n=n_deliveries: len(inbox.messages) == n)
            inbox.acks[0]()
        assert inbox.texts() == ["keep me"] * 3
        assert inbox.messages[2].redelivered

    def test_receive_maximum_bounds_what_is_not_in_the_journal(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        _, inbox = start_ingress(broker.port, acking=False, receive_maximum=3)
        sender = peer(broker.port)
        for i in range(5):
            sender.publish(SAY, str(i))
        # A QoS 0 message does not count and overtakes, so it shows that the others are being held back.
        sender.publish(SAY, "overtaking", qos=0)
        eventually(lambda: "overtaking" in inbox.texts())
        assert sorted(inbox.texts()) == ["0", "1", "2", "overtaking"]
        for ack in inbox.acks:
            ack()
        eventually(lambda: {"3", "4"} <= set(inbox.texts()))

    def test_may_come_from_any_thread(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        _, inbox = start_ingress(broker.port, acking=False)
        sender = peer(broker.port)
        for i in range(50):
            sender.publish_soon(SAY, str(i))
        done = 0
        while done < 50:
            eventually(lambda done=done: len(inbox.acks) > done)
            batch = inbox.acks[done:]
            done += len(batch)
            threads = [threading.Thread(target=ack) for ack in batch]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        eventually(lambda: inbox.texts() == [str(i) for i in range(50)], "the last one, which the core can acknowledge before it keeps it")

    def test_a_failing_core_costs_neither_the_message_nor_the_connection(self, mosquitto, start_ingress, peer, caplog):
        class Failing(RecordingInbox):
            def submit(self, message, ack):
                if message.payload == b"bad day":
                    raise ZeroDivisionError
                super().submit(message, ack)

        broker = mosquitto()
        ingress, inbox = MqttIngress(MqttConfig(site="store", device="kiosk-1", port=broker.port)), Failing()
        ingress.start(inbox)
        eventually(lambda: ingress.connected)
        sender = peer(broker.port)
        sender.publish(SAY, "bad day")
        sender.publish(SAY, "good day")
        eventually(lambda: inbox.messages)
        ingress.stop()
        assert inbox.links == [("mqtt", True, None)]
        _, inbox = start_ingress(broker.port)
        eventually(lambda: inbox.messages)
        assert inbox.texts() == ["bad day"]
        assert "mqtt message failed" in caplog.text


class TestBrokerAway:
    def test_at_boot(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        broker.stop()
        ingress, inbox = start_ingress(broker.port, wait=False, max_backoff_s=1)
        eventually(lambda: ingress.problem.startswith("cannot reach 127.0.0.1"))
        assert not ingress.connected
        assert ingress.heartbeat.alive()
        broker.start()
        eventually(lambda: ingress.connected)
        peer(broker.port).publish(SAY, "here I am")
        eventually(lambda: inbox.messages)
        assert ingress.problem is None
        assert inbox.links[-1] == ("mqtt", True, None)

    def test_unknown_host_is_a_problem_not_an_error(self, start_ingress):
        ingress, inbox = start_ingress(1883, wait=False, host="no-such-host.invalid")
        eventually(lambda: inbox.links)
        assert "cannot reach no-such-host.invalid:1883" in ingress.problem

    def test_stopped_mid_stream_loses_nothing(self, mosquitto, start_ingress, peer):
        broker = mosquitto(persistence=True)
        _, inbox = start_ingress(broker.port, max_backoff_s=1)
        sender = peer(broker.port)
        stream = [sender.publish_soon(SAY, str(i)) for i in range(200)]
        eventually(lambda: len(inbox.messages) > 20)
        broker.stop()
        broker.start()
        for publication in stream:
            publication.wait_for_publish(20)
        eventually(lambda: len(set(inbox.texts())) == 200)

    def test_killed_keeps_what_it_had_saved(self, mosquitto, start_ingress, peer):
        broker = mosquitto(persistence=True)
        ingress, inbox = start_ingress(broker.port, acking=False, max_backoff_s=1)
        sender = peer(broker.port)
        for i in range(20):
            sender.publish(SAY, str(i))
        eventually(lambda: len(inbox.messages) == 8)
        broker.save()
        broker.kill()
        eventually(lambda: not ingress.connected)
        inbox.acking = True
        broker.start()
        eventually(lambda: len(set(inbox.texts())) == 20)

    def test_what_is_refused_of_the_backlog_is_answered(self, mosquitto, start_ingress, peer):
        """A broker sends what it kept for us before it answers our subscriptions."""
        broker = mosquitto()
        start_ingress(broker.port)[0].stop()
        sender = peer(broker.port).subscribe(EVENT, REPLY)
        for _ in range(5):
            sender.publish(SAY, b"a" * 16_385, ResponseTopic=REPLY)
        start_ingress(broker.port)
        eventually(lambda: len(sender.on(EVENT)) == len(sender.on(REPLY)) == 5)
        assert {event["event"] for event in sender.on(REPLY)} == {"rejected"}

    def test_message_expiry_counts_while_the_daemon_is_away(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        start_ingress(broker.port)[0].stop()
        sender = peer(broker.port)
        sender.publish(SAY, "soon stale", MessageExpiryInterval=1)
        sender.publish(SAY, "still good", MessageExpiryInterval=60)
        time.sleep(2.1)
        _, inbox = start_ingress(broker.port)
        eventually(lambda: inbox.messages)
        assert inbox.texts() == ["still good"]
        assert inbox.messages[0].expiry_s <= 58


class TestEvents:
    def test_go_to_the_event_topic_and_to_whoever_asked(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        ingress, inbox = start_ingress(broker.port)
        watcher = peer(broker.port).subscribe(EVENT, REPLY)
        done = event(reply_to=REPLY, correlation=b"\x01\x02", detail={"audio_s": 1.5})
        ingress.publish(event("accepted", reply_to=REPLY, correlation=b"\x01\x02"))
        ingress.publish(done)
        eventually(lambda: len(watcher.received) == 4)
        assert [body["event"] for body in watcher.on(EVENT)] == ["accepted", "played"]
        assert [body["event"] for body in watcher.on(REPLY)] == ["accepted", "played"]
        assert watcher.on(EVENT)[1] == json.loads(done.to_json())
        replies = [message for message in watcher.received if message.topic == REPLY]
        assert {message.properties.CorrelationData for message in replies} == {b"\x01\x02"}
        assert not any(message.retain for message in watcher.received)
        eventually(lambda: inbox.delivered)
        assert inbox.delivered == [done.event_id]

    def test_terminal_ones_are_left_to_the_outbox_while_the_broker_is_away(self, mosquitto, start_ingress, peer):
        broker = mosquitto(persistence=True)
        watcher = peer(broker.port, session_expiry_s=60).subscribe(EVENT)
        ingress, inbox = start_ingress(broker.port, max_backoff_s=1)
        broker.stop()
        eventually(lambda: not ingress.connected)
        done = event()
        ingress.publish(event("started"))
        ingress.publish(done)
        broker.start()
        eventually(lambda: ingress.connected and watcher.received)
        assert [body["event"] for body in watcher.on(EVENT)] == ["started"]
        assert inbox.delivered == []
        # On its own thread, so that the broker cannot acknowledge the first before the second is there.
        ingress._link.soon(lambda: [ingress.publish(done) for _ in range(2)])
        eventually(lambda: inbox.delivered and len(watcher.on(EVENT)) > 1)
        assert [body["event"] for body in watcher.on(EVENT)] == ["started", "played"]

    def test_are_bounded_while_the_broker_is_away(self, mosquitto, start_ingress, peer):
        broker = mosquitto(persistence=True)
        watcher = peer(broker.port, session_expiry_s=60).subscribe(EVENT)
        broker.stop()
        ingress, _ = start_ingress(broker.port, wait=False, max_backoff_s=1)
        for i in range(300):
            ingress.publish(event("started", id=f"a{i}"))
        eventually(lambda: ingress.n_dropped == 44)
        broker.start()
        eventually(lambda: len(watcher.received) == 256, "the newest 256")
        assert [body["id"] for body in watcher.on(EVENT)] == [f"a{i}" for i in range(44, 300)]

    def test_a_flood_arrives_whole_and_in_order(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        ingress, inbox = start_ingress(broker.port)
        watcher = peer(broker.port).subscribe(EVENT)
        flood = [event(id=f"a{i}") for i in range(500)]
        for one in flood:
            ingress.publish(one)
        eventually(lambda: len(inbox.delivered) == 500)
        eventually(lambda: len(watcher.received) == 500)
        assert [body["id"] for body in watcher.on(EVENT)] == [f"a{i}" for i in range(500)]

    def test_too_large_for_the_broker_is_given_up_not_tried_for_ever(self, mosquitto, start_ingress, peer, caplog):
        broker = mosquitto(base_config="store.conf")
        ingress, inbox = start_ingress(broker.port)
        huge = event(detail={"reason": "x" * 70_000})
        ingress.publish(huge)
        eventually(lambda: inbox.delivered)
        assert inbox.delivered == [huge.event_id]
        assert ingress.connected and len(inbox.links) == 1
        assert "too large for the broker" in caplog.text


class TestStatus:
    def test_is_retained_from_start_to_stop(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        ingress, _ = start_ingress(broker.port)
        watcher = peer(broker.port).subscribe(STATUS)
        eventually(lambda: watcher.received)
        ingress.set_status("online", [])
        eventually(lambda: len(watcher.received) == 2)
        ingress.set_status("degraded", ["no audio device"])
        eventually(lambda: len(watcher.received) == 3)
        ingress.stop()
        eventually(lambda: len(watcher.received) == 4)
        said = [(body["state"], body["why"]) for body in watcher.on(STATUS)]
        assert said == [("degraded", ["starting"]), ("online", []), ("degraded", ["no audio device"]), ("offline", ["stopped"])]
        late = peer(broker.port).subscribe(STATUS)
        eventually(lambda: late.received)
        assert late.received[0].retain and late.on(STATUS)[0]["state"] == "offline"

    def test_the_farewell_is_the_last_word(self, mosquitto, start_ingress, peer, monkeypatch):
        """Other threads still report while they are being stopped; what was said last is what the broker keeps."""
        broker = mosquitto()
        ingress, _ = start_ingress(broker.port)
        queue = ingress._link.send

        def send(publications):
            queue(publications)
            ingress.set_status("online", [])

        monkeypatch.setattr(ingress._link, "send", send)
        ingress.stop()
        late = peer(broker.port).subscribe(STATUS)
        eventually(lambda: late.received)
        assert late.on(STATUS) == [{"state": "offline", "why": ["stopped"], "at": late.on(STATUS)[0]["at"]}]

    def test_stopped_before_it_could_say_so(self, mosquitto, start_ingress, peer):
        """With the connection the broker took back the will of the last one; it is not to be taken back for good."""
        broker = mosquitto()
        watcher = peer(broker.port).subscribe(STATUS)
        with mqtt_relay(broker.port, forget_subscriptions=True) as port:
            ingress, _ = start_ingress(port, wait=False, will_delay_s=0)
            eventually(lambda: f"Sending SUBACK to {ingress._link._config.effective_client_id}" in broker.log())
            ingress.stop()
            eventually(lambda: watcher.on(STATUS) == [{"state": "offline", "why": ["connection lost"]}])

    def test_says_what_the_broker_will_not_let_it_hear(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        with mqtt_relay(broker.port, refuse_last_subscription=True) as port:
            ingress, _ = start_ingress(port, groups=("hall",))
            ingress.set_status("online", [])
            watcher = peer(broker.port).subscribe(STATUS)
            problem = "the broker refused to subscribe us to voice/store/group/hall/cmd (Not authorized)"
            eventually(lambda: watcher.on(STATUS)[-1:] and watcher.on(STATUS)[-1]["why"] == [problem])
            assert watcher.on(STATUS)[-1]["state"] == "degraded"
            assert (ingress.connected, ingress.problem) == (True, problem)
            ingress.stop()

    def test_health_is_retained_and_sent_again_to_a_broker_that_forgot(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        ingress, _ = start_ingress(broker.port, max_backoff_s=1)
        ingress.publish_health({"queue": 1})
        ingress.publish_health({"queue": 2, "voice": "小雅"})
        broker.stop()
        broker.start()
        watcher = peer(broker.port).subscribe(HEALTH, STATUS)
        eventually(lambda: watcher.on(HEALTH) and watcher.on(STATUS))
        assert watcher.on(HEALTH)[-1] == {"queue": 2, "voice": "小雅"}

    @pytest.mark.parametrize("protocol", [5, 311])
    def test_last_will(self, mosquitto, peer, protocol):
        broker = mosquitto()
        daemon = _daemon(broker.port, protocol=protocol, will_delay_s=0)
        watcher = peer(broker.port).subscribe(STATUS)
        eventually(lambda: watcher.received)
        daemon.kill()
        daemon.communicate()
        eventually(lambda: len(watcher.received) == 2)
        assert watcher.on(STATUS)[-1] == {"state": "offline", "why": ["connection lost"]}
        late = peer(broker.port).subscribe(STATUS)
        eventually(lambda: late.received)
        assert late.on(STATUS)[0]["state"] == "offline"

    def test_a_short_absence_is_not_announced(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        daemon = _daemon(broker.port, protocol=5, will_delay_s=120)
        watcher = peer(broker.port).subscribe(STATUS)
        eventually(lambda: watcher.received)
        daemon.kill()
        daemon.communicate()
        ingress, _ = start_ingress(broker.port)
        ingress.set_status("online", [])
        eventually(lambda: watcher.on(STATUS)[-1]["state"] == "online")
        assert "offline" not in [body["state"] for body in watcher.on(STATUS)]


_DAEMON = """
import json, sys, time
from edge_agent.ingress import MqttConfig, MqttIngress
from tests.rigs.mqtt_peer import RecordingInbox
ingress = MqttIngress(MqttConfig(site="store", device="kiosk-1", **json.loads(sys.argv[1])))
ingress.start(RecordingInbox())
while not ingress.connected:
    time.sleep(0.01)
print("connected", flush=True)
time.sleep(600)
"""


def _daemon(port, **fields):
    """An ingress in a process of its own, to be killed."""
    arguments = [sys.executable, "-c", _DAEMON, json.dumps({"port": port, **fields})]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    assert process.stdout.readline() == b"connected\n"
    return process


HOSTILE_PAYLOADS = [
    b"", b"\x00", b"\xff\xfe", b"{", b'{"cmd":' * 2000, b"[" * 16000, b'{"cmd":"stop","cmd":"clear"}', b'{"cmd":NaN}', b"null",
    b'{"cmd":["stop"]}', b'{"cmd":"volume","volume":1e999}', b'{"cmd":"ping","ref":"\\ud800"}', b"a" * 1_000_000,
]  # fmt: skip


class TestHostile:
    def test_payloads_harm_nothing(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        _, inbox = start_ingress(broker.port)
        attacker = peer(broker.port).subscribe(REPLY, EVENT)
        for payload in HOSTILE_PAYLOADS:
            attacker.publish(CMD, payload, ResponseTopic=REPLY, CorrelationData=b"7")
            attacker.publish(SAY, payload)
        attacker.publish(SAY, "still there?")
        eventually(lambda: "still there?" in inbox.texts()[-1:])
        eventually(lambda: len(attacker.on(REPLY)) == len(HOSTILE_PAYLOADS))
        assert not any(answer["ok"] for answer in attacker.on(REPLY))
        assert inbox.commands == []
        # The last one, which is too large for either topic; of the other commands, two have good JSON and a bad field.
        assert Counter(inbox.refusals) == {"malformed": 10, "field": 2, "too_large": 2}
        # What is small enough is for the parser to judge, which knows the requester's id.
        assert [message.payload for message in inbox.messages[:-1]] == [p for p in HOSTILE_PAYLOADS if len(p) <= 16384]
        assert len(inbox.links) == 1

    def test_oversized_is_acknowledged_and_answered(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        ingress, inbox = start_ingress(broker.port)
        sender = peer(broker.port).subscribe(REPLY, EVENT)
        sender.publish(SAY, b"a" * 16_385, ResponseTopic=REPLY, CorrelationData=b"ticket-7")
        eventually(lambda: len(sender.received) == 2)
        for topic in (REPLY, EVENT):
            body = sender.on(topic)[0]
            assert (body["event"], body["id"], body["field"]) == ("rejected", "ticket-7", "payload")
            assert "16385 bytes" in body["reason"]
        assert inbox.messages == []
        ingress.stop()
        _, inbox = start_ingress(broker.port)
        sender.publish(SAY, b"a" * 16_384)
        eventually(lambda: inbox.messages)
        assert [len(message.payload) for message in inbox.messages] == [16_384]

    @pytest.mark.parametrize("topic", [SAY, CMD, STATUS, "voice/store/kiosk-2/cmd", "hermes/tts/say", "$SYS/broker", "/" * 200, "a\u0001b"])
    def test_answers_cannot_be_sent_where_devices_listen(self, mosquitto, start_ingress, peer, topic, caplog):
        caplog.set_level("INFO")
        broker = mosquitto()
        ingress, inbox = start_ingress(broker.port)
        sender = peer(broker.port).subscribe(EVENT)
        ingress.publish(event(reply_to=topic))
        eventually(lambda: inbox.delivered, "the copy on the event topic")
        sender.publish(CMD, json.dumps({"cmd": "ping", "reply_to": topic}))
        eventually(lambda: inbox.commands or "command refused" in caplog.text)
        for _, route in inbox.commands:
            route.answer()
        sender.publish(SAY, "done")
        eventually(lambda: inbox.messages)
        assert inbox.texts() == ["done"]
        assert ingress.connected and len(inbox.links) == 1

    def test_a_bad_response_topic_is_rejected_by_name(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        _, inbox = start_ingress(broker.port)
        sender = peer(broker.port).subscribe(EVENT)
        sender.publish(SAY, "hello", ResponseTopic=CMD, CorrelationData=b"ticket-8")
        eventually(lambda: sender.received)
        body = sender.on(EVENT)[0]
        assert (body["event"], body["field"]) == ("rejected", "reply_to")
        assert inbox.messages == [] and inbox.commands == []

    @pytest.mark.parametrize("properties", [{"ContentType": "\ufefftext/plain"}, {"UserProperty": ("a", "\ufeff")}])
    def test_properties_the_library_cannot_read_do_not_deafen_the_device(self, mosquitto, start_ingress, peer, properties):
        broker = mosquitto()
        ingress, inbox = start_ingress(broker.port, max_backoff_s=1)
        sender = peer(broker.port)
        sender.publish(SAY, "poison", **properties)
        sender.publish(SAY, "after it")
        eventually(lambda: len(inbox.messages) == 2)
        assert inbox.texts() == ["poison", "after it"]
        # And back to MQTT 5, where an answer can be asked for again.
        eventually(lambda: ingress.connected and broker.log().count("as edge-agent-store-kiosk-1 (p5") == 2)
        sender.publish(SAY, "well again", ContentType="text/plain")
        eventually(lambda: len(inbox.messages) == 3)
        assert inbox.messages[-1].content_type == "text/plain"


class TestOlderProtocol:
    def test_round_trip(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        ingress, inbox = start_ingress(broker.port, protocol=311)
        sender = peer(broker.port, v5=False).subscribe(EVENT, REPLY)
        sender.publish(SAY, {"text": "hello", "id": "a1"})
        eventually(lambda: inbox.messages)
        message = inbox.messages[0]
        assert (message.content_type, message.correlation, message.reply_to, message.expiry_s) == (None, None, None, None)
        done = event(reply_to=REPLY, correlation=b"from a v5 past")
        ingress.publish(done)
        eventually(lambda: len(sender.received) == 2 and inbox.delivered)
        assert inbox.delivered == [done.event_id]

    def test_session_survives(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        start_ingress(broker.port, protocol=311)[0].stop()
        peer(broker.port, v5=False).publish(SAY, "while you were out")
        _, inbox = start_ingress(broker.port, protocol=311)
        eventually(lambda: inbox.messages)
        assert inbox.texts() == ["while you were out"]

    def test_is_fallen_back_to(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        with mqtt_relay(broker.port, refuse_v5=True) as port:
            ingress, inbox = start_ingress(port)
            peer(broker.port).publish(SAY, "hello")
            eventually(lambda: inbox.messages)
            assert "does not speak MQTT 5" in inbox.links[0][2]
            ingress.stop()


class TestHermes:
    def test_alias(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        ingress, inbox = start_ingress(broker.port, hermes=True)
        rhasspy = peer(broker.port, v5=False).subscribe("hermes/#")
        rhasspy.publish("hermes/tts/say", {"text": "hello", "lang": "en_US", "id": "t1", "sessionId": "s1", "siteId": "default"}, qos=0)
        rhasspy.publish("hermes/tts/say", {"text": "not for us", "siteId": "kitchen"}, qos=0)
        eventually(lambda: inbox.messages)
        message = inbox.messages[0]
        assert json.loads(message.payload) == {"text": "hello", "lang": "en", "id": "t1"}
        spoken = {"source": message.source, "correlation": message.correlation, "id": "t1"}
        ingress.publish(event("started", **spoken))
        ingress.publish(event("played", **spoken))
        ingress.publish(event("played", id="mine"))
        eventually(lambda: rhasspy.on("hermes/tts/sayFinished") and len(inbox.delivered) == 2)
        assert rhasspy.on("hermes/tts/sayFinished") == [{"siteId": "default", "id": "t1", "sessionId": "s1"}]
        assert rhasspy.on("hermes/error/tts") == []
        assert len(inbox.messages) == 1

    def test_refusal_ends_the_dialogue_too(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        start_ingress(broker.port, hermes=True)
        rhasspy = peer(broker.port, v5=False).subscribe("hermes/#", EVENT)
        rhasspy.publish("hermes/tts/say", b"not json", qos=0)
        eventually(lambda: rhasspy.on("hermes/tts/sayFinished") and rhasspy.on(EVENT))
        assert "is not JSON" in rhasspy.on("hermes/error/tts")[0]["error"]
        assert rhasspy.on(EVENT)[0]["event"] == "rejected"


class TestSocket:
    def test_has_no_delay(self, mosquitto, start_ingress):
        ingress, _ = start_ingress(mosquitto().port)
        assert live_socket(ingress).getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    def test_has_no_delay_under_tls(self, mosquitto, start_ingress, certificates):
        ingress, _ = start_ingress(mosquitto(tls=certificates).port, tls=True, tls_ca=certificates.ca)
        assert live_socket(ingress).getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    def test_large_messages_pass_through_tls(self, mosquitto, start_ingress, peer, certificates):
        """TLS decrypts more than one MQTT packet at a time; none may be left lying in its buffer."""
        broker = mosquitto(tls=certificates)
        _, inbox = start_ingress(broker.port, tls=True, tls_ca=certificates.ca)
        sender = peer(broker.port, tls=MqttConfig(site="s", device="d", tls=True, tls_ca=certificates.ca).tls_context())
        for i in range(60):
            sender.publish_soon(SAY, bytes([65 + i]) * (16_384 if i % 2 else 10))
        eventually(lambda: len(inbox.messages) == 60)
        assert [message.payload[0] for message in inbox.messages] == [65 + i for i in range(60)]


class TestThread:
    def test_is_named_and_beats_and_ends(self, mosquitto, start_ingress):
        before = threading.enumerate()
        ingress, _ = start_ingress(mosquitto().port)
        (own,) = (thread for thread in threading.enumerate() if thread.name == "mqtt" and thread not in before)
        first = ingress.heartbeat.age_s()
        eventually(lambda: ingress.heartbeat.age_s() < first or ingress.heartbeat.age_s() < 0.5)
        ingress.stop(60)
        assert not own.is_alive()
        ingress.stop()
        ingress.publish(event())
        assert not ingress.connected

    def test_stops_while_the_broker_is_away(self, start_ingress):
        before = threading.enumerate()
        ingress, inbox = start_ingress(1, wait=False)
        eventually(lambda: inbox.links)
        ingress.stop(60)
        assert not [thread for thread in threading.enumerate() if thread.name == "mqtt" and thread not in before]

    def test_flushes_before_it_ends(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        ingress, inbox = start_ingress(broker.port)
        watcher = peer(broker.port).subscribe(EVENT)
        for i in range(100):
            ingress.publish(event(id=f"a{i}"))
        ingress.stop(60)
        assert len(inbox.delivered) == 100
        eventually(lambda: len(watcher.received) == 100)
