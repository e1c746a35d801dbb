import dataclasses
from datetime import datetime
from time import tzset
from zoneinfo import ZoneInfo

import pytest

from edge_agent.announcement import Announcement, Priority
from edge_agent.policy import Policy, PolicyConfig, PolicyError, PolicyName, QuietWindow, QuietWindowError, Rejection
from tests.doubles.stopped_clock import StoppedClock

BERLIN = "Europe/Berlin"


def at(text, zone=BERLIN):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.fixture
def clock():
    return StoppedClock(at("2024-05-15 12:00"))  # a Wednesday


@pytest.fixture
def ask(clock):
    """Ask a policy about an announcement that lives ``ttl_s`` from now."""

    def ask(policy, text="hello", *, ttl_s=300.0, **fields):
        fields = {"source": "kiosk", **fields}
        request = Announcement(id="a", text=text, received_at=clock.now(), expires_at=clock.now() + ttl_s, **fields)
        return policy.check(request)

    return ask


def admitted(verdict):
    assert isinstance(verdict, Announcement), verdict
    return verdict


def refused(verdict, policy):
    assert isinstance(verdict, Rejection), verdict
    assert verdict.policy is policy
    return verdict


def test_everything_is_allowed_unless_said_otherwise(clock, ask):
    policy = Policy(PolicyConfig(), clock=clock)
    for _ in range(1000):
        assert admitted(ask(policy)).not_before is None


class TestBlockedWords:
    @pytest.mark.parametrize(
        "text",
        [
            "this is Bad.",
            "BAD",
            "b a d",
            "B.a-d!",
            "b_a_d",
            "ｂａｄ",
            "b\u200ba\u00add",
            "b\u0336a\u0336d",
            "你bad好",
            "这是坏词吗",
            "坏 词",
            "坏。词",
            "壞詞 坏\n词",
            "<speak>b<break time='1s'/>ad</speak>",
            "<speak><p>bad</p><p>dog</p></speak>",
            "<speak>坏<prosody rate='slow'>词</prosody></speak>",
            "<speak>b<!-- x -->ad</speak>",
            "<speak><![CDATA[bad]]></speak>",
            "<speak>&#98;ad</speak>",
            "<speak>x <sub alias='b&#97;d'>good</sub></speak>",
            '<speak>坏<sub alias="词">x</sub></speak>',
            "<speak><audio src='a>b'/>bad</speak>",
            "very BAD  WORD  indeed",
            "3 < 4 is bad",
            "<bad>",
        ],
    )
    def test_found_however_it_is_spelled_out(self, clock, ask, text):
        policy = Policy(PolicyConfig(blocked_words=("bad", "坏词", "Straße")), clock=clock)
        rejection = refused(ask(policy, text), PolicyName.BLOCKED_WORDS)
        assert rejection.reason == "the text contains a blocked word"
        assert rejection.detail() == {"reason": rejection.reason, "policy": "blocked_words"}

    @pytest.mark.parametrize(
        "text",
        [
            "badge",
            "a badly done",
            "forbad",
            "for\u00adbad",
            "ab ad",
            "坏的词",
            "b4ad",
            "<speak><bad/>good</speak>",
            "strass",
            "坏",
            "词坏",
        ],
    )
    def test_not_found_inside_other_words(self, clock, ask, text):
        admitted(ask(Policy(PolicyConfig(blocked_words=("bad", "坏词")), clock=clock), text))

    def test_folding_of_letters(self, clock, ask):
        refused(ask(Policy(PolicyConfig(blocked_words=("Straße",)), clock=clock), "STRASSE"), PolicyName.BLOCKED_WORDS)

    def test_the_word_is_named_only_if_wished(self, clock, ask):
        policy = Policy(PolicyConfig(blocked_words=("Bad Word",), name_blocked_word=True), clock=clock)
        rejection = refused(ask(policy, "a bad-word"), PolicyName.BLOCKED_WORDS)
        assert rejection.reason == 'the text contains the blocked word "Bad Word"'

    def test_emergencies_are_not_exempt(self, clock, ask):
        policy = Policy(PolicyConfig(blocked_words=("bad",)), clock=clock)
        refused(ask(policy, "bad", priority=Priority.EMERGENCY), PolicyName.BLOCKED_WORDS)

    def test_a_refusal_costs_nothing(self, clock, ask):
        policy = Policy(
            PolicyConfig(blocked_words=("bad",), rate_per_minute=1, rate_burst=1, daily_quota=1), clock=clock
        )
        refused(ask(policy, "bad"), PolicyName.BLOCKED_WORDS)
        admitted(ask(policy))


class TestRateLimit:
    def test_a_burst_then_as_many_as_flow_in(self, clock, ask):
        policy = Policy(PolicyConfig(rate_per_minute=6, rate_burst=3), clock=clock)
        for _ in range(3):
            admitted(ask(policy))
        rejection = refused(ask(policy), PolicyName.RATE_LIMIT)
        assert rejection.reason == "more than 6 announcements a minute from kiosk"
        assert rejection.detail()["retry_after_s"] == 10
        clock.time += 9.9
        refused(ask(policy), PolicyName.RATE_LIMIT)
        clock.time += 0.2
        admitted(ask(policy))
        refused(ask(policy), PolicyName.RATE_LIMIT)
        clock.time += 3600
        assert [isinstance(ask(policy), Announcement) for _ in range(4)] == [True, True, True, False]

    def test_waiting_as_long_as_told_is_enough(self, clock, ask):
        policy = Policy(PolicyConfig(rate_per_minute=7, rate_burst=1), clock=clock)
        for _ in range(50):
            admitted(ask(policy))
            clock.time += refused(ask(policy), PolicyName.RATE_LIMIT).detail()["retry_after_s"]

    def test_each_source_has_its_own(self, clock, ask):
        policy = Policy(PolicyConfig(rate_per_minute=1, rate_burst=1), clock=clock)
        admitted(ask(policy, source="a"))
        admitted(ask(policy, source="b"))
        refused(ask(policy, source="a"), PolicyName.RATE_LIMIT)

    def test_many_strangers_do_not_fill_the_memory(self, clock, ask):
        policy = Policy(PolicyConfig(rate_per_minute=1, rate_burst=1), clock=clock)
        for number in range(5000):
            admitted(ask(policy, source=f"stranger {number}"))
        assert len(policy._rate._buckets) == 4096
        refused(ask(policy, source="stranger 4999"), PolicyName.RATE_LIMIT)

    def test_emergencies_pass_but_count(self, clock, ask):
        config = PolicyConfig(rate_per_minute=1, rate_burst=2, daily_quota=2)
        policy = Policy(config, clock=clock)
        for _ in range(5):
            admitted(ask(policy, priority=Priority.EMERGENCY))
        refused(ask(policy), PolicyName.RATE_LIMIT)
        clock.time += 3600
        refused(ask(policy), PolicyName.DAILY_QUOTA)

    def test_emergencies_may_be_limited(self, clock, ask):
        policy = Policy(PolicyConfig(rate_per_minute=1, rate_burst=1, limit_emergencies=True), clock=clock)
        admitted(ask(policy, priority=Priority.EMERGENCY))
        refused(ask(policy, priority=Priority.EMERGENCY), PolicyName.RATE_LIMIT)


class TestDailyQuota:
    CONFIG = PolicyConfig(daily_quota=3, time_zone=BERLIN)

    def test_until_midnight_of_the_place(self, clock, ask):
        policy = Policy(self.CONFIG, clock=clock)
        for _ in range(3):
            admitted(ask(policy))
        rejection = refused(ask(policy), PolicyName.DAILY_QUOTA)
        assert rejection.reason == "more than 3 announcements a day from kiosk"
        assert rejection.retry_after_s == 12 * 3600
        admitted(ask(policy, source="other"))
        clock.time = at("2024-05-15 23:59:59")
        refused(ask(policy), PolicyName.DAILY_QUOTA)
        clock.time += 1
        admitted(ask(policy))

    def test_counts_outlive_the_process(self, clock, ask, tmp_path):
        for _ in range(3):
            policy = Policy(self.CONFIG, clock=clock, quota_path=tmp_path / "quota.sqlite")
            admitted(ask(policy))
            policy.close()
        policy = Policy(self.CONFIG, clock=clock, quota_path=tmp_path / "quota.sqlite")
        refused(ask(policy), PolicyName.DAILY_QUOTA)
        clock.time += 86_400
        admitted(ask(policy))
        assert policy._quota._db.rows("SELECT * FROM quota") == [("kiosk", "2024-05-16", 1)]
        policy.close()

    def test_a_corrupt_file_costs_the_counts_only(self, clock, ask, tmp_path, caplog):
        path = tmp_path / "quota.sqlite"
        path.write_bytes(b"nonsense" * 1000)
        policy = Policy(self.CONFIG, clock=clock, quota_path=path)
        (aside,) = tmp_path.glob("quota.sqlite.aside-*")
        assert aside.read_bytes() == b"nonsense" * 1000
        assert f"aside={aside}" in caplog.text
        admitted(ask(policy))
        policy.close()

    def test_a_full_disk_does_not_silence_the_device(self, clock, ask, tmp_path, caplog):
        policy = Policy(self.CONFIG, clock=clock, quota_path=tmp_path / "quota.sqlite")
        admitted(ask(policy, source="small"))
        policy._quota._db.rows("PRAGMA max_page_count = 2")
        for _ in range(3):
            admitted(ask(policy, source="x" * 10_000))
        assert "event=quota_not_kept" in caplog.text
        refused(ask(policy, source="x" * 10_000), PolicyName.DAILY_QUOTA)
        policy.close()

    def test_a_refusal_by_rate_is_not_counted(self, clock, ask):
        policy = Policy(dataclasses.replace(self.CONFIG, rate_per_minute=1, rate_burst=1), clock=clock)
        for _ in range(3):
            admitted(ask(policy))
            for _ in range(5):
                refused(ask(policy), PolicyName.RATE_LIMIT)
            clock.time += 60
        refused(ask(policy), PolicyName.DAILY_QUOTA)


class TestQuietHours:
    NIGHT = PolicyConfig(quiet_hours=(QuietWindow.parse("22:00-07:00"),), time_zone=BERLIN)

    @pytest.mark.parametrize(
        ("time", "quiet"),
        [
            ("21:59:59", False),
            ("22:00", True),
            ("23:59:59", True),
            ("00:00", True),
            ("06:59:59", True),
            ("07:00", False),
        ],
    )
    def test_over_midnight(self, clock, ask, time, quiet):
        clock.time = at(f"2024-05-15 {time}")
        assert isinstance(ask(Policy(self.NIGHT, clock=clock)), Rejection) is quiet

    def test_a_rejection_says_until_when(self, clock, ask):
        clock.time = at("2024-05-15 23:00")
        rejection = refused(ask(Policy(self.NIGHT, clock=clock)), PolicyName.QUIET_HOURS)
        assert rejection.reason == "quiet hours until 2024-05-16 07:00"
        assert rejection.retry_after_s == 8 * 3600

    def test_emergencies_ignore_them(self, clock, ask):
        clock.time = at("2024-05-15 23:00")
        policy = Policy(self.NIGHT, clock=clock)
        admitted(ask(policy, priority=Priority.EMERGENCY))
        assert policy.quiet_until(clock.time, Priority.EMERGENCY) is None
        assert policy.quiet_until(clock.time, Priority.IMPORTANT) == at("2024-05-16 07:00")

    def test_deferred_if_it_lives_so_long(self, clock, ask):
        clock.time = at("2024-05-15 23:00")
        policy = Policy(dataclasses.replace(self.NIGHT, quiet_behaviour="defer"), clock=clock)
        assert admitted(ask(policy, ttl_s=8 * 3600 + 1)).not_before == at("2024-05-16 07:00")
        rejection = refused(ask(policy, ttl_s=8 * 3600), PolicyName.QUIET_HOURS)
        assert rejection.reason == "quiet hours until 2024-05-16 07:00, and it does not live so long"

    def test_what_counts_is_when_it_would_be_spoken(self, clock, ask):
        policy = Policy(self.NIGHT, clock=clock)
        refused(ask(policy, not_before=at("2024-05-15 23:00")), PolicyName.QUIET_HOURS)
        clock.time = at("2024-05-15 23:00")
        admitted(ask(policy, not_before=at("2024-05-16 08:00")))

    def test_weekdays_are_those_a_window_begins_on(self, clock, ask):
        config = PolicyConfig(quiet_hours=(QuietWindow.parse("Fri, sat 22:00-07:00"),), time_zone=BERLIN)
        policy = Policy(config, clock=clock)
        for time, quiet in [
            ("2024-05-17 06:00", False),
            ("2024-05-17 23:00", True),
            ("2024-05-18 06:00", True),
            ("2024-05-19 06:00", True),
            ("2024-05-19 23:00", False),
        ]:
            clock.time = at(time)
            assert isinstance(ask(policy), Rejection) is quiet, time

    def test_windows_that_touch_are_one(self, clock, ask):
        windows = map(QuietWindow.parse, ("22:00-24:00", "00:00-06:00", "05:00-07:30", "sat,sun 00:00-24:00"))
        config = PolicyConfig(quiet_hours=tuple(windows), quiet_behaviour="defer", time_zone=BERLIN)
        policy = Policy(config, clock=clock)
        clock.time = at("2024-05-15 23:00")
        assert admitted(ask(policy, ttl_s=1e6)).not_before == at("2024-05-16 07:30")
        clock.time = at("2024-05-17 23:00")
        assert admitted(ask(policy, ttl_s=1e6)).not_before == at("2024-05-20 07:30")

    def test_quiet_without_end_refuses(self, clock, ask):
        config = PolicyConfig(quiet_hours=(QuietWindow.parse("00:00-24:00"),), quiet_behaviour="defer")
        refused(ask(Policy(config, clock=clock)), PolicyName.QUIET_HOURS)

    def test_changes_of_the_clock(self, clock):
        policy = Policy(self.NIGHT, clock=clock)
        for evening, hours in [("2024-03-30 22:00", 8), ("2024-10-26 22:00", 10), ("2024-05-15 22:00", 9)]:
            assert policy.quiet_until(at(evening), Priority.NORMAL) - at(evening) == hours * 3600

    def test_the_zone_of_the_device_is_the_default(self, clock, monkeypatch):
        monkeypatch.setenv("TZ", "Asia/Shanghai")
        tzset()
        try:
            policy = Policy(PolicyConfig(quiet_hours=self.NIGHT.quiet_hours), clock=clock)
            evening = at("2024-05-15 23:00", "Asia/Shanghai")
            assert policy.quiet_until(evening, Priority.NORMAL) == at("2024-05-16 07:00", "Asia/Shanghai")
        finally:
            monkeypatch.undo()
            tzset()


class TestSettings:
    @pytest.mark.parametrize(
        ("text", "window"),
        [
            ("22:00-07:00", QuietWindow(1320, 420)),
            (" 00:00 - 24:00 ", QuietWindow(0, 1440)),
            ("Mon-Fri 13:00-14:30", QuietWindow(780, 870, frozenset(range(5)))),
            ("sat-mon,wed 01:00-02:00", QuietWindow(60, 120, frozenset({5, 6, 0, 2}))),
        ],
    )
    def test_windows(self, text, window):
        assert QuietWindow.parse(text) == window

    @pytest.mark.parametrize(
        "text",
        ["", "22-7", "22:00", "25:00-07:00", "22:60-23:00", "24:00-07:00", "07:00-07:00", "fr 1:00-2:00"]
        + ["fri-xyz 01:00-02:00", "mon, 01:00-02:00", "01:00-24:01"],
    )
    def test_windows_that_are_none(self, text):
        with pytest.raises(QuietWindowError) as caught:
            QuietWindow.parse(text)
        assert caught.value.text == text and f'"{text}"' in str(caught.value)

    @pytest.mark.parametrize(
        ("setting", "value"),
        [
            ("blocked_words", ("good", "!?")),
            ("rate_per_minute", 0),
            ("rate_per_minute", float("nan")),
            ("rate_burst", 0),
            ("daily_quota", 0),
            ("quiet_behaviour", "shout"),
            ("time_zone", "Mars/Olympus"),
            ("time_zone", "../../etc/passwd"),
            ("time_zone", ""),
        ],
    )
    def test_impossible_settings_name_themselves(self, setting, value):
        with pytest.raises(PolicyError) as caught:
            PolicyConfig(**{setting: value})
        assert caught.value.setting == setting and setting in str(caught.value)
