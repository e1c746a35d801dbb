import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.text import normalise

# Text as people send it: words of both languages, figures and the signs that go with them.
_WORDS = "请 到 号 窗口 次 列车 航班 年 月 日 点 分 元 米 公里 折 第 层 楼 路 高速 电话 密码 至 train flight gate room call the at pm am in"
_SHORT = "ft km kg mi St. Dr. No. Mon Jan Nov Ave II VIII www. .com http:// A B12 G CA PM v X7"
_FIGURES = "1 2 0 12 05 007 123 1234 2026 35.50 1,299 400-820-8820 14:05 2026-11-22 3/4 Ⅱ ½ ² ① ٣ １２"
_SIGNS = "@ # % ° °C ℃ ¥ $ € + - – ~ / : . , × & = _ * ( ) ' \" 。 ， ： （ ） 😊 \n"
_PIECES = st.sampled_from(f"{_WORDS} {_SHORT} {_FIGURES} {_SIGNS}".split(" "))
WRITTEN = st.lists(st.tuples(_PIECES, st.sampled_from(["", " "])), max_size=12).map(lambda pieces: "".join(a + b for a, b in pieces))
ANY_TEXT = st.one_of(st.text(max_size=60), WRITTEN)


@settings(max_examples=400, deadline=None)
@given(ANY_TEXT, st.sampled_from(["auto", "zh", "en"]))
def test_no_figure_survives(text, lang):
    spoken = normalise(text, lang)
    assert not [c for c in spoken if unicodedata.category(c) in ("Nd", "No", "Nl") and c != "〇"], spoken


@settings(max_examples=400, deadline=None)
@given(ANY_TEXT, st.sampled_from(["auto", "zh", "en"]))
def test_spoken_text_is_left_alone(text, lang):
    spoken = normalise(text, lang)
    assert normalise(spoken, lang) == spoken


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Errors of other front ends, each met in real announcements.
        ("G1234次列车将于14:05从3站台发车", "G幺二三四次列车将于十四点零五分从三站台发车"),
        ("请A123号乘客到12B登机口", "请A一二三号乘客到十二B登机口"),
        ("请前往B2层", "请前往B二层"),
        ("第3/4号窗口", "第三、四号窗口"),
        ("Flight BA123 leaves from gate 12B", "Flight B A one two three leaves from gate twelve B"),
        ("Turn left in 400m", "Turn left in four hundred meters"),
        ("That is $35.50", "That is thirty five dollars and fifty cents"),
        ("车牌沪A·D12345", "车牌沪A D幺二三四五"),
    ],
)
def test_slots_before_general_rules(text, expected):
    assert normalise(text) == expected


@pytest.mark.parametrize(
    "text",
    ["1" * 20_000, "1 " * 10_000, "a1" * 10_000, "1/" * 10_000, "1-" * 10_000, "(" * 20_000, "1:" * 10_000, "A" * 20_000, ".a" * 10_000],
)
def test_long_texts_of_one_kind_come_through(text):
    assert not any(map(str.isdecimal, normalise(text)))


def test_language_is_decided_by_sentence():
    assert normalise("请到3站台。Please go to platform 3.") == "请到三站台。Please go to platform three."


def test_figures_in_a_chinese_name_stay_chinese():
    assert normalise("Please go to 3号门 by 5 pm.") == "Please go to 三号门 by five P M."


def test_language_can_be_forced():
    assert normalise("3", "en") == "three"
    assert normalise("3", "zh") == "三"
