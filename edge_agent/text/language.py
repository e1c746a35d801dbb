"""Which language a sentence's figures are read in."""

from __future__ import annotations

import re
from typing import Final, Literal

_CHINESE: Final = re.compile(r"[\u3400-\u9fff]")
_ENGLISH_WORD: Final = re.compile(r"[A-Za-z][A-Za-z'-]*")
_ENGLISH_FUNCTION: Final = frozenset(
    "the a an is are was be to at in on of for from with your our please and will has have this that it you we by or".split()
)
FUNCTION_WORD_WEIGHT: Final = 3
"""A function word says more about the language of a sentence than a name in it."""


def of(sentence: str, otherwise: Literal["zh", "en"]) -> Literal["zh", "en"]:
    """The language whose words carry `sentence`; `otherwise` if it has none."""
    chinese = len(_CHINESE.findall(sentence))
    words = _ENGLISH_WORD.findall(sentence)
    if not chinese and not words:
        return otherwise
    english = sum(FUNCTION_WORD_WEIGHT if word.lower() in _ENGLISH_FUNCTION and not word.isupper() else 1 for word in words if len(word) > 1)
    if chinese == english:
        return otherwise
    return "zh" if chinese > english else "en"
