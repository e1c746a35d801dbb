import json
import math
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.announcement import Announcement, OnInterrupt, Priority
from edge_agent.parse import FIELD_NAMES, MAX_PAYLOAD_BYTES, Defaults, Rejected, parse, read_object

NOW = 1_700_000_000.0


def parsed(payload, **options) -> Announcement:
    if isinstance(payload, dict):
        payload = json.dumps(payload, ensure_ascii=False).encode()
    return parse(payload, source="test", now=NOW, **options)


def rejected(payload, **options) -> Rejected:
    with pytest.raises(Rejected) as caught:
        parsed(payload, **options)
    return caught.value


def test_the_wire_has_exactly_these_fields():
    assert FIELD_NAMES == (
        "text",
        "id",
        "lang",
        "voice",
        "priority",
        "ttl_s",
        "key",
        "on_interrupt",
        "chime",
        "repeat",
        "gap_s",
        "volume",
        "speed",
        "not_before",
        "reply_to",
    )


def test_every_field_arrives():
    announcement = parsed(
        {
            "text": " 请A12号到3号窗口 ",
            "id": "Ticket_A12.3-1",
            "lang": "zh",
            "voice": "lin",
            "priority": "important",
            "ttl_s": 30,
            "key": "窗口 3",
            "on_interrupt": "resume",
            "chime": "dingdong",
            "repeat": 2,
            "gap_s": 0.5,
            "volume": 0,
            "speed": 1.25,
            "not_before": "2023-11-15T06:14:20.5+08:00",
            "reply_to": "kiosk/1/answers",
        },
        correlation=b"\x00",
    )
    assert announcement == Announcement(
        id="Ticket_A12.3-1",
        text="请A12号到3号窗口",
        source="test",
        received_at=NOW,
        expires_at=NOW + 60.5 + 30,
        lang="zh",
        voice="lin",
        priority=Priority.IMPORTANT,
        key="窗口 3",
        on_interrupt=OnInterrupt.RESUME,
        chime="dingdong",
        repeat=2,
        gap_s=0.5,
        volume=0.0,
        speed=1.25,
        not_before=NOW + 60.5,
        reply_to="kiosk/1/answers",
        correlation=b"\x00",
    )


def test_what_is_not_said_comes_from_the_defaults():
    defaults = Defaults(lang="en", voice="amy", priority=Priority.INFO, ttl_s=5, chime="chime", repeat=3, volume=0.5)
    announcement = parsed(b"hello", defaults=defaults)
    assert (announcement.lang, announcement.voice, announcement.priority) == ("en", "amy", Priority.INFO)
    assert (announcement.expires_at, announcement.chime, announcement.repeat) == (NOW + 5, "chime", 3)
    assert announcement.volume == 0.5
    assert parsed(b"hello").expires_at == NOW + 300


@pytest.mark.parametrize("name", ["emergency", "important", "normal", "info", "progress"])
def test_priorities_by_their_lower_case_names(name):
    assert parsed({"text": "x", "priority": name}).priority is Priority[name.upper()]
    assert rejected({"text": "x", "priority": name.upper()}).field == "priority"


class TestContentType:
    def test_a_brace_makes_it_json_otherwise_it_is_text(self):
        assert parsed(b' \r\n\t{"text": "x"}').text == "x"
        assert parsed(b'["text"]').text == '["text"]'
        assert parsed("\ufeff你好".encode()).text == "你好"

    def test_plain_text_may_begin_with_a_brace_if_it_says_so(self):
        assert parsed(b"{ticket}", content_type="text/plain; charset=UTF-8").text == "{ticket}"
        assert rejected(b"{ticket}").field == "payload"

    def test_json_that_is_no_object_is_refused_as_such(self):
        assert rejected(b'["x"]', content_type="application/json").problem == 'is not a JSON object but ["x"]'

    def test_ssml_must_be_a_speak_document(self):
        document = b'<?xml version="1.0"?>\n<speak>hi</speak>'
        assert parsed(document, content_type="application/ssml+xml").text == "<speak>hi</speak>"
        assert rejected(b"hi", content_type="application/ssml+xml").field == "text"

    @pytest.mark.parametrize("content_type", ["audio/wav", "text/plain; charset=gbk", ";", "application/json+x"])
    def test_others_are_refused(self, content_type):
        assert rejected(b"hi", content_type=content_type).field == "content_type"


class TestIdentity:
    def test_json_then_correlation_then_generated(self):
        assert parsed({"text": "x", "id": "mine"}, correlation=b"other").id == "mine"
        assert parsed(b"x", correlation=b"fits-1").id == "fits-1"
        generated = {
            parsed(b"x", correlation=correlation).id for correlation in (None, b"", b"a b", b"\xff", b"a" * 65)
        }
        assert [len(id) for id in generated] == [32] * 5

    @pytest.mark.parametrize("id", ["", "a b", "a" * 65, "é", "a\n", 7, None])
    def test_invalid_ids(self, id):
        assert rejected({"text": "x", "id": id}).field == "id"

    def test_a_rejection_finds_its_requester(self):
        error = rejected({"text": "", "id": "a1", "reply_to": "kiosk/1"})
        assert (error.field, error.id, error.reply_to) == ("text", "a1", "kiosk/1")
        assert rejected({"text": "", "id": "a1", "reply_to": "kiosk/1"}, reply_to="mqtt/5").reply_to == "mqtt/5"
        assert rejected(b'{"id": "a1", "text": NaN}').id == "a1"
        assert rejected(b'{"id": "a1", "text": ', correlation=b"c1").id == "c1"
        assert rejected({"text": "", "id": "not valid"}).id is None

    def test_the_response_topic_wins(self):
        assert parsed({"text": "x", "reply_to": "json"}, reply_to="mqtt").reply_to == "mqtt"


class TestTimes:
    def test_message_expiry_wins_over_ttl(self):
        assert parsed({"text": "x", "ttl_s": 10}, expiry_s=60).expires_at == NOW + 60
        assert parsed({"text": "x", "ttl_s": 100}, expiry_s=0).expires_at == NOW

    @pytest.mark.parametrize(
        ("text", "seconds_after_now"),
        [
            ("2023-11-14T22:13:21Z", 1),
            ("2023-11-14t22:13:21.25z", 1.25),
            ("2023-11-14 17:13:21-05:00", 1),
            ("2023-11-15T03:58:21.123456789+05:45", 1.123456789),
            ("2023-11-14T22:59:60Z", 46 * 60 + 39),
        ],
    )
    def test_rfc_3339(self, text, seconds_after_now):
        not_before = parsed({"text": "x", "not_before": text}).not_before
        assert not_before == pytest.approx(NOW + seconds_after_now, abs=1e-6)

    def test_a_time_past_is_now(self):
        announcement = parsed({"text": "x", "not_before": "2020-01-01T00:00:00Z"})
        assert (announcement.not_before, announcement.expires_at) == (None, NOW + 300)

    @pytest.mark.parametrize(
        "text",
        ["2026-05-01", "2026-05-01T08:30:00", "2026-02-30T08:30:00Z", "2026-05-01T25:00:00Z", "2026-05-01T08:30:61Z"]
        + ["2026-05-01T08:30:00+24:00", "٢٠٢٦-05-01T08:30:00Z", "9999-12-31T23:59:59Z", 5],
    )
    def test_impossible_times(self, text):
        assert rejected({"text": "x", "not_before": text}).field == "not_before"

    def test_a_schedule_beyond_the_life_of_the_message_is_a_contradiction(self):
        payload = {"text": "x", "not_before": "2023-11-14T23:13:20Z"}
        assert rejected(payload, expiry_s=3600).field == "not_before"
        assert parsed(payload, expiry_s=3601).not_before == NOW + 3600


@pytest.mark.parametrize(
    ("field", "value", "problem", "allowed"),
    [
        ("text", "", "is empty", "1 to 2000 characters of plain text or SSML"),
        ("text", "字" * 2001, "has 2001 characters", "1 to 2000 characters of plain text or SSML"),
        ("text", 5, "is a number", "1 to 2000 characters of plain text or SSML"),
        ("text", None, "is null (leave the field out instead)", "1 to 2000 characters of plain text or SSML"),
        ("text", ["x"], "is an array", "1 to 2000 characters of plain text or SSML"),
        ("lang", "de", 'is "de"', "auto, zh or en"),
        ("priority", 3, "is 3", "emergency, important, normal, info or progress"),
        ("priority", ["normal"], 'is ["normal"]', "emergency, important, normal, info or progress"),
        ("ttl_s", 0, "is 0", "a number from 0.1 to 604800 seconds"),
        ("ttl_s", "10", 'is "10"', "a number from 0.1 to 604800 seconds"),
        ("key", "a\nb", 'is "a\\nb"', "1 to 128 characters, none of them control characters"),
        ("on_interrupt", "again", 'is "again"', "resume, restart or drop"),
        ("repeat", 11, "is 11", "a whole number from 1 to 10"),
        ("repeat", 1.5, "is 1.5", "a whole number from 1 to 10"),
        ("repeat", True, "is true", "a whole number from 1 to 10"),
        ("gap_s", -1, "is -1", "a number from 0 to 600 seconds"),
        ("volume", 1.01, "is 1.01", "a number from 0 to 1"),
        ("volume", {"a": 1}, 'is {"a": 1}', "a number from 0 to 1"),
        ("speed", 0.4, "is 0.4", "a number from 0.5 to 2"),
    ],
)
def test_a_bad_value_is_named_with_its_problem_and_what_is_allowed(field, value, problem, allowed):
    error = rejected({"text": "x", "id": "a", field: value})
    assert (error.field, error.problem, error.allowed, error.id) == (field, problem, allowed, "a")
    assert str(error) == error.reason == f"{field} {problem}; allowed: {allowed}"
    assert error.detail() == {"reason": error.reason, "field": field, "allowed": allowed}


@pytest.mark.parametrize("topic", ["", "a/#", "a/+", "$SYS/x", "a\0b", "a" * 257])
def test_topics_that_cannot_be_answered_to(topic):
    assert rejected({"text": "x", "reply_to": topic}).field == "reply_to"
    assert rejected(b"x", reply_to=topic).field == "reply_to"


def test_unknown_fields_are_refused_with_a_hint():
    error = rejected({"text": "x", "prority": "info", "id": "a"})
    assert (error.field, error.id) == ("prority", "a")
    assert error.problem == "is not a known field (did you mean priority?)"
    assert "…" in rejected({"text": "x", "y" * 10_000: 1}).reason


class TestHostilePayloads:
    def test_a_megabyte_of_one_letter(self):
        assert rejected(b"a" * 1_000_000).problem == "has 1000000 bytes"
        assert rejected(b"a" * MAX_PAYLOAD_BYTES).problem == f"has {MAX_PAYLOAD_BYTES} characters"

    @pytest.mark.parametrize("payload", [b"", b"   ", b"\xef\xbb\xbf"])
    def test_nothing(self, payload):
        assert rejected(payload).problem == "is empty"

    def test_bytes_that_are_not_utf_8(self):
        assert rejected("好".encode() + b"\xff").problem == "is not UTF-8 at byte 3"
        assert rejected(b'{"text": "\xed\xa0\x80"}').problem == "is not UTF-8 at byte 10"

    @pytest.mark.parametrize(
        ("escaped", "offset"),
        [(r"\ud83d", 10), (r"\ude00", 10), (r"a\ud83d\ud83d\ude00", 11), (r"好\ud83dx", 13), (r"\\\ud83d\n\ude00", 12)],
    )
    def test_lone_surrogates(self, escaped, offset):
        problem = rejected(f'{{"text": "{escaped}"}}'.encode()).problem
        assert problem.startswith("has half a character") and problem.endswith(f"at byte {offset}")

    def test_whole_surrogate_pairs_and_escaped_backslashes(self):
        assert parsed(rb'{"text": "\ud83d\ude00 \\ud83d"}').text == "\U0001f600 \\ud83d"

    @pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"a":['])
    def test_depth(self, opening):
        payload = (b'{"text":' + opening * 20_000)[:MAX_PAYLOAD_BYTES]
        assert rejected(payload).problem == "nests deeper than 8 levels"

    def test_brackets_inside_strings_are_text(self):
        assert parsed({"text": '[[[["{{{{' * 20}).text == '[[[["{{{{' * 20

    def test_keys_given_twice(self):
        assert rejected(b'{"text": "a", "text": "b", "id": "x"}').problem == 'gives the field "text" twice'
        assert rejected(b'{"text": {"a": 1, "a": 2}}').problem == 'gives the field "a" twice'

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
    def test_numbers_that_are_none(self, number):
        assert rejected(f'{{"text": "x", "volume": {number}}}'.encode()).field in ("payload", "volume")

    def test_broken_json_says_where(self):
        assert rejected('{"text": "好" "id": 1}'.encode()).problem == "is not JSON at byte 15 (Expecting ',' delimiter)"

    def test_control_characters_and_emoji_are_left_to_the_text_front_end(self):
        assert parsed({"text": "a\u0000b\u0007😀"}).text == "a\0b\a😀"

    def test_correlation_has_a_limit(self):
        assert rejected(b"x", correlation=b"\0" * 1025).field == "correlation"


def test_commands_share_the_strict_reader():
    assert read_object(b'{"cmd": "stop"}') == {"cmd": "stop"}
    for payload in (b"stop", b'{"a": 1, "a": 2}', b'{"a": NaN}', b"[1]", b""):
        with pytest.raises(Rejected):
            read_object(payload)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
)


@given(st.dictionaries(st.sampled_from(FIELD_NAMES) | st.text(max_size=5), _values, max_size=6))
def test_any_json_object_is_an_announcement_or_a_rejection_fit_to_send(values):
    _check_any(json.dumps(values).encode())


@given(st.binary(max_size=200) | st.text(alphabet=string.printable, max_size=200).map(str.encode))
def test_any_bytes_are_an_announcement_or_a_rejection_fit_to_send(payload):
    _check_any(payload)
    _check_any(b'{"text":' + payload)


def _check_any(payload):
    try:
        announcement = parsed(payload)
    except Rejected as error:
        json.dumps(error.detail(), ensure_ascii=False).encode()
        assert error.id is None or 1 <= len(error.id) <= 64
    else:
        announcement.text.encode()
        assert 1 <= len(announcement.text) <= 2000
        assert math.isfinite(announcement.expires_at) and announcement.expires_at > NOW
        assert isinstance(announcement.repeat, int) and 1 <= announcement.repeat <= 10


@given(
    st.text(min_size=1, max_size=2000).filter(
        lambda text: text.strip() and not text.strip().startswith(("{", "\ufeff"))
    )
)
def test_plain_text_is_kept_as_it_is(text):
    if len(text.encode()) <= MAX_PAYLOAD_BYTES:
        assert parsed(text.encode()).text == text.strip()
        assert parsed({"text": text}).text == text.strip()
