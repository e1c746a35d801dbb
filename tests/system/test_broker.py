"""The broker goes and comes; and one that lets in only whom it knows."""

from __future__ import annotations

import contextlib
import ssl

import pytest

from edge_agent.events import DUPLICATE
from tests.rigs.daemon import BASE, DEVICE, SITE
from tests.rigs.mosquitto import CONFIGS
from tests.rigs.mqtt_peer import eventually
from tests.system.requester import Requester

TEXT = "请到三号窗口"


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_broker_that_restarts_in_mid_stream_costs_nothing(mosquitto, alsa_file_pcm, daemon, peer, how: str) -> None:
    broker = mosquitto(persistence=True)
    requester = Requester(peer(broker.port, session_expiry_s=300))
    device = daemon(broker.port)
    requester.wait_for_device()
    requester.spoken("first", TEXT)
    for number in range(40):
        requester.peer.publish_soon(f"{BASE}/say", {"id": f"n{number}", "text": TEXT})  # kept by the client while there is no broker
        if number in (12, 26):
            if how == "kill":
                broker.save()
            getattr(broker, how)()
            broker.start()
    ids = [f"n{number}" for number in range(40)]
    if how == "kill":
        ask_again(requester, ids)
    else:
        requester.wait_for_ends(ids)
    assert {outcome(requester, each) for each in ids} == {"played"}
    assert device.log().count("event=finished") == 41, "each was spoken once"


def ask_again(requester: Requester, ids: list[str]) -> None:
    """What a killed broker had acknowledged but not saved is lost, request or event: who hears of no end asks again."""
    with contextlib.suppress(AssertionError):
        requester.wait_for_ends(ids, patience_s=10)
    for each in ids:
        if outcome(requester, each) is None:
            requester.say({"id": each, "text": TEXT})
    eventually(lambda: all(outcome(requester, each) for each in ids), "the outcomes that were asked for")


def outcome(requester: Requester, id: str) -> str | None:
    """How it ended, told when it did or when it was asked for again."""
    told = [event.get("outcome") for event in requester.events() if event["event"] == DUPLICATE and event["id"] == id]
    return next((end["event"] for end in requester.ends(id).values()), None) or next(filter(None, told), None)


def test_announcements_are_spoken_while_the_broker_is_away_and_told_when_it_is_back(mosquitto, alsa_file_pcm, daemon, peer) -> None:
    broker = mosquitto(persistence=True)
    requester = Requester(peer(broker.port, session_expiry_s=300))
    device = daemon(broker.port)
    requester.wait_for_device()
    requester.spoken("first", TEXT)
    for number in range(5):
        requester.say({"id": f"n{number}", "text": TEXT * 3})
    eventually(lambda: requester.kinds("n4"))
    broker.stop()
    eventually(lambda: device.log().count("event=finished") == 6)
    broker.start()
    requester.wait_for_ends([f"n{number}" for number in range(5)])
    eventually(lambda: requester.status()["state"] == "online")


def test_a_daemon_that_starts_before_its_broker_finds_it_later(mosquitto, alsa_file_pcm, daemon, peer) -> None:
    broker = mosquitto()
    broker.stop()
    device = daemon(broker.port)
    assert device.manager.count("READY=1") == 1
    broker.start()
    requester = Requester(peer(broker.port)).wait_for_device()
    assert requester.spoken("a", TEXT)["event"] == "played"


def test_tls_passwords_and_access_list_end_to_end(mosquitto, certificates, alsa_file_pcm, daemon, peer, tmp_path) -> None:
    users = {DEVICE: "kiosk secret", "queue-system": "queue secret", "till-1": "till secret"}
    broker = mosquitto(tls=certificates, users=users, acl=(CONFIGS / "store.acl").read_text())
    secret = tmp_path / "password"
    secret.write_text("kiosk secret\n")
    tls = {"tls": True, "tls_ca": str(certificates.ca), "host": "localhost"}
    device = daemon(broker.port, {"mqtt": {**tls, "username": DEVICE, "password_file": str(secret)}})
    trusting = ssl.create_default_context(cafile=str(certificates.ca))
    trusting.check_hostname = False
    requester = Requester(peer(broker.port, tls=trusting, username="queue-system", password="queue secret"))
    requester.wait_for_device()
    assert requester.spoken("a", TEXT)["event"] == "played"
    requester.peer.publish(f"{BASE}/cmd", '{"cmd": "volume", "volume": 0}')  # the access list does not let the queue system command
    till = Requester(peer(broker.port, tls=trusting, username="till-1", password="till secret"))
    till.say({"id": "b", "text": TEXT})
    assert till.end("b")["event"] == "played"
    till.peer.publish(f"voice/{SITE}/kiosk-2/say", {"id": "elsewhere", "text": TEXT})
    assert "settings.json" not in [path.name for path in (device.folder / "state").iterdir()], "the volume was not changed"
    assert "secret" not in device.log()


def test_a_wrong_password_is_said_and_the_daemon_lives_on(mosquitto, alsa_file_pcm, daemon, peer) -> None:
    broker = mosquitto(users={DEVICE: "right", "other": "other"})
    device = daemon(broker.port, {"mqtt": {"username": DEVICE, "password": "wrong"}})
    eventually(lambda: "problem=" in device.log())
    assert "wrong" not in device.log().replace("wrong user", "").replace("wrong password", "")
    assert device.stop() == 0
