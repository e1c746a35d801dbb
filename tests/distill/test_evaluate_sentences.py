from __future__ import annotations

import re
from importlib import resources
from itertools import pairwise

import pytest

from distill.corpus import compose
from distill.corpus.texts import PROMPTED, hand_written, prompts
from distill.evaluate import LANGS, EvaluationError, evaluation_set
from edge_agent import text

NEAR_DUPLICATE = 0.5


def bigrams(sentence: str) -> set[tuple[str, str]]:
    units = re.findall(r"[\u4e00-\u9fff]|[a-z']+", sentence.lower())
    return set(pairwise(units))


def training_sentences() -> list[str]:
    templates = compose.ZH_TEMPLATES + compose.EN_TEMPLATES + compose.MIXED_TEMPLATES
    written = [sentence for sentence, _ in hand_written()] + [sentence for lang in PROMPTED for sentence in prompts(lang)]
    return written + [re.sub(r"\{\w+\}", "", template) for template in templates]


@pytest.mark.parametrize("lang", LANGS)
def test_a_set_is_large_enough_to_tell_two_points_of_error_apart(lang):
    sentences = evaluation_set(lang)

    assert len(sentences) == 48
    assert len({sentence.text for sentence in sentences}) == 48
    assert [sentence.key for sentence in sentences[:2]] == [f"{lang}-01", f"{lang}-02"]


@pytest.mark.parametrize("lang", LANGS)
def test_no_sentence_resembles_a_training_sentence(lang):
    training = [(sentence, bigrams(sentence)) for sentence in training_sentences()]
    for sentence in evaluation_set(lang):
        ours = bigrams(sentence.text)
        theirs, shared = max(((t, len(ours & pairs) / len(ours)) for t, pairs in training), key=lambda found: found[1])
        assert shared < NEAR_DUPLICATE, f"{sentence.key} {sentence.text!r} resembles {theirs!r}"


@pytest.mark.parametrize("lang", LANGS)
def test_sentences_are_readable_in_words(lang):
    for sentence in evaluation_set(lang):
        assert not re.search(r"\d", sentence.text), sentence
        assert 15 <= len(text.phonemes(sentence.text, "auto")) <= 180, sentence


def test_mixed_sentences_have_both_languages():
    for sentence in evaluation_set("mixed"):
        assert re.search(r"[A-Za-z]", sentence.text), sentence
        assert len(re.findall(r"[\u4e00-\u9fff]", sentence.text)) >= 8, sentence


@pytest.mark.parametrize("lang", LANGS)
def test_the_licence_is_in_the_file(lang):
    head = (resources.files("distill") / "data" / f"evaluation_{lang}.txt").read_text("utf-8").splitlines()[:4]

    assert "# Licence: CC0-1.0" in head
    assert any("never train on these" in line for line in head)


def test_a_limit_takes_the_first():
    assert [sentence.key for sentence in evaluation_set("en", 2)] == ["en-01", "en-02"]


def test_an_unknown_set_is_named():
    with pytest.raises(EvaluationError, match=r"'fr'; there are zh, en, mixed"):
        evaluation_set("fr")
