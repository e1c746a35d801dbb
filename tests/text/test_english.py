"""Text to phonemes, as the voice was trained to read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.text.english import phonemes
from edge_agent.text.symbols import SYMBOLS


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("The check-in counter is closed.", "ðə ʧˈɛkˌɪn kˈWntəɹ ɪz klˈOzd."),
        ("Please keep your ID ready.", "plˈiz kˈip jʊɹ ˌIdˈi ɹˈɛdi."),
        ("NASA and USB and VIP members", "nˈæsə ænd jˌuˌɛsbˈi ænd vˌiˌIpˈi mˈɛmbəɹz"),
    ],
)
def test_sentences(text: str, sounds: str) -> None:
    assert phonemes(text) == sounds


@given(st.text(max_size=60))
def test_any_text_gives_only_symbols_of_the_table(text: str) -> None:
    sounds = phonemes(text)
    assert set(sounds) <= SYMBOLS.keys()
    if any(letter.isalpha() for letter in text):
        assert sounds
