"""Chinese names in English text, as an English announcer says them: Zhongguancun, Xi'an, Li Xiaoming."""

from __future__ import annotations

import re

from edge_agent.text.english.stress import PRIMARY, SECONDARY, VOWELS

_INITIALS = dict(
    pair.split(":") for pair in ("b:b p:p m:m f:f d:d t:t n:n l:l g:ɡ k:k h:h j:ʤ q:ʧ x:ʃ zh:ʤ ch:ʧ sh:ʃ r:ɹ z:z c:ts s:s y:j w:w".split())
) | {"": ""}
_FINALS = dict(
    pair.split(":")
    for pair in (
        "a:ɑ o:O e:ə i:i u:u v:u ai:I ei:A ui:wA ao:W ou:O iu:jO ie:jɛ ue:wɛ ve:wɛ er:ɑɹ an:ɑn en:ən in:ɪn un:ʊn vn:ʊn "
        "ang:ɑŋ eng:əŋ ing:ɪŋ ong:ʊŋ ia:jɑ iao:jW ian:jɛn iang:jɑŋ iong:jʊŋ ua:wɑ uo:wO uai:wI uan:wɑn uang:wɑŋ"
    ).split()
)
_AFTER = {
    "": "a o e ai ei ao ou an en ang eng er",
    "b": "a o i u ai ei ao an en ang eng ie iao ian in ing",
    "p": "a o i u ai ei ao ou an en ang eng ie iao ian in ing",
    "m": "a o e i u ai ei ao ou an en ang eng ie iao iu ian in ing",
    "f": "a o u ei ou an en ang eng",
    "d": "a e i u ai ei ao ou an ang eng ong ie iao iu ian ing uo ui uan un ia",
    "t": "a e i u ai ao ou an ang eng ong ie iao ian ing uo ui uan un",
    "n": "a e i u v ai ei ao ou an en ang eng ong ie iao iu ian in iang ing uo uan ve",
    "l": "a e i u v ai ei ao ou an ang eng ong ia ie iao iu ian in iang ing uo uan un ve",
    "g": "a e u ai ei ao ou an en ang eng ong ua uo uai ui uan un uang",
    "k": "a e u ai ao ou an en ang eng ong ua uo uai ui uan un uang",
    "h": "a e u ai ei ao ou an en ang eng ong ua uo uai ui uan un uang",
    "j": "i u ia ie iao iu ian in iang ing iong ue uan un",
    "q": "i u ia ie iao iu ian in iang ing iong ue uan un",
    "x": "i u ia ie iao iu ian in iang ing iong ue uan un",
    "zh": "a e i u ai ei ao ou an en ang eng ong ua uo uai ui uan un uang",
    "ch": "a e i u ai ao ou an en ang eng ong ua uo uai ui uan un uang",
    "sh": "a e i u ai ei ao ou an en ang eng ua uo uai ui uan un uang",
    "r": "e i u ao ou an en ang eng ong uo ui uan un",
    "z": "a e i u ai ei ao ou an en ang eng ong uo ui uan un",
    "c": "a e i u ai ao ou an en ang eng ong uo ui uan un",
    "s": "a e i u ai ao ou an en ang eng ong uo ui uan un",
    "y": "a e i o u ao ou an in ang ing ong ue uan un",
    "w": "a o u ai ei an en ang eng",
}
_SYLLABLES = {initial + final: (initial, final) for initial, finals in _AFTER.items() for final in finals.split()}
_LONGEST_SYLLABLE = max(map(len, _SYLLABLES))
_MOST_SYLLABLES = 5
_VOWELS_INSIDE = frozenset({"an", "ao", "ai", "er"})
"""Syllables without a consonant that stand inside a name with no apostrophe: Ruian, but not Cahuenga."""
_BUZZED = frozenset({"zh", "ch", "sh", "r"})
_HISSED = frozenset({"z", "c", "s"})


def name_sounds(word: str) -> str | None:
    """Return the sounds of ``word`` if all of it is pinyin syllables (an apostrophe parts them), else None."""
    syllables: list[str] = []
    for part in re.split("['-]", word.lower().replace("ü", "v")):
        split = _split(part)
        if split is None:
            return None
        syllables += split
    return syllable_sounds(syllables) if len(syllables) <= _MOST_SYLLABLES else None


def syllable_sounds(syllables: list[str]) -> str:
    """Return the sounds of pinyin ``syllables``: the last one stressed, the first one half.

    Raises:
        KeyError: one of them is no syllable of Mandarin.
    """
    marks = [""] * len(syllables)
    marks[0], marks[-1] = SECONDARY, PRIMARY
    return "".join(_marked(_syllable(syllable), mark) for syllable, mark in zip(syllables, marks, strict=True))


def _split(part: str) -> list[str] | None:
    """Split into the fewest syllables; inside a word one starts with a vowel only if need be (fangan is fan + gan)."""
    best: list[tuple[int, list[str]] | None] = [(0, [])] + [None] * len(part)
    for end in range(1, len(part) + 1):
        for start in range(max(0, end - _LONGEST_SYLLABLE), end):
            head, syllable = best[start], part[start:end]
            if head is None or syllable not in _SYLLABLES or (start and syllable[0] in "aoe" and syllable not in _VOWELS_INSIDE):
                continue
            cost = head[0] + 1 + (_MOST_SYLLABLES if start and syllable[0] in "aoe" else 0)
            known = best[end]
            if known is None or cost < known[0]:
                best[end] = (cost, [*head[1], syllable])
    found = best[len(part)]
    return found[1] if found and found[1] else None


def _syllable(syllable: str) -> str:
    initial, final = _SYLLABLES[syllable]
    if final == "i" and initial in _BUZZED:
        return _INITIALS[initial] + ("ɜɹ" if initial != "r" else "ɜ")
    if final == "i" and initial in _HISSED:
        return _INITIALS[initial] + "ə"
    sounds = _FINALS[final]
    if initial in ("y", "w") and sounds[0] == "j":
        sounds = sounds[1:]
    if syllable in ("yan", "yuan", "juan", "quan", "xuan", "ye"):
        sounds = {"yan": "ɛn", "ye": "ɛ"}.get(syllable, "wɛn")
    return _INITIALS[initial] + sounds


def _marked(sounds: str, mark: str) -> str:
    at = next(i for i, symbol in enumerate(sounds) if symbol in VOWELS)
    stressed = {"ə": "ʌ"}.get(sounds[at], sounds[at]) if mark == PRIMARY else sounds[at]
    return sounds[:at] + mark + stressed + sounds[at + 1 :]
