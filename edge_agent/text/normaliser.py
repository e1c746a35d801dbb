"""Written text to spoken text: what a reader would say, with no figure or sign left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Final, Literal

from edge_agent.text import language
from edge_agent.text.fold import fold
from edge_agent.text.slots import abbreviations, tables
from edge_agent.text.slots.rule import apply

MAX_SENTENCE: Final = 400
"""Characters looked at together; a longer stretch without an end is cut, so that time stays linear in length."""
MAX_PASSES: Final = 6
"""A reading can lay bare another slot beside it; text as people write it needs one pass and one to see that."""

_ENDS: Final = "。！？!?；\n"
_QUERY: Final = r"\?(?=[\w%-]+=)"
"""A question mark that ends no sentence: example.com/order?id=7."""
_SENTENCE: Final = re.compile(
    rf"(?:[^{_ENDS}]|{_QUERY}){{1,{MAX_SENTENCE}}}?(?:(?!{_QUERY})[{_ENDS}]+|\.(?=\s+[A-Z\d]|\s*[\u3400-\u9fff])|$)"
    rf"|[^{_ENDS}]{{1,{MAX_SENTENCE}}}(?<=[\s，：、,])(?<!\d,(?=\d))|[^{_ENDS}]{{1,{MAX_SENTENCE}}}|[{_ENDS}]+"
)
"""Up to its end; one that is too long up to its last pause or blank, so that no figure is cut in two."""
_WRITTEN: Final = re.compile(
    r"[^\u3400-\u9fffA-Za-z ，。！？；：、,.!?;:'\n—…-]|[A-Za-z]\.[A-Za-z]"
    r"|(?<![A-Za-z])(?:I{1,3}|IV)[型级期度类]|A{2,5}级|[周拜期][一二三四五六日天]\s?[-–—]"
)
_CHINESE_FIGURES: Final = re.compile(
    r"(?<![A-Za-z\d])(?:[A-Z]{0,2}|[¥$€£])\d[\d.,:-]{0,20}(?=[\u3400-\u9fff])[\u3400-\u9fff\d]{1,40}"
    r"|[\u3400-\u9fff]{1,40}[¥$€£]?\d[\d.,:-]{0,20}(?![A-Za-z\d])"
)
"""Figures that touch Chinese characters within an English sentence: `at 3号门`."""
_SMALL: Final = re.compile(r"[a-z]")
_CAPITALS: Final = re.compile(r"[A-Z]{2}.*[^A-Za-z][A-Z]{2}", re.DOTALL)
_CLAUSE: Final = re.compile(r".+?(?:[，：]+|[,:] |$)", re.DOTALL)
_SPACES: Final = re.compile(r"[ \n]+")
_BLANK_AS_PAUSE: Final = re.compile(r"(?<=[\u3400-\u9fff]{3}) (?=[\u3400-\u9fff]{3})")
"""Between phrases a blank stands for a comma; around figures and single words it is typography."""
_BLANK_IN_CHINESE: Final = re.compile(r"(?<=[\u3400-\u9fff，。！？；：、]) (?=[\u3400-\u9fff，。！？；：、])")


def normalise(text: str, lang: Literal["auto", "zh", "en"] = "auto") -> str:
    """`text` as it is spoken. Idempotent on its own result.

    Figures are read in the language of their sentence, or of a clause that is wholly in the other one; `lang` other than
    `auto` decides for all.
    """
    for _ in range(MAX_PASSES):
        spoken = _pass(text, lang)
        if spoken == text:
            break
        text = spoken
    return text


def _pass(text: str, lang: Literal["auto", "zh", "en"]) -> str:
    folded = apply(abbreviations.RULES, _BLANK_AS_PAUSE.sub("，", fold(text)))
    whole = language.of(folded, "zh") if lang == "auto" else lang
    sentences = _SENTENCE.findall(folded)
    if lang == "auto":
        return tidy("".join(_sentence(stretch, of) for sentence in sentences for stretch, of in _stretches(sentence, whole)))
    return tidy("".join(_sentence(sentence, lang) for sentence in sentences))


def _stretches(sentence: str, otherwise: Literal["zh", "en"]) -> Iterator[tuple[str, Literal["zh", "en"]]]:
    """`sentence` with its language; one whose clauses change the language, in stretches of one language each."""
    whole = language.of(sentence, otherwise)
    clauses = [(clause, language.of_clause(clause, whole)) for clause in _CLAUSE.findall(sentence)]
    for lang, run in groupby(clauses, key=lambda clause: clause[1]):
        yield "".join(clause for clause, _ in run), lang


def tidy(spoken: str) -> str:
    """One blank between words of Latin letters, none within Chinese."""
    return _BLANK_IN_CHINESE.sub("", _SPACES.sub(" ", spoken)).strip()


def _sentence(sentence: str, lang: Literal["zh", "en"]) -> str:
    if not _WRITTEN.search(sentence):
        return sentence
    if lang == "zh":
        return apply(tables.ZH, sentence)
    spoken = apply(tables.EN, _CHINESE_FIGURES.sub(lambda match: apply(tables.ZH, match[0]), sentence))
    return spoken.upper() if _is_shouted(sentence) else spoken


def _is_shouted(sentence: str) -> bool:
    """Whether all of it is in capitals: so are its figures read, for the reader to know."""
    return not _SMALL.search(sentence) and _CAPITALS.search(sentence) is not None
