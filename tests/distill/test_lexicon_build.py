"""How the English data files are made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distill.lexicon import ngram
from distill.lexicon.align import align, learn_alignments
from distill.lexicon.arpabet import from_arpabet
from distill.lexicon.compile import compile_lexicon
from distill.lexicon.evaluate import distance, evaluate, hold_out, pronunciations
from distill.lexicon.supplement import SupplementError, read_supplement
from distill.lexicon.train import train_model
from edge_agent.text.letters_to_sound import LettersToSound

VOWELS = {"a": "æ", "e": "ɛ", "i": "ɪ", "o": "ɑ", "u": "ʌ"}
ONSETS = {"b": "b", "p": "p", "s": "s", "m": "m", "n": "n", "d": "d", "sh": "ʃ", "ph": "f"}
WORDS = {
    f"{o1}{v1}{o2}{v2}n": f"{s1}{VOWELS[v1]}{s2}ˈ{VOWELS[v2]}n"
    for o1, s1 in ONSETS.items()
    for v1 in VOWELS
    for o2, s2 in ONSETS.items()
    for v2 in VOWELS
}
"""An invented language: every word is two syllables and n, stressed at the end."""


@pytest.mark.parametrize(
    ("transcription", "sounds"),
    [
        ("W AO1 T ER0", "wˈɔTəɹ"),
        ("P AO1 L", "pˈɔl"),
        ("B AH1 T AH0 N", "bˈʌTᵊn"),
        ("B AA1 T AH0 L", "bˈɑTᵊl"),
        ("B AH1 S IH0 Z", "bˈʌsᵻz"),
        ("L AE1 N D IH0 D", "lˈændᵻd"),
        ("AH0 B IH1 L IH0 T IY2", "əbˈɪləTi"),
        ("CH ER1 CH", "ʧˈɜɹʧ"),
        ("AY1", "ˈI"),
    ],
)
def test_arpabet(transcription: str, sounds: str) -> None:
    assert from_arpabet(transcription) == sounds


def test_arpabet_of_something_else() -> None:
    with pytest.raises(KeyError):
        from_arpabet("W QQ1")


def test_compile(tmp_path: Path) -> None:
    gold = {"bus": "bˈʌs", "Paris": "pˈɛɹɪs", "use": {"DEFAULT": "jˈuz", "NOUN": "jˈus", "VERB": "jˈuz"}}
    gold |= {"AM": {"DEFAULT": "æm", "NOUN": None}, "city": "sˈɪɾi"}
    (tmp_path / "gold.json").write_text(json.dumps(gold))
    (tmp_path / "silver.json").write_text(json.dumps({"bus": "wrong", "paris": "wrong", "zoo": "zˈu"}))
    (tmp_path / "cmudict").write_text("bus W AO1\nbuses W AO1\npaul P AO1 L # name\npaul(2) P AW1 L\npaul's P AO1 L Z\natm EY1\nx Z\n")
    (tmp_path / "own.txt").write_text("# own\nATM = *; Citibus = city+bus\nXian = [xi an]\nPaul's = /pˈɔlz/\n")
    text = compile_lexicon(*(tmp_path / name for name in ("gold.json", "silver.json", "cmudict", "own.txt")))
    assert text.splitlines() == [
        "AM\tæm\tNOUN=*",
        "ATM\t*",
        "Citibus\tsˈɪTibˌʌs",
        "Paris\tpˈɛɹɪs",
        "Paul\tpˈɔl",
        "Paul's\tpˈɔlz",
        "Xian\tʃˌiˈɑn",
        "bus\tbˈʌs",
        "city\tsˈɪTi",
        "use\tjˈuz\tNOUN=jˈus",
        "zoo\tzˈu",
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("Foo", "not WORD = HOW"),
        ("Foo =", "not WORD = HOW"),
        ("Foo = nowhere", "'nowhere' is unknown"),
        ("Foo = [xq]", "'xq' is unknown"),
        ("Foo = /f8/", "'8' is unknown"),
        ("Foo = *; Foo = /fˈu/", "already read"),
    ],
)
def test_a_bad_supplement_line_is_named(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "own.txt"
    path.write_text(f"# comment\n\n{line}\n", "utf-8")
    with pytest.raises(SupplementError, match=problem) as caught:
        read_supplement(path, {})
    assert caught.value.line_number == 3


def test_words_that_an_accent_tells_apart_teach_no_letters(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.tsv"
    path.write_text("ATM\t*\nParis\tpˈɛɹɪs\nrose\tɹˈOz\nrosé\tɹOzˈA\n", "utf-8")
    assert pronunciations(path) == {"paris": "pˈɛɹɪs", "rose": "ɹˈOz"}


def test_alignment_finds_silent_letters() -> None:
    costs = learn_alignments(WORDS)
    aligned = align("shephan", "ʃɛfˈæn", costs)
    assert aligned is not None
    assert "".join(letter for letter, _ in aligned) == "shephan"
    assert "".join(chunk for _, chunk in aligned) == "ʃɛfˈæn"
    assert dict(aligned)["n"] == "n"
    assert dict(aligned)["e"] == "ɛ"


def test_too_many_sounds_cannot_be_aligned() -> None:
    assert align("ab", "æbæbæ", {}) is None
    assert align("", "", {}) is None


def test_training_learns_the_rules_and_is_repeatable() -> None:
    training, held_out = hold_out(WORDS)
    assert held_out
    assert not training.keys() & held_out.keys()
    score = evaluate(training, held_out)
    assert score.word_error == 0
    assert score.phoneme_error == 0
    assert train_model(training) == train_model(training)


def test_pruning_keeps_the_model_working(tmp_path: Path) -> None:
    costs = learn_alignments(WORDS)
    alignments = [aligned for word, sounds in WORDS.items() if (aligned := align(word, sounds, costs))]
    full, small = ngram.train(alignments), ngram.train(alignments, n_kept=300)
    assert len(small) < len(full)
    path = tmp_path / "model.npz"
    path.write_bytes(small)
    assert LettersToSound(path).sounds("bodan") == "bɑdˈæn"


@pytest.mark.parametrize(
    ("reading", "truth", "n_edits"),
    [("", "", 0), ("abc", "abc", 0), ("abc", "adc", 1), ("", "abc", 3), ("kitten", "sitting", 3)],
)
def test_distance(reading: str, truth: str, n_edits: int) -> None:
    assert distance(reading, truth) == distance(truth, reading) == n_edits
