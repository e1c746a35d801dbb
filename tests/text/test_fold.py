import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.text.fold import fold


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ｇ５６７次", "G567次"),
        ("８：３０－１７：３０", "8:30-17:30"),
        ("时间：８：３０", "时间：8:30"),
        ("欢迎😊光临", "欢迎 光临"),
        ("a\x00b\x07c", "a b c"),
        ("第Ⅱ阶段，Ⅱ", "第二阶段，2"),
        ("①②", "12"),
        ("½", "1/2"),
        ("٣٤", "34"),
        ("㎡㎏℃", "m²kg°C"),
        ("ﬁnal", "final"),
        ("你好，世界。", "你好，世界。"),
        ("👨‍👩‍👧", ""),
        ("a\u200bb\ufeff", "ab"),
        ("{x}", "x"),
        ("哈" * 50, "哈" * 10),
        ("\ud800", ""),
    ],
)
def test_fold(text, expected):
    assert fold(text) == expected


def test_figures_are_never_shortened():
    assert fold("1" * 50) == "1" * 50


def test_letters_without_end_are_broken():
    assert max(map(len, fold("ab" * 100).split())) <= 30


@given(st.text())
def test_fold_is_idempotent_and_shows_nothing_hidden(text):
    folded = fold(text)
    assert fold(folded) == folded
    assert not any(character < " " and character != "\n" for character in folded)
