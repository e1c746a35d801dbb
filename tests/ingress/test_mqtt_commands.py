"""Commands over a real mosquitto, and their answers."""

from __future__ import annotations

import pytest

from edge_agent.ingress import Cancel, Ping
from tests.ingress.kiosk import CMD, REPLY
from tests.rigs.mqtt_peer import eventually


class TestCommands:
    @pytest.mark.parametrize("v5", [True, False])
    def test_are_answered(self, mosquitto, start_ingress, peer, v5):
        broker = mosquitto()
        _, inbox = start_ingress(broker.port)
        asker = peer(broker.port, v5=v5).subscribe(REPLY)
        properties = {"ResponseTopic": REPLY, "CorrelationData": b"7"} if v5 else {}
        body = {"cmd": "cancel", "key": "door", "ref": "r1"} | ({} if v5 else {"reply_to": REPLY})
        asker.publish(CMD, body, **properties)
        eventually(lambda: inbox.commands)
        command, route = inbox.commands[0]
        assert command == Cancel(key="door")
        assert route.source == f"mqtt:{CMD}"
        route.answer(n_cancelled=2)
        eventually(lambda: asker.received)
        assert asker.on(REPLY) == [{"cmd": "cancel", "ref": "r1", "ok": True, "n_cancelled": 2}]
        if v5:
            assert asker.received[0].properties.CorrelationData == b"7"

    def test_are_refused_with_the_field_and_what_is_allowed(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        _, inbox = start_ingress(broker.port)
        asker = peer(broker.port).subscribe(REPLY)
        asker.publish(CMD, {"cmd": "volume", "volume": 3, "ref": "r1"}, ResponseTopic=REPLY)
        eventually(lambda: asker.received)
        answer = asker.on(REPLY)[0]
        assert (answer["ok"], answer["ref"], answer["field"]) == (False, "r1", "volume")
        assert "0 to 1" in answer["allowed"]
        assert inbox.commands == []
        assert inbox.refusals == ["field"]

    def test_a_core_that_answers_with_no_one_waiting_is_fine(self, mosquitto, start_ingress, peer):
        broker = mosquitto()
        ingress, inbox = start_ingress(broker.port)
        peer(broker.port).publish(CMD, {"cmd": "ping"})
        eventually(lambda: inbox.commands)
        assert inbox.commands[0][0] == Ping()
        inbox.commands[0][1].answer()
        assert ingress.connected
