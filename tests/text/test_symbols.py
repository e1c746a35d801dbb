import pytest

from edge_agent.text import TextError
from edge_agent.text.symbols import BOUNDARY_ID, N_IDS, SYMBOLS, encode


def test_table_is_kokoros():
    assert len(SYMBOLS) == 114
    assert len(set(SYMBOLS.values())) == 114
    assert max(SYMBOLS.values()) == N_IDS - 1 == 177
    # Spot values of config.json of Kokoro-82M v1.0, from every run of the table.
    expected = {";": 1, "—": 9, " ": 16, "ꭧ": 23, "A": 24, "O": 31, "T": 36, "Y": 41, "f": 48, "h": 50, "z": 68, "æ": 72, "ɕ": 77, "ə": 83,
                "ɜ": 87, "ɡ": 92, "ɥ": 99, "ʝ": 103, "ŋ": 112, "œ": 120, "ɻ": 126, "ʂ": 130, "ʧ": 133, "ʊ": 135, "ɤ": 140, "ʒ": 147,
                "ˈ": 156, "ː": 158, "ʰ": 162, "ʲ": 164, "↓": 169, "→": 171, "↘": 173, "ᵻ": 177}  # fmt: skip
    assert {symbol: SYMBOLS[symbol] for symbol in expected} == expected


def test_encode_puts_the_boundary_at_both_ends():
    assert encode("ni↗") == [BOUNDARY_ID, 56, 51, 172, BOUNDARY_ID]
    assert encode("") == [BOUNDARY_ID, BOUNDARY_ID]


def test_encode_names_the_place_of_an_unknown_symbol():
    with pytest.raises(TextError, match=r"'g' \(U\+0067\) at 2") as caught:
        encode("nig")
    assert caught.value.position == 2
