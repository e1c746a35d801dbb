import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.text import NothingSpeakable, Speech, TextError, phonemes, plan, plan_as
from edge_agent.text.letters_to_sound import LettersToSound
from edge_agent.text.planner import MAX_CHARACTERS, MIN_PHONEMES
from edge_agent.text.symbols import encode


def speeches(text: str, **options) -> list[Speech]:
    return [item for item in plan(text, **options).items if isinstance(item, Speech)]


def test_mixed_announcement():
    found = speeches("G1234次列车开始检票。Train G1234 is now boarding at platform 3.")
    assert [(speech.text, speech.lang) for speech in found] == [
        ("G幺二三四次列车开始检票。", "mixed"),
        ("Train G one two three four is now boarding at platform three.", "en"),
    ]


def test_phonemes_are_those_of_the_text():
    for speech in speeches("您好，请问the office在几楼？谢谢！It is on level 3, the area at the end."):
        assert speech.phonemes == phonemes(speech.text)


def test_same_words_written_otherwise_are_the_same_segment():
    assert plan("请到3号窗口") == plan("请到３号窗口😊") == plan("请到三号窗口")


@pytest.mark.parametrize(
    "text", ["", " ", "\n", "😊", "。！…", "\x00\x07", "<speak></speak>", "<speak><break/></speak>", "()[]{}", "\u200b", "—"]
)
def test_nothing_speakable(text):
    with pytest.raises(NothingSpeakable, match="no word to speak"):
        plan(text)


@pytest.mark.parametrize("letter", ["a", "哈", "！"])
def test_a_megabyte_of_one_letter(letter):
    text = letter * 1_000_000
    if letter == "！":
        with pytest.raises(NothingSpeakable):
            plan(text)
    else:
        assert [speech.text for speech in speeches(text)] == [letter * 10]


def test_a_megabyte_of_anything_else_is_refused():
    with pytest.raises(TextError, match=f"at most {MAX_CHARACTERS}") as caught:
        plan("ab" * 500_000)
    assert caught.value.position == MAX_CHARACTERS


@pytest.mark.parametrize("text", ["ab" * 500, "1" * 20_000, "我想去北京" * 4_000, "the end " * 2_500])
def test_long_texts_come_through_in_segments(text):
    assert max(len(speech.phonemes) for speech in speeches(text, max_phonemes=120)) <= 120


def test_max_phonemes_has_a_floor():
    with pytest.raises(ValueError, match=f"at least {MIN_PHONEMES}"):
        plan("你好", max_phonemes=MIN_PHONEMES - 1)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80), st.sampled_from(["auto", "zh", "en"]))
def test_any_text_is_a_plan_or_an_error_of_ours(text, lang):
    try:
        found = speeches(text, lang=lang)
    except TextError:
        return
    for speech in found:
        encode(speech.phonemes)
        assert 0 < len(speech.phonemes) <= 180
        assert 0.5 <= speech.rate <= 2


class TestGibberish:
    """What nobody would say may be read anyhow, but must not keep the device from what somebody said."""

    @pytest.fixture
    def guessed(self, monkeypatch) -> list[str]:
        words: list[str] = []
        guess = LettersToSound.sounds
        monkeypatch.setattr(LettersToSound, "sounds", lambda model, word: words.append(word) or guess(model, word))
        return words

    @pytest.mark.parametrize("blank_every", [7, 2000])
    def test_every_letter_is_guessed_once_however_often_its_sentence_is_cut(self, guessed: list[str], blank_every: int) -> None:
        letters = random.Random(blank_every).choices("abcdefghijklmnopqrstuvwxyz", k=2000)
        text = " ".join("".join(letters[at : at + blank_every]) for at in range(0, 2000, blank_every))
        assert len(plan(text, "en").items) > 5
        assert 1000 < sum(map(len, guessed)) <= 2000
        assert len(set(guessed)) == len(guessed)


class TestPlanAs:
    @pytest.mark.parametrize(
        ("kind", "text", "lang", "said"),
        [
            ("ticket", "A123", "zh", "A一二三"),
            ("ticket", "（A123）", "zh", "（A一二三）"),
            ("number", "12.", "en", "twelve."),
            ("number", " 7，", "zh", "七，"),
        ],
    )
    def test_read_as_what_it_is_with_the_marks_around_it(self, kind: str, text: str, lang: str, said: str) -> None:
        assert [item.text for item in plan_as(kind, text, lang).items] == [said]

    @pytest.mark.parametrize(("kind", "text"), [("number", "14:05"), ("number", "$5"), ("fraction", "one half"), ("number", "")])
    def test_what_is_nothing_of_the_kind_is_refused(self, kind: str, text: str) -> None:
        with pytest.raises(TextError):
            plan_as(kind, text, "en")
