"""The parts the English reader is made of: dictionary file, stress, endings, letter names, tokens, pinyin."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.text.english import inflection, stress
from edge_agent.text.english.lexicon import Entry, Lexicon, LexiconError
from edge_agent.text.english.pinyin_names import name_sounds, syllable_sounds
from edge_agent.text.english.spelling import digit, spell
from edge_agent.text.english.tokens import Token, fold, tokenize

LINES = (
    """
AM æm NOUN=*
Monday mˈʌndˌA
Polish pˈOlɪʃ
a ɐ
bow bˈO VERB=bˈW
polish pˈɑlɪʃ
zoo zˈu
""".strip()
    .replace(" ", "\t")
    .splitlines()
)


@pytest.fixture
def lexicon(tmp_path: Path) -> Lexicon:
    path = tmp_path / "lexicon.tsv"
    path.write_text("".join(f"{line}\n" for line in LINES), "utf-8")
    return Lexicon(path)


def test_every_word_is_found(lexicon: Lexicon) -> None:
    assert list(lexicon) == [line.split("\t")[0] for line in LINES]
    for line in LINES:
        word, sounds, *_ = line.split("\t")
        entry = lexicon.find_exact(word)
        assert entry is not None
        assert entry.default == sounds


@pytest.mark.parametrize("word", ["", "A", "bo", "bows", "zoos", "~", "\t", "\n"])
def test_other_words_are_not_found(lexicon: Lexicon, word: str) -> None:
    assert lexicon.find_exact(word) is None


def test_the_other_case_is_tried_second(lexicon: Lexicon) -> None:
    assert lexicon.find("monday") == Entry("mˈʌndˌA")
    assert lexicon.find("Polish") == Entry("pˈOlɪʃ")
    assert lexicon.find("ZOO") is None
    assert "Zoo" in lexicon


def test_variants_by_tag(lexicon: Lexicon) -> None:
    entry = lexicon.find("bow")
    assert entry is not None
    assert entry.sounds() == entry.sounds("NOUN") == "bˈO"
    assert entry.sounds("NOUN", "VERB") == "bˈW"


def test_the_last_line_needs_no_newline(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.tsv"
    path.write_text("a\tɐ\nb\tbˈi", "utf-8")
    assert Lexicon(path).find("b") == Entry("bˈi")


@pytest.mark.parametrize("content", [None, b""])
def test_a_dictionary_that_is_not_there(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "lexicon.tsv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LexiconError, match="reinstall") as caught:
        Lexicon(path)
    assert caught.value.path == path


def test_strengthen() -> None:
    assert stress.strengthen("ænd", stress.SECONDARY) == "ˌænd"
    assert stress.strengthen("ðˌɛm", stress.PRIMARY) == "ðˈɛm"
    assert stress.strengthen("ðˌɛm", stress.SECONDARY) == "ðˌɛm"
    assert stress.strengthen("pˈæsᵊnʤəɹ", stress.PRIMARY) == "pˈæsᵊnʤəɹ"
    assert stress.strengthen("hmm", stress.PRIMARY) == "hmm"


def test_weaken() -> None:
    assert stress.weaken("ˌɪnfəɹmˈAʃən") == "ɪnfəɹmˌAʃən"
    assert stress.weaken("ðˌɛm") == "ðˌɛm"


def test_a_compound_keeps_full_stress_on_its_heavier_half() -> None:
    assert stress.compound(["sˈɛlf", "sˈɜɹvəs"]) == "sˌɛlfsˈɜɹvəs"
    assert stress.compound(["stˈAt", "ʌv"]) == "stˈAtʌv"
    assert stress.compound(["wˈʌn"]) == "wˈʌn"


@pytest.mark.parametrize(
    ("inflect", "stem", "sounds"),
    [
        (inflection.plural, "kˈæt", "kˈæts"),
        (inflection.plural, "dˈɔɡ", "dˈɔɡz"),
        (inflection.plural, "bˈʌs", "bˈʌsᵻz"),
        (inflection.plural, "wˈɑʧ", "wˈɑʧᵻz"),
        (inflection.past, "stˈɑp", "stˈɑpt"),
        (inflection.past, "ˈOpᵊn", "ˈOpᵊnd"),
        (inflection.past, "lˈænd", "lˈændᵻd"),
        (inflection.past, "wˈAt", "wˈATᵻd"),
        (inflection.past, "ɹˈɛst", "ɹˈɛstᵻd"),
        (inflection.gerund, "bˈɔɹd", "bˈɔɹdɪŋ"),
        (inflection.gerund, "wˈAt", "wˈATɪŋ"),
        (inflection.agent, "skˈæn", "skˈænəɹ"),
        (inflection.agent, "wˈAt", "wˈATəɹ"),
        (inflection.adverb, "kwˈɪk", "kwˈɪkli"),
        (inflection.adverb, "sˈɪmpᵊl", "sˈɪmpli"),
        (inflection.adverb, "lˈOkəl", "lˈOkəli"),
        (inflection.have, "hˌu", "hˌuv"),
        (inflection.have, "ʃʊd", "ʃʊdəv"),
        (inflection.will, "ðæt", "ðætəl"),
        (inflection.would, "hˌu", "hˌud"),
        (inflection.would, "ðæt", "ðætəd"),
        (inflection.are, "hˌu", "hˌuəɹ"),
    ],
)
def test_endings(inflect, stem: str, sounds: str) -> None:
    assert inflect(stem) == sounds


def test_letter_names() -> None:
    assert spell("A") == "ˈA"
    assert spell("g.p.s.") == "ʤˌipˌiˈɛs"
    assert spell("WC") == "dˌʌbᵊljusˈi"
    assert spell("12") == ""
    assert digit("0") == "zˈɪɹO"


def test_every_letter_has_a_name() -> None:
    assert len({spell(letter) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}) == 26


def test_tokens_keep_punctuation_attached() -> None:
    assert tokenize('He said: "go (now)!"') == [
        Token("He"),
        Token("said", after=":"),
        Token("go", before="“"),
        Token("now", before="(", after=")!”"),
    ]
    assert [token.text for token in tokenize("and/or, T-shirt 12B rock 'n' roll")] == (
        ["and", "or", "T-shirt", "1", "2", "B", "rock", "'n'", "roll"]
    )


def test_pauses() -> None:
    assert [token.pauses for token in tokenize("one, two (three) four")] == [True, False, False, False]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Müller’s café — naïve", "Muller's cafe — naive"),
        ("Ｇate ５", "Gate 5"),
        ("٣", "3"),
        ("Straße", "Strasse"),
        ("Łódź", "Lodz"),
        ("π", " pi "),
        ("你", " character "),
        ("☂", " "),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_accents_that_tell_words_apart_stay_in_tokens() -> None:
    assert [token.text for token in tokenize("Rosé, crème fraîche, Élysées")] == ["Rosé", "crème", "fraiche", "Elysées"]


@pytest.mark.parametrize(
    ("name", "sounds"),
    [
        ("Zhongguancun", "ʤˌʊŋɡwɑntsˈʊn"),
        ("Xi'an", "ʃˌiˈɑn"),
        ("Xian", "ʃjˈɛn"),
        ("Tiananmen", "tjˌɛnɑnmˈʌn"),
        ("Fangan", "fˌɑnɡˈɑn"),
        ("Yuanmingyuan", "jwˌɛnmɪŋjwˈɛn"),
        ("Shijiazhuang", "ʃˌɜɹʤjɑʤwˈɑŋ"),
        ("Nüren", "nˌuɹˈʌn"),
        ("Zibo", "zˌəbˈO"),
        ("Ruian", "ɹwˌAˈɑn"),
        ("Haerbin", "hˌɑɑɹbˈɪn"),
    ],
)
def test_pinyin_names(name: str, sounds: str) -> None:
    assert name_sounds(name) == sounds


@pytest.mark.parametrize(
    "word",
    ["Hello", "Nathan", "Smith", "Xx", "", "'", "Zhongguancunzhongguancun", "Cahuenga", "Cienega", "Deepika", "Quogue"],
)
def test_other_names_are_not_pinyin(word: str) -> None:
    assert name_sounds(word) is None


def test_no_such_syllable() -> None:
    with pytest.raises(KeyError):
        syllable_sounds(["shen", "zhex"])
