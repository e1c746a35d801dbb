from pathlib import Path

import pytest

from edge_agent.text import TextError
from edge_agent.text.pinyin import ipa, rhotic
from edge_agent.text.symbols import encode

VECTOR = [
    line.split("\t")
    for line in (Path(__file__).parent / "data" / "pinyin_phonemes.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def test_vector_is_whole():
    assert len(VECTOR) > 500


def test_every_syllable_reads_as_the_teacher_learnt_it():
    assert {syllable: ipa(syllable) for syllable, _ in VECTOR} == dict(VECTOR)


def test_every_syllable_can_be_encoded():
    for syllable, _ in VECTOR:
        encode(ipa(syllable))
        encode(rhotic(syllable))


@pytest.mark.parametrize(
    ("syllable", "expected"),
    [("dian3", "tja↓ɚ"), ("hui4", "xwə↘ɚ"), ("wan2", "wa↗ɚ"), ("hua1", "xwa→ɚ"), ("kong4", "kʰʊ↘ŋɚ"), ("shi4", "ʂə↘ɚ"), ("pai2", "pʰa↗ɚ")],
)
def test_rhotic_gives_way(syllable, expected):
    assert rhotic(syllable) == expected


@pytest.mark.parametrize("wrong", ["", "hong", "hong6", "hong0", "xyz1", "5", "bü1", "Hong2", "ong1"])
@pytest.mark.parametrize("read", [ipa, rhotic])
def test_what_is_no_syllable_is_refused(read, wrong):
    with pytest.raises(TextError, match="not a pinyin syllable"):
        read(wrong)
