"""What is said, shown and written of a stick."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from edge_agent.voices.pack import Reason
from edge_agent.voices.store.errors import REASONS
from edge_agent.voices.usb import SENTENCES, PackResult, StickReport
from edge_agent.voices.usb.export import instructions
from edge_agent.voices.usb.sentences import OTHER, READING, RESULTS, sentence
from tests.voices.usb.conftest import NOW

ROWS = (READING, *RESULTS)


def test_every_reason_of_pack_and_store_has_a_sentence() -> None:
    assert {*get_args(Reason), *REASONS} <= set(SENTENCES)


def test_a_reason_nobody_foresaw_still_has_words() -> None:
    report = StickReport(NOW, (PackResult("a.vpk", "gremlins"),))
    assert (report.code, report.spoken(("en",))) == ("E99", OTHER.en)


def test_each_code_means_one_thing() -> None:
    assert len({row.code for row in ROWS}) == len(ROWS)
    assert all(re.fullmatch(r"[SE]\d\d", row.code) for row in ROWS)
    assert all(row.todo_zh and row.todo_en for row in ROWS if row.code.startswith("E"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_sentences_are_short(row) -> None:
    assert len(row.zh) <= 16
    assert len(row.en.split()) <= 9
    assert row.zh.endswith("。")
    assert row.en.endswith(".")


def test_the_languages_are_spoken_in_the_order_asked_for() -> None:
    report = StickReport(NOW, (PackResult("a.vpk", None, "anna", 3), PackResult("b.vpk", "forged")))
    assert report.spoken(("zh",)) == "新声音已安装。 语音包被拒绝，签名不可信。"
    assert report.spoken(("en", "zh")).startswith("New voice installed. Voice pack refused: not signed by a trusted key. 新")
    assert report.spoken(()) == ""


def test_the_log_says_it_in_both_languages_with_what_to_do() -> None:
    packs = (PackResult("a.vpk", None, "anna", 3), PackResult("b.vpk", "forged", detail="the signature\r\nis not\x1b[1m good"))
    lines = StickReport(NOW, packs).log("kiosk-1").split("\r\n")
    assert lines[1] == "2026-03-04 05:06:07 UTC"
    assert "device kiosk-1" in lines[0]
    assert "a.vpk = anna 3" in lines
    assert "  E10 语音包被拒绝，签名不可信。" in lines
    assert "  E10 Voice pack refused: not signed by a trusted key." in lines
    assert "      -> Ask who made the pack; this device does not trust its key." in lines
    assert "  the signature  is not [1m good" in lines


def test_what_the_daemon_shows() -> None:
    report = StickReport(NOW, (PackResult("a.vpk", None, "anna", 3), PackResult("b.vpk", "wrong_device")))
    assert report.to_dict() == {
        "code": "S01",
        "ok": True,
        "packs": [
            {"file": "a.vpk", "code": "S01", "reason": "ok", "voice": "anna", "seq": 3},
            {"file": "b.vpk", "code": "S03", "reason": "wrong_device", "voice": None, "seq": None},
        ],
    }


def test_the_instructions_list_every_code() -> None:
    text = instructions()
    assert re.findall(r"(?m)^([SE]\d\d)  ", text) == [row.code for row in RESULTS]


def test_a_clock_that_is_wrong_is_not_called_a_consent_that_is_missing() -> None:
    assert sentence("consent_not_yet_valid") == sentence("not_yet_valid")
    assert "clock" in sentence("consent_not_yet_valid").todo_en
    assert "consent" in sentence("consent_expired").en


def test_copying_a_pack_again_is_not_advised_where_its_name_is_the_trouble() -> None:
    assert sentence("reserved").code == "E99"
