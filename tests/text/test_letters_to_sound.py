"""Guesses at words that are in no dictionary."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.text import letters_to_sound
from edge_agent.text.letters_to_sound import LettersToSound, LettersToSoundError
from edge_agent.text.symbols import SYMBOLS

MODEL = Path(letters_to_sound.__file__).parent / "data" / "letters_to_sound_en.npz"


@pytest.fixture(scope="module")
def model() -> LettersToSound:
    return LettersToSound(MODEL)


@pytest.mark.parametrize(
    ("word", "sounds"),
    [
        ("blick", "blˈɪk"),
        ("phrake", "fɹˈAk"),
        ("shoned", "ʃˈOnd"),
        ("quistle", "kwˈɪsəl"),
        ("tration", "tɹˈAʃən"),
        ("knaff", "nˈæf"),
    ],
)
def test_invented_words(model: LettersToSound, word: str, sounds: str) -> None:
    assert model.sounds(word) == sounds


@settings(deadline=None)
@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=20))
def test_any_letters_give_known_symbols(model: LettersToSound, word: str) -> None:
    sounds = model.sounds(word)
    assert set(sounds) <= SYMBOLS.keys()
    assert sounds == model.sounds(word.upper())


def test_other_symbols_are_passed_over(model: LettersToSound) -> None:
    assert model.sounds("b-l!ick") == model.sounds("blick")
    assert model.sounds("") == model.sounds("123") == ""


def test_the_model_file_is_small() -> None:
    assert MODEL.stat().st_size <= 2_000_000


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(LettersToSoundError, match="reinstall") as caught:
        LettersToSound(tmp_path / "none.npz")
    assert caught.value.path == tmp_path / "none.npz"


@pytest.mark.parametrize("n_kept", [0, 10, 1000, 1_000_000])
def test_a_file_cut_off(tmp_path: Path, n_kept: int) -> None:
    path = tmp_path / "model.npz"
    path.write_bytes(MODEL.read_bytes()[:n_kept])
    with pytest.raises(LettersToSoundError):
        LettersToSound(path)


def test_a_file_with_a_wrong_byte(tmp_path: Path) -> None:
    content = bytearray(MODEL.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path = tmp_path / "model.npz"
    path.write_bytes(content)
    with pytest.raises(LettersToSoundError):
        LettersToSound(path)


@pytest.mark.parametrize(("change", "problem"), [({"format": 2}, "format 2"), ({"costs": np.zeros(3, np.uint8)}, "lengths")])
def test_a_file_of_another_kind(tmp_path: Path, change: dict, problem: str) -> None:
    path = tmp_path / "model.npz"
    with np.load(MODEL) as file:
        np.savez(path, **(dict(file) | change))
    with pytest.raises(LettersToSoundError, match=problem):
        LettersToSound(path)
