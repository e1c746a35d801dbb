"""Rebuilds `data/zh_words.txt` and `data/zh_characters.txt`; needs jieba and pypinyin, which the daemon does not.

    python -m edge_agent.text._build_zh_lexicon

Words and their frequencies are jieba 0.42.1's (MIT), readings pypinyin 0.55.0's (MIT). A word's reading is written
only where it differs from its characters' default readings, and tone sandhi is undone, because `sandhi` applies it
from the context.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

DATA = Path(__file__).with_name("data")
MIN_FREQUENCY = 3
"""jieba's floor for words it has from name lists; below it nothing is worth its bytes."""
MAX_WORD = 8
HAN = re.compile(r"[\u3400-\u9fff\u3007]+")

# Most frequent reading where the reference lists another one first.
DEFAULTS = {
    "得": "de5", "长": "chang2", "喽": "lou5", "哦": "o4", "嗯": "en4", "欸": "ei2", "谁": "shei2", "只": "zhi1",
    "子": "zi3", "似": "si4", "切": "qie1", "调": "tiao2", "冠": "guan4", "尽": "jin4", "曲": "qu3",
    "舍": "she4", "帖": "tie3", "兴": "xing4", "咽": "yan1", "脏": "zang1", "爪": "zhua3", "撒": "sa3", "轧": "zha2",
    "晃": "huang4", "脯": "fu3", "匙": "chi2", "泊": "bo2", "炸": "zha4", "埔": "pu3",
}  # fmt: skip


def _syllable(written: str) -> str:
    return written.replace("ü", "v").replace("ê", "ei")


def _words(dictionary: Iterable[str]) -> Iterator[tuple[str, int]]:
    for line in dictionary:
        word, frequency, *_ = line.split(" ")
        if HAN.fullmatch(word) and len(word) <= MAX_WORD and int(frequency) >= MIN_FREQUENCY:
            yield word, int(frequency)


NOT_INSIDE = frozenset("地方 东西 大方 公差 大意 一行 行长 星星 所长 得来 得出 调来 高行 码子 座子 谷子 身处".split())
"""Own words whose characters are read otherwise in longer words (东西方, 看得出)."""


def _own_words() -> dict[str, list[str]]:
    rows = (line.split("\t") for line in (DATA / "zh_own.txt").read_text(encoding="utf-8").splitlines() if line[:1] not in ("", "#"))
    return {word: reading.split() for word, reading, *_ in rows if reading and len(word) > 1 and word not in NOT_INSIDE}


def _with_own(word: str, syllables: list[str], own: dict[str, list[str]]) -> list[str]:
    """A longer word reads its beginning or its end as we read it by itself (随身行李 as 行李)."""
    for size in range(len(word) - 1, 1, -1):
        if (reading := own.get(word[-size:])) is not None:
            return syllables[:-size] + reading
        if (reading := own.get(word[:size])) is not None:
            return reading + syllables[size:]
    return syllables


def build() -> None:
    """Writes both tables beside this module."""
    import jieba
    from pypinyin import Style, lazy_pinyin, load_single_dict
    from pypinyin.contrib.tone_convert import to_tone3, tone3_to_tone
    from pypinyin.pinyin_dict import pinyin_dict

    def readings(word: str) -> list[str]:
        return [_syllable(s) for s in lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True)]

    default: dict[str, str] = {}
    for codepoint, listed in pinyin_dict.items():
        if HAN.fullmatch(chr(codepoint)):
            default[chr(codepoint)] = _syllable(to_tone3(listed.split(",")[0], neutral_tone_with_five=True))
    default.update(DEFAULTS)
    load_single_dict({ord(character): tone3_to_tone(syllable) for character, syllable in DEFAULTS.items()})

    dictionary = Path(jieba.__file__).with_name("dict.txt").read_text(encoding="utf-8").splitlines()
    own = _own_words()
    buckets: defaultdict[str, list[str]] = defaultdict(list)
    total = 0
    for word, frequency in sorted(_words(dictionary)):
        total += frequency
        entry = f"{word[1:]},{frequency}"
        if len(word) > 1:
            spoken = [
                default[character] if character in "一不" else syllable
                for character, syllable in zip(word, _with_own(word, readings(word), own), strict=True)
            ]
            if spoken != [default.get(character) for character in word]:
                entry += "," + " ".join(spoken)
        buckets[word[0]].append(entry)

    words = [f"{head}\t" + "\t".join(entries) for head, entries in sorted(buckets.items())]
    (DATA / "zh_words.txt").write_text(f"{total}\n" + "\n".join(words) + "\n", encoding="utf-8")
    by_syllable: defaultdict[str, str] = defaultdict(str)
    for character, syllable in sorted(default.items()):
        by_syllable[syllable] += character
    lines = (f"{syllable} {characters}\n" for syllable, characters in sorted(by_syllable.items()))
    (DATA / "zh_characters.txt").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    build()
