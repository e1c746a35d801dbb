"""Pinyin syllables to the phonemes of `symbols`.

A syllable is written as toneless letters (ü is `v`) and a digit: `hong2`, `lv4`, `de5`. The tone arrow stands after
the vowel, before a final nasal (`xʊ↗ŋ`), because that is how the teacher learnt it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from edge_agent.text.errors import TextError

TONE_MARKS: Final = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}
RHOTIC: Final = "ɚ"

_INITIALS: Final = {
    "b": "p", "p": "pʰ", "m": "m", "f": "f",
    "d": "t", "t": "tʰ", "n": "n", "l": "l",
    "g": "k", "k": "kʰ", "h": "x",
    "j": "ʨ", "q": "ʨʰ", "x": "ɕ",
    "zh": "ꭧ", "ch": "ꭧʰ", "sh": "ʂ", "r": "ɻ",
    "z": "ʦ", "c": "ʦʰ", "s": "s",
}  # fmt: skip

# "'" is where the tone arrow goes.
_FINALS: Final = {
    "a": "a'", "ai": "ai'", "an": "a'n", "ang": "a'ŋ", "ao": "au'",
    "o": "wo'", "ou": "ou'", "ong": "ʊ'ŋ",
    "e": "ɤ'", "ei": "ei'", "en": "ə'n", "eng": "ə'ŋ",
    "i": "i'", "ia": "ja'", "ian": "jɛ'n", "iang": "ja'ŋ", "iao": "jau'",
    "ie": "je'", "in": "i'n", "ing": "i'ŋ", "iong": "jʊ'ŋ", "iu": "jou'",
    "u": "u'", "ua": "wa'", "uai": "wai'", "uan": "wa'n", "uang": "wa'ŋ",
    "ui": "wei'", "un": "wə'n", "uo": "wo'",
    "v": "y'", "ve": "ɥe'", "van": "ɥɛ'n", "vn": "y'n",
}  # fmt: skip

# Spelled without an initial, or not by the scheme at all (interjections).
_WHOLE: Final = {
    "a": "a'", "ai": "ai'", "an": "a'n", "ang": "a'ŋ", "ao": "au'",
    "o": "ɔ'", "ou": "ou'", "e": "ɤ'", "ei": "ei'", "en": "ə'n", "eng": "ə'ŋ", "er": "ɚ'",
    "yi": "i'", "ya": "ja'", "yan": "jɛ'n", "yang": "ja'ŋ", "yao": "jau'", "ye": "je'", "yin": "i'n",
    "ying": "i'ŋ", "yong": "jʊ'ŋ", "you": "jou'", "yo": "wo'", "yai": "jai'",
    "wu": "u'", "wa": "wa'", "wai": "wai'", "wan": "wa'n", "wang": "wa'ŋ", "wei": "wei'", "wen": "wə'n",
    "weng": "wə'ŋ", "wo": "wo'",
    "yu": "y'", "yue": "ɥe'", "yuan": "ɥɛ'n", "yun": "y'n",
    "m": "m'", "n": "n'", "ng": "ŋ'", "hm": "hm'", "hng": "hŋ'",
}  # fmt: skip


def _body(letters: str) -> str | None:
    if letters in _WHOLE:
        return _WHOLE[letters]
    size = 2 if letters[1:2] == "h" else 1
    initial, final = letters[:size], letters[size:]
    if initial not in _INITIALS:
        return None
    if initial in ("j", "q", "x") and final.startswith("u"):
        final = "v" + final[1:]
    elif initial in ("n", "l") and final == "ue":
        final = "ve"
    elif final == "i" and initial in ("zh", "ch", "sh", "r", "z", "c", "s"):
        return _INITIALS[initial] + "ɨ'"
    if final not in _FINALS:
        return None
    return _INITIALS[initial] + _FINALS[final]


def _parts(syllable: str) -> tuple[str, str]:
    body = _body(syllable[:-1])
    mark = TONE_MARKS.get(syllable[-1:])
    if body is None or mark is None:
        raise TextError(f"{syllable!r} is not a pinyin syllable (letters then a tone 1..5, as in 'hong2', 'lv4')")
    return body, mark


@lru_cache(maxsize=4096)
def ipa(syllable: str) -> str:
    """Phonemes of one syllable, `hong2` -> `xʊ↗ŋ`. Raises TextError on something that is no syllable."""
    body, mark = _parts(syllable)
    return body.replace("'", mark)


_RHOTIC_ENDINGS: Final = (
    ("jɛ'n", "ja'"), ("ɥɛ'n", "ɥa'"), ("a'n", "a'"), ("ə'n", "ə'"), ("i'n", "i'"), ("y'n", "y'"), ("ai'", "a'"), ("ei'", "ə'"),
    ("ɨ'", "ə'"),
)  # fmt: skip


@lru_cache(maxsize=512)
def rhotic(syllable: str) -> str:
    """Phonemes of a syllable with 儿 merged into it: `dian3` -> `tja↓ɚ`. Raises TextError as `ipa` does.

    The ending gives way to the r colour: -n and the -i of ai, ei drop, and the vowel left behind opens; -ŋ stays.
    """
    body, mark = _parts(syllable)
    for ending, merged in _RHOTIC_ENDINGS:
        if body.endswith(ending):
            body = body[: -len(ending)] + merged
            break
    return body.replace("'", mark) + RHOTIC
