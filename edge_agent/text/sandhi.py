"""Tone sandhi of standard Mandarin: 一, 不, and third tones.

Syllables carry the tone last (`ni3`). Rules after Duanmu, *The Phonology of Standard Chinese*, chapters 11 and 12.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from edge_agent.text.zh_words import Word

DIGITS: Final = frozenset("〇零幺一二三四五六七八九十两")
_SERIES: Final = ("月", "号", "楼", "层", "级", "线", "期", "区", "栋", "院", "室", "年级", "单元",
                  "等座", "等舱", "等奖", "等品", "等功", "等票", "等车")  # fmt: skip
"""After 一 these name one of a series (一号, 一楼, 一等奖), where it keeps its tone."""
_COUNTED: Final = frozenset("百千万亿个斤次张杯份件位只瓶盒包袋条米元块")
"""Before these 一 is an amount even after a figure (三块五一斤, 零一百)."""
_ROAD_SIDES: Final = frozenset("东西南北中")


def _retone(syllable: str, tone: str) -> str:
    return syllable[:-1] + tone


def _yi(text: str, syllables: list[str], i: int, ends_word: bool) -> str:
    before, after = text[i - 1 : i], text[i + 1 : i + 2]
    if not after or after in DIGITS or before in ("第", "点", "月") or (ends_word and before) or text[i - 1 : i + 2] == "级一班":
        return "yi1"
    if before in DIGITS and (before == "十" or after not in _COUNTED):
        return "yi1"
    if text[i : i + 2] in (text[max(0, i - 2) : i], text[i + 2 : i + 4]):
        return _before(syllables[i + 1])
    if before == after:
        return "yi5"
    numbered_road = after == "路" and before in _ROAD_SIDES
    return "yi1" if numbered_road or text.startswith(_SERIES, i + 1) else _before(syllables[i + 1])


def _before(following: str) -> str:
    return "yi2" if following[-1] in "45" else "yi4"


def _bu(text: str, syllables: list[str], i: int) -> str:
    before, after = text[i - 1 : i], text[i + 1 : i + 2]
    if before and before == after:
        return "bu5"
    return "bu2" if after and syllables[i + 1][-1] == "4" else "bu4"


def _third_tones_in_word(text: str, syllables: list[str], is_word: Callable[[str], bool]) -> None:
    """Two third tones become 2-3; three by the word's own halves; longer runs by pairs."""
    n = len(syllables)
    if n > 2:
        cut = 2 if n > 3 or is_word(text[:2]) or not is_word(text[1:]) else 1
        head, tail = syllables[:cut], syllables[cut:]
        _third_tones_in_word(text[:cut], head, is_word)
        _third_tones_in_word(text[cut:], tail, is_word)
        syllables[:] = head + tail
    for i in range(n - 2, -1, -1):
        if syllables[i][-1] == "3" and syllables[i + 1][-1] == "3":
            syllables[i] = _retone(syllables[i], "2")


def apply(phrase: Sequence[Word], is_word: Callable[[str], bool]) -> list[Word]:
    """The words of one phrase (no punctuation inside) as they are spoken together."""
    text = "".join(word.text for word in phrase)
    syllables = [syllable for word in phrase for syllable in word.syllables]
    ends = set()
    position = 0
    for word in phrase:
        position += len(word.text)
        if len(word.text) > 1:
            ends.add(position - 1)
    for i, character in enumerate(text):
        if character == "一" and syllables[i] == "yi1":
            syllables[i] = _yi(text, syllables, i, i in ends)
        elif character == "不" and syllables[i] == "bu4":
            syllables[i] = _bu(text, syllables, i)
    spoken: list[Word] = []
    position = 0
    for word in phrase:
        own = syllables[position : position + len(word.text)]
        position += len(word.text)
        if len(own) > 1:
            _third_tones_in_word(word.text, own, is_word)
        spoken.append(Word(word.text, tuple(own)))
    for i in range(len(spoken) - 2, -1, -1):
        last = spoken[i].syllables[-1]
        if last[-1] == "3" and spoken[i + 1].syllables[0][-1] == "3":
            spoken[i] = Word(spoken[i].text, (*spoken[i].syllables[:-1], _retone(last, "2")))
    return spoken
