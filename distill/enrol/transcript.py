"""How many syllables a transcript has."""

from __future__ import annotations

import re
from pathlib import Path

from distill.enrol.errors import EnrolmentError
from edge_agent import text

MAX_BYTES = 4 << 20
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
ENGLISH_VOWEL = re.compile("[aeiouæɑɐɒɔəɚɛɜɨɪøœʊʌɤᵻᵊAIOQWY]")
"""Diphthongs are one symbol in English, so each symbol is a syllable."""


def count_syllables(path: Path) -> int:
    """Syllables of a UTF-8 text in Chinese, English or both, numbers read out.

    Raises:
        EnrolmentError: it cannot be read, or nothing in it is spoken.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise EnrolmentError(f"{path} has more than {MAX_BYTES} bytes: is it the transcript?")
        lines = content.decode().splitlines()
    except OSError as error:
        raise EnrolmentError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise EnrolmentError(f"{path} is not UTF-8 at byte {error.start}: save it as UTF-8 text") from error
    syllables = sum(_of_line(text.normalise(line)) for line in lines if line.strip())
    if not syllables:
        raise EnrolmentError(f"{path} holds nothing that is spoken")
    return syllables


def _of_line(line: str) -> int:
    return len(HAN.findall(line)) + len(ENGLISH_VOWEL.findall(text.phonemes(HAN.sub(" ", line))))
