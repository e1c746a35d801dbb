"""Text in GPT-SoVITS's own phonemes, and in no language it was not made for."""

from __future__ import annotations

import hashlib

import pytest

from edge_agent.synthesis.gptsovits import arpabet, syllables
from edge_agent.synthesis.gptsovits.readings import read
from edge_agent.synthesis.gptsovits.symbols import SIZES, encode, table
from edge_agent.text import Speech, TextError, pinyin, plan


def phones(text: str) -> str:
    return " ".join(read(text).phones)


def test_tables_are_the_published_ones():
    digests = {"v1": "f7c3b280b9cc", "v2": "0771f6cd6f62"}
    for family, size in SIZES.items():
        symbols = sorted(table(family), key=table(family).__getitem__)
        assert len(symbols) == size
        assert hashlib.sha256("\n".join(symbols).encode()).hexdigest().startswith(digests[family])
    assert encode(["_", "UNK", ",", ".", "SP"], "v1") == encode(["_", "UNK", ",", ".", "SP"], "v2") == [95, 86, 1, 3, 77]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("欢迎光临", "h uan1 y ing2 g uang1 l in2"),
        ("原来夜晚有雨", "y van2 l ai2 y E4 w an3 y ou2 y v3"),
        ("知识自私日出", "zh ir1 sh ir2 z i04 s i01 r ir4 ch u1"),
        ("去学军训", "q v4 x ve2 j vn1 x vn4"),
        ("女儿爱偶尔", "n v3 EE er2 AA ai4 OO ou2 EE er3"),
        ("这儿好玩", "zh e4 EE er4 h ao3 w an2"),
        ("嗯，好的", "EE en4 , h ao3 d e5"),
        ("银行行长", "y in2 h ang2 h ang2 zh ang3"),
        ("你好！车来了？是的；走吧：好…", "n i2 h ao3 ! ch e1 l ai2 l e5 ? sh ir4 d e5 , z ou3 b a5 , h ao3 …"),
        ("The water is here", "DH AH0 W AO1 T ER0 IH0 Z HH IH1 R"),
        ("请到Gate三", "q ing3 d ao4 G EY1 T s an1"),
        ("{ni↓xau↓} {tjɛ↓n} {wˈɔTəɹ}", "n i3 h ao3 d ian3 W AO1 T ER0"),
        ("{tja↓ɚ}小心点", "d ian3 EE er3 x iao3 x in1 d ian3"),
    ],
)
def test_words(text, expected):
    assert phones(text) == expected


def test_short_text_gets_a_stop_in_front_and_marks_never_lead_or_repeat():
    assert phones("好。") == ". h ao3 ."
    assert phones("，。你好，，！再见") == "n i2 h ao3 , z ai4 j ian4"


def test_chinese_stretches_are_told_apart_for_the_text_model():
    reading = read("你好，welcome to北京。")
    assert [(each.text, each.counts) for each in reading.chinese()] == [("你好,", (2, 2, 1)), ("北京.", (2, 2, 1))]
    for stretch in reading.chinese():
        assert reading.phones[stretch.start] in ("n", "b")


def test_a_planned_announcement_can_be_read():
    spoken = [item for item in plan("各位旅客，G1234次列车将于14:05从3号站台发车，Thank you.").items if isinstance(item, Speech)]
    for item in spoken:
        assert encode(read(item.text).phones, "v1")


@pytest.mark.parametrize(
    ("text", "language"), [("駅へ行く", "Japanese"), ("안녕 hello", "Korean"), ("Привет hello", "Russian"), ("สวัสดี ok", "Thai")]
)
def test_other_languages_are_refused_by_name(text, language):
    with pytest.raises(TextError, match=language) as caught:
        read(text)
    assert text[caught.value.position] > "\u0400"


@pytest.mark.parametrize("text", ["", "，。！", "☃"])
def test_nothing_to_say(text):
    with pytest.raises(TextError, match="nothing"):
        read(text)


def test_what_the_table_lacks_is_said():
    with pytest.raises(TextError, match="no sound 'ㄱ': it is not in GPT-SoVITS's v1") as caught:
        encode(["a", "ㄱ"], "v1")
    assert caught.value.position == 1
    assert encode(["ㄱ"], "v2") == [324]
    with pytest.raises(TextError, match="no English sound for 'ʈ'"):
        read("{ʈʈʈ}")
    with pytest.raises(TextError, match="'bzz1'"):
        syllables.spell("bzz1")


@pytest.mark.parametrize(
    "letters",
    "a ba bian cei dia er fo gua jiong ju kuai lve me nve ou qia qu rua shei ri si wu weng xu yan ye yue za zhi zhei".split(),
)
def test_syllables_can_be_said_and_recognised(letters):
    for tone in "12345":
        spelled = syllables.spell(letters + tone)
        assert all(each in table("v1") for each in spelled)
        assert syllables.from_sounds(pinyin.ipa(letters + tone)) == [spelled]


@pytest.mark.parametrize("letters", "hng hm ng n m yai yo lo lue nue".split())
def test_rare_syllables_can_be_said(letters):
    assert all(each in table("v1") for each in syllables.spell(f"{letters}4"))


def test_stress_and_flaps():
    assert arpabet.from_sounds("ˌʌndəɹstˈænd") == ["AH2", "N", "D", "ER0", "S", "T", "AE1", "N", "D"]
    assert arpabet.from_sounds("bˈʌTᵊn") == ["B", "AH1", "T", "AH0", "N"]
