"""Which language a sentence's figures are read in."""

from __future__ import annotations

import re
from typing import Final, Literal

_CHINESE: Final = re.compile(r"[\u3400-\u9fff]")
_CHINESE_FUNCTION: Final = re.compile(r"[的是请在了到将您为有从已位我你把被于至为还就也]")
_ENGLISH_WORD: Final = re.compile(r"[A-Za-z][A-Za-z'-]+")
_PLAIN_WORD: Final = re.compile(r"(?<![.@/-])\b[a-z]{3,}\b(?!:/|[.@-]\w)")
"""No part of an address, which is read in the language around it."""
_OPENING: Final = re.compile(r"\s*[A-Z][a-z]+ [^A-Z]*\b[a-z]{3,}\b")
"""Begins like a sentence: Keep 1 m apart."""
_ENGLISH_FUNCTION: Final = frozenset(
    "the an is are was be to at in on of for from with your our please and will has have this that it you we by or".split()
)


def of_clause(clause: str, sentence: Literal["zh", "en"]) -> Literal["zh", "en"]:
    """The language of one clause of a sentence in `sentence`: the other one only if all its words are of that."""
    is_chinese = _CHINESE.search(clause) is not None
    if is_chinese and sentence == "en" and not _ENGLISH_WORD.search(clause):
        return "zh"
    if (
        not is_chinese
        and sentence == "zh"
        and (_has_english_function(clause) or len(_PLAIN_WORD.findall(clause)) > 1 or _OPENING.match(clause))
    ):
        return "en"
    return sentence


def _has_english_function(text: str) -> bool:
    # In capitals IT, OR and AT are names.
    return any(word.lower() in _ENGLISH_FUNCTION and not word.isupper() for word in _ENGLISH_WORD.findall(text))


def of(sentence: str, otherwise: Literal["zh", "en"]) -> Literal["zh", "en"]:
    """The language whose grammar holds `sentence` together; `otherwise` if it has no words.

    Function words decide, for a sentence may name more in the other language than it says in its own. With those of
    both, characters are weighed against words; without any it is a list of names, and any Chinese makes it Chinese.
    """
    words = _ENGLISH_WORD.findall(sentence)
    english = _has_english_function(sentence)
    chinese = _CHINESE_FUNCTION.search(sentence) is not None
    if english != chinese:
        return "en" if english else "zh"
    n_characters = len(_CHINESE.findall(sentence))
    if english and n_characters < len(words):
        return "en"
    if n_characters:
        return "zh"
    return "en" if words else otherwise
