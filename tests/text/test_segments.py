import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.text import normalise
from edge_agent.text.segments import FIRST_MIN, cut
from edge_agent.text.symbols import encode

LONG = "旅客朋友们请注意，由北京南开往上海虹桥的列车即将进站，请您提前做好上车准备，站在安全线以内。车停稳后请先下后上。"


def test_first_segment_is_the_first_clause():
    assert cut(LONG, 180, first=True)[0].text == "旅客朋友们请注意，"


def test_later_segments_are_whole_sentences():
    texts = [segment.text for segment in cut("欢迎光临本店今日特价。" * 3, 180, first=False)]
    assert all(text.endswith("。") for text in texts)


def test_a_very_short_first_clause_takes_the_next():
    assert cut("好，请到三号窗口办理业务。", 180, first=True)[0].text == "好，请到三号窗口办理业务。"
    assert len(cut("好，请到三号窗口办理业务。谢谢。", 180, first=True)[0].phonemes) >= FIRST_MIN


def test_clauses_without_sound_vanish():
    assert cut("……，。", 180, first=True) == []
    assert [segment.text for segment in cut("你好。 —", 180, first=True)] == ["你好。"]


def test_figures_with_points_are_not_torn():
    assert [segment.text for segment in cut("a.b,c:d", 180, first=False)] == ["a.b,c:d"]


@pytest.mark.parametrize("text", ["请" * 500, "word " * 300, "a" * 500, "你好" * 200 + "hello" * 50, "一" * 3000])
def test_without_punctuation_segments_still_fit(text):
    segments = cut(text, 60, first=True)
    assert max(len(segment.phonemes) for segment in segments) <= 60
    assert "".join(segment.text for segment in segments).replace(" ", "") == text.replace(" ", "")


def test_words_stay_whole_where_a_clause_is_cut():
    texts = [segment.text for segment in cut("银行" * 60, 40, first=False)]
    assert set("".join(texts[i][::2] for i in range(len(texts)))) == {"银"}


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=120), st.integers(20, 200), st.booleans())
def test_any_text_is_cut_to_size(text, limit, first):
    for segment in cut(normalise(text), limit, first=first):
        assert 0 < len(segment.phonemes) <= limit
        encode(segment.phonemes)
