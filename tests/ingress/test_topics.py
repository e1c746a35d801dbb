from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.ingress.topics import HERMES_ERROR, HERMES_FINISHED, HERMES_SAY, Channel, Topics

TOPICS = Topics("store", "kiosk-1", groups=("hall",), shared_groups=("doors",), hermes=True)


def test_every_topic_on_the_wire():
    """The wire as others have built on it: changing this list is a decision, not an edit."""
    assert TOPICS.filters == (
        "voice/store/kiosk-1/say",
        "voice/store/kiosk-1/cmd",
        "voice/store/all/say",
        "voice/store/all/cmd",
        "voice/store/group/hall/say",
        "voice/store/group/hall/cmd",
        "hermes/tts/say",
        "$share/doors/voice/store/group/doors/say",
    )
    assert TOPICS.event == "voice/store/kiosk-1/event"
    assert TOPICS.status == "voice/store/kiosk-1/status"
    assert TOPICS.health == "voice/store/kiosk-1/health"
    assert (HERMES_SAY, HERMES_FINISHED, HERMES_ERROR) == ("hermes/tts/say", "hermes/tts/sayFinished", "hermes/error/tts")


@pytest.mark.parametrize(
    ("topic", "channel"),
    [
        ("voice/store/all/say", Channel.SAY),
        ("voice/store/group/doors/say", Channel.SAY),
        ("voice/store/group/doors/cmd", None),
        ("voice/store/kiosk-1/cmd", Channel.COMMAND),
        ("hermes/tts/say", Channel.HERMES),
        ("voice/store/kiosk-2/say", None),
    ],
)
def test_channel(topic, channel):
    assert TOPICS.channel(topic) is channel


@pytest.mark.parametrize(
    "topic", ["voice/store/reply/till-1", "voice/store/reply/till-1/42", "till-1/answers", "my/say", "回复/1", "a" * 256, "a b"]
)
def test_answers_may_go_to(topic):
    assert TOPICS.reply_problem(topic) is None


@pytest.mark.parametrize(
    ("topic", "problem"),
    [
        ("", "1 to 256 bytes"),
        ("a" * 257, "1 to 256 bytes"),
        ("字" * 86, "1 to 256 bytes"),
        ("a/+/b", "wildcards"),
        ("a/#", "wildcards"),
        ("a\x00b", "printable"),
        ("a\nb", "printable"),
        ("a\ufffeb", "printable"),
        ("a\ud800b", "printable"),
        ("a/" * 16, "16 levels"),
        ("$SYS/broker/log", "belong to the broker"),
        ("$share/g/x", "belong to the broker"),
        ("voice/store/kiosk-1/say", "devices listen to"),
        ("voice/store/kiosk-2/cmd", "devices listen to"),
        ("voice/store/group/hall/say", "devices listen to"),
        ("voice/other/kiosk-1/status", "devices listen to"),
        ("voice/store/kiosk-1/event", "devices listen to"),
        ("hermes/tts/say", "devices listen to"),
    ],
)
def test_answers_may_not_go_to(topic, problem):
    assert problem in TOPICS.reply_problem(topic)


def test_answers_can_be_confined():
    confined = Topics("store", "kiosk-1", reply_prefixes=("voice/store/reply/", "answers/"))
    assert confined.reply_problem("voice/store/reply/till-1") is None
    assert "answers/" in confined.reply_problem("factory/door/open")


@given(st.text(max_size=300))
def test_an_allowed_reply_topic_can_always_be_sent(topic):
    if TOPICS.reply_problem(topic) is None:
        assert 1 <= len(topic.encode()) <= 256
        assert not set("+#\x00") & set(topic)
