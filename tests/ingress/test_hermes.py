from __future__ import annotations

import json

import pytest

from edge_agent.events import Event
from edge_agent.ingress import hermes
from edge_agent.parse import Rejected, parse


def say(**fields):
    said = hermes.read_say(json.dumps(fields).encode(), "default")
    return said and json.loads(said.payload)


def test_becomes_a_request_the_parser_accepts():
    said = hermes.read_say('{"text": "你好", "lang": "zh_CN", "volume": 0.5, "siteId": "default", "model": "x"}'.encode(), "default")
    announcement = parse(said.payload, source="s", now=0.0, content_type="application/json", correlation=said.correlation)
    assert (announcement.text, announcement.lang, announcement.volume) == ("你好", "zh", 0.5)


@pytest.mark.parametrize(
    ("lang", "ours"), [("en_US", "en"), ("en-GB", "en"), ("zh", "zh"), ("cmn-CN", "zh"), ("de_DE", "auto"), (None, "auto"), (7, "auto")]
)
def test_language(lang, ours):
    assert say(text="x", lang=lang)["lang"] == ours


def test_another_site_is_not_us():
    assert say(text="x", siteId="kitchen") is None
    assert say(text="x") == {"text": "x", "lang": "auto"}


def test_an_id_we_cannot_use_is_still_given_back():
    said = hermes.read_say(b'{"text": "x", "id": "a b/c"}', "default")
    assert "id" not in json.loads(said.payload)
    event = Event("played", "ours", 0.0, "mqtt:hermes/tts/say", correlation=said.correlation)
    assert json.loads(hermes.answers(event)[0][1])["id"] == "a b/c"


@pytest.mark.parametrize("payload", [b"", b"hello", b"[]", b'{"siteId": 5}', b'{"id": ' + b'"a"' * 1 + b', "sessionId": []}', b"\xff"])
def test_refuses(payload):
    with pytest.raises(Rejected):
        hermes.read_say(payload, "default")


def test_what_was_not_played_is_an_error_and_finished():
    event = Event("expired", "a", 0.0, "s", correlation=b'{"siteId":"default","id":null,"sessionId":"s1"}', detail={"reason": "too late"})
    assert [(topic, json.loads(body)) for topic, body in hermes.answers(event)] == [
        ("hermes/error/tts", {"error": "too late", "context": "expired", "siteId": "default", "sessionId": "s1"}),
        ("hermes/tts/sayFinished", {"siteId": "default", "id": None, "sessionId": "s1"}),
    ]


@pytest.mark.parametrize("correlation", [None, b"", b"\xff", b"[]", b"42"])
def test_answers_survive_correlation_that_is_not_ours(correlation):
    assert hermes.answers(Event("played", "a", 0.0, "s", correlation=correlation)) == [("hermes/tts/sayFinished", b"{}")]
