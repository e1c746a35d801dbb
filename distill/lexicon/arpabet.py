"""ARPAbet transcriptions (CMUdict) in the symbols and habits of misaki's dictionary."""

from __future__ import annotations

_CONSONANT_PAIRS = "B:b CH:ʧ D:d DH:ð F:f G:ɡ HH:h JH:ʤ K:k L:l M:m N:n NG:ŋ P:p R:ɹ S:s SH:ʃ T:t TH:θ V:v W:w Y:j Z:z ZH:ʒ"
_VOWEL_PAIRS = "AA:ɑ AE:æ AH:ʌ AO:ɔ AW:W AY:I EH:ɛ ER:ɜɹ EY:A IH:ɪ IY:i OW:O OY:Y UH:ʊ UW:u"
_CONSONANTS = dict(pair.split(":") for pair in _CONSONANT_PAIRS.split())
_VOWELS = dict(pair.split(":") for pair in _VOWEL_PAIRS.split())
_REDUCED = {"AH": "ə", "ER": "əɹ"}
_MARKS = {"0": "", "1": "ˈ", "2": "ˌ"}
_SIBILANTS = frozenset({"S", "Z", "SH", "ZH", "CH", "JH"})


def from_arpabet(transcription: str) -> str:
    """Return ``transcription`` (``"W AO1 T ER0"``) as misaki would write it (``wˈɔTəɹ``).

    CMUdict hears more full vowels in unstressed syllables than misaki writes; they are reduced where misaki does.

    Raises:
        KeyError: a symbol is not ARPAbet.
    """
    phones = transcription.split()
    return "".join(_symbol(phones, at) for at in range(len(phones)))


def _symbol(phones: list[str], at: int) -> str:
    phone = phones[at]
    before = phones[at - 1] if at else ""
    after, later = [*phones[at + 1 : at + 3], "", ""][:2]
    if not _is_vowel(phone):
        return "T" if phone == "T" and _is_flapped(before, after, later) else _CONSONANTS[phone]
    vowel, stress = phone[:-1], phone[-1]
    if stress == "2" and vowel == "IY" and not after:
        stress = "0"
    if stress != "0":
        return _MARKS[stress] + _VOWELS[vowel]
    is_last_but_one = bool(after) and not later
    is_ending = (after == "Z" and before in _SIBILANTS) or (after == "D" and before in ("T", "D"))
    if vowel in ("AH", "IH") and is_last_but_one and is_ending:
        return "ᵻ"
    is_syllabic_l = after == "L" and is_last_but_one and before in _CONSONANTS and before != "R"
    if vowel == "AH" and (is_syllabic_l or (after == "N" and before in ("T", "D", "Z"))):
        return "ᵊ"
    if vowel == "IH" and after in _CONSONANTS and _is_vowel(later):
        return "ə"
    return _REDUCED.get(vowel) or _VOWELS[vowel]


def _is_vowel(phone: str) -> bool:
    return phone[-1:].isdigit()


def _is_flapped(before: str, after: str, later: str) -> bool:
    is_unstressed = after.endswith("0") or (after == "IY2" and not later)
    return is_unstressed and (_is_vowel(before) or before == "R")
