import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.text import pinyin
from edge_agent.text.zh_words import Words, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("列车即将进站", ["列车", "即将", "进站"]),
        ("北京大学生", ["北京", "大学生"]),
        ("请到自动扶梯处", ["请", "到", "自动扶梯", "处"]),
    ],
)
def test_segment(text, expected):
    assert [word.text for word in words().segment(text)] == expected


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=40))
def test_segments_are_the_text(text):
    text = "".join(filter(words().readable, text))
    found = words().segment(text)
    assert "".join(word.text for word in found) == text
    assert all(len(word.text) == len(word.syllables) for word in found)


def test_own_words_are_syllables():
    for word in words()._own:
        reading = words().read(word)
        assert len(reading) == len(word), word
        for syllable in reading:
            pinyin.ipa(syllable)


def test_own_reading_wins_over_the_listed_one():
    listed = "100\n大\t,50\t夫,20\n".encode()
    table = Words(listed, "大夫\tdai4 fu5\n", "da4 大\nfu1 夫\n")
    assert table.read("大夫") == ("dai4", "fu5")
    assert [word.text for word in table.segment("大夫大")] == ["大夫", "大"]
    assert table.is_word("大夫") and not table.is_word("夫大")
