"""Chinese text to phonemes: words, readings, sandhi, 儿化."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from edge_agent.text import pinyin, polyphones, punctuation, sandhi
from edge_agent.text.zh_words import Word, words

HAN: Final = r"\u3007\u3400-\u4dbf\u4e00-\u9fff"
_PIECE: Final = re.compile(rf"[{HAN}]+|[^{HAN}]")
_FULL_ER: Final = frozenset(
    "女儿 婴儿 幼儿 少儿 孤儿 胎儿 健儿 小儿 新生儿 患儿 育儿 生儿 早产儿 宠儿 弃儿 男儿 孩儿 幸运儿 混血儿 产儿 托儿 妻儿 孙儿".split()
)
"""Words in which a final 儿 is a child, a syllable of its own, and not a suffix."""


def phonemes(text: str) -> str:
    """Phonemes of normalised text made of Chinese characters and punctuation; words are separated by spaces.

    Characters without a reading are left out, like anything else that is neither.
    """
    return punctuation.join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    for piece in _PIECE.findall(text):
        if piece in punctuation.PAUSES:
            yield piece
        elif run := "".join(filter(words().readable, piece)):
            yield from _spoken(run)


def read(run: str) -> list[Word]:
    """The words of a run of readable characters with the syllables they have in it, sandhi applied."""
    listed = words()
    return sandhi.apply(polyphones.resolve(_join_suffixes(listed.segment(run))), listed.is_word)


def is_rhotic(word: Word) -> bool:
    """Whether the 儿 that ends `word` is a suffix, which is merged into the syllable before it."""
    return len(word.text) > 1 and word.text[-1] == "儿" and word.text not in _FULL_ER


def _spoken(run: str) -> Iterator[str]:
    for word in read(run):
        if is_rhotic(word):
            *before, stem, _ = word.syllables
            yield "".join(map(pinyin.ipa, before)) + pinyin.rhotic(stem)
        else:
            yield "".join(map(pinyin.ipa, word.syllables))


def _join_suffixes(phrase: list[Word]) -> list[Word]:
    """Puts a 儿 that stands alone onto the word before it."""
    joined: list[Word] = []
    for word in phrase:
        if word.text == "儿" and joined:
            stem = joined.pop()
            joined.append(Word(stem.text + "儿", (*stem.syllables, "er5")))
        else:
            joined.append(word)
    return joined
