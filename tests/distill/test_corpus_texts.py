from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from distill.corpus.compose import Vocabulary, compose
from distill.corpus.texts import HELD_OUT, MAX_PHONEMES, Line, clauses, corpus_lines, hand_written, prompts, to_be_heard
from edge_agent import text
from edge_agent.text.symbols import encode

COMPOSED = 150


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    data = resources.files("edge_agent.text") / "data"
    return Vocabulary(Path(str(data / "zh_words.txt")), Path(str(data / "lexicon_en.tsv")))


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return corpus_lines(composed=COMPOSED, seed=1)


def test_composed_sentences_are_the_same_for_a_seed(vocabulary):
    first, again, other = (list(compose(vocabulary, 60, seed)) for seed in (1, 1, 2))
    assert first == again and len(set(first) & set(other)) < 6
    assert list(compose(vocabulary, 20, 1)) == first[:20]


def test_the_front_end_reads_every_composed_sentence(vocabulary):
    sentences = list(compose(vocabulary, 300, 7))
    assert {lang for _, lang in sentences} == {"zh", "en", "mixed"}
    for sentence, lang in sentences:
        assert "{" not in sentence
        phonemes = text.phonemes(sentence, "auto" if lang == "mixed" else lang)
        assert len(phonemes) >= 2, sentence
        assert len(encode(phonemes)) == len(phonemes) + 2


def test_composed_sentences_have_no_digits_that_would_need_normalising(vocabulary):
    """Phonemes are taken of text as it is: a digit left in it would be silent."""
    for sentence, _ in compose(vocabulary, 300, 8):
        assert not any(character.isdigit() for character in sentence), sentence
        assert text.normalise(sentence, "auto").replace(" ", "") != "", sentence


def test_the_corpus_is_the_same_for_a_seed(lines):
    assert corpus_lines(composed=COMPOSED, seed=1) == lines


def test_prompts_come_last(lines):
    more = corpus_lines(composed=COMPOSED, seed=1, prompted={"en": 20, "zh": 10})
    assert more[: len(lines)] == lines
    assert [(line.text, line.lang, line.split) for line in more[len(lines) :]] == [
        *((sentence, "en", "train") for sentence in prompts("en")[:20]), *((sentence, "zh", "train") for sentence in prompts("zh")[:10])
    ]
    assert prompts("mixed") == []


@pytest.mark.parametrize(("lang", "count"), [("en", 18_896), ("zh", 2_510)])
def test_every_prompt_is_a_sentence_that_can_be_read(lang, count):
    sentences = prompts(lang)
    assert len(set(sentences)) == len(sentences) == count
    for sentence in sentences:
        assert sentence[-1] in ".?!。？！" and not any(character.isdigit() for character in sentence), sentence
    for sentence in sentences[::25]:
        encode(text.phonemes(sentence, lang))


def test_more_of_a_language_can_be_heard_than_comes_first(lines):
    english = [line for line in lines[20:] if line.lang == "en"]
    spoken, silent = to_be_heard(lines, 20, {"en": 7, "mixed": 100_000})
    assert spoken[:20] == lines[:20]
    assert [line for line in spoken[20:] if line.lang == "en"] == english[:7]
    assert [line for line in silent if line.lang == "en"] == english[7:]
    assert "mixed" not in {line.lang for line in silent} and "zh" not in {line.lang for line in spoken[20:]}
    assert sorted(map(repr, [*spoken, *silent])) == sorted(map(repr, lines))
    assert to_be_heard(lines, 100_000, {"en": 7}) == (lines, [])


def test_held_out_sentences_are_never_trained_on(lines):
    held_out = [line for line in lines if line.split == "valid"]
    trained = [line for line in lines if line.split == "train"]
    assert len(held_out) == pytest.approx(len(hand_written()) / HELD_OUT, abs=2)
    assert {line.lang for line in held_out} == {"zh", "en", "mixed"}
    assert not {line.text for line in held_out} & {line.text for line in trained}
    assert not {line.phonemes for line in held_out} & {line.phonemes for line in trained}


def test_every_line_can_be_read_and_is_there_once(lines):
    assert len({line.phonemes for line in lines}) == len(lines)
    for line in lines:
        assert 0 < len(line.phonemes) <= MAX_PHONEMES
        encode(line.phonemes)


def test_nothing_of_the_evaluation_set_is_in_the_corpus(lines):
    judged = set()
    for lang in ("zh", "en", "mixed"):
        body = (resources.files("distill") / "data" / f"evaluation_{lang}.txt").read_text("utf-8")
        judged |= {line.strip() for line in body.splitlines() if line.strip() and not line.startswith("#")}
    assert judged and not judged & {line.text for line in lines}


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [("各位旅客请注意，列车进站。", ["各位旅客请注意，", "列车进站。"]), ("Floor 2.", []), ("Ready, go!", ["Ready,", "go!"]), ("", [])],
)
def test_clauses_are_what_the_daemon_would_speak_by_itself(sentence, parts):
    assert clauses(sentence) == parts
