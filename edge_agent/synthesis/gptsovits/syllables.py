"""Mandarin syllables as GPT-SoVITS spells them: an initial, and a final with its tone."""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from types import MappingProxyType
from typing import Final

from edge_agent.synthesis.gptsovits.symbols import table
from edge_agent.text import TextError, pinyin

_INITIALS: Final = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw")
_BARE: Final = MappingProxyType({"a": "AA", "e": "EE", "o": "OO"})
"""What stands before a syllable without an initial, by its first vowel."""

_LABIALS: Final = frozenset("bpmf")
_AFTER_Y: Final = MappingProxyType({"e": "E", "an": "En", "u": "v", "uan": "van", "ue": "ve", "un": "vn"})
_INTERJECTIONS: Final = MappingProxyType({"m": ("m", "u"), "n": ("EE", "en"), "ng": ("EE", "en"), "hm": ("h", "en"), "hng": ("h", "eng")})
"""Syllables without a vowel, by the nearest ones the voices have learned."""


@lru_cache(maxsize=4096)
def spell(syllable: str) -> tuple[str, str]:
    """Initial and final of a syllable as the front end writes it: ``hong2`` -> ``("h", "ong2")``.

    Raises:
        TextError: it is no syllable that GPT-SoVITS can say.
    """
    letters, tone = syllable[:-1], syllable[-1:]
    initial, final = _INTERJECTIONS.get(letters) or _parts(letters)
    if tone not in "12345" or not tone or f"{final}{tone}" not in table("v1") or initial not in table("v1"):
        raise TextError(f"GPT-SoVITS has no sound for the syllable {syllable!r}")
    return initial, f"{final}{tone}"


def _parts(letters: str) -> tuple[str, str]:
    initial = next((each for each in _INITIALS if letters.startswith(each)), "")
    final = letters[len(initial) :]
    if not initial:
        return _BARE.get(letters[:1], ""), letters
    if initial == "y":
        return initial, _AFTER_Y.get(final, final)
    if initial in ("j", "q", "x") and final.startswith("u"):
        return initial, f"v{final[1:]}"
    if initial in ("n", "l") and final == "ue":
        return initial, "ve"
    if final == "i":
        return initial, {"zh": "ir", "ch": "ir", "sh": "ir", "r": "ir", "z": "i0", "c": "i0", "s": "i0"}.get(initial, "i")
    return initial, final


def from_sounds(sounds: str) -> list[tuple[str, str]] | None:
    """Initials and finals of a word written in the phonemes of ``edge_agent.text``; None if it is not Mandarin."""
    known, spelled, at = _by_sounds(), [], 0
    while at < len(sounds):
        size = next((size for size in range(min(8, len(sounds) - at), 0, -1) if sounds[at : at + size] in known), 0)
        if not size:
            return None
        spelled += known[sounds[at : at + size]]
        at += size
    return spelled


@lru_cache(maxsize=1)
def _by_sounds() -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    finals = {symbol[:-1] for symbol in table("v1") if symbol[-1] == "5"} - {"ir", "i0", "E", "En"} | {"ue", "er"}
    # longest first: a rhotic ending is more often that of dian than that of dia
    for initial, final in product(("", *_INITIALS), sorted(finals, key=lambda each: (-len(each), each))):
        if final == ("uo" if initial in _LABIALS else "o") and initial not in ("", "y", "w"):
            continue  # sounds like the other one, and is no syllable
        letters = initial + final
        for tone in pinyin.TONE_MARKS:
            try:
                sounds, rhotic, spelled = pinyin.ipa(letters + tone), pinyin.rhotic(letters + tone), spell(letters + tone)
            except TextError:
                continue
            found.setdefault(sounds, [spelled])
            found.setdefault(rhotic, [spelled, ("EE", f"er{tone}")])
    return found
