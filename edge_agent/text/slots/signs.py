"""Signs that are words, after every slot has taken its own."""

from __future__ import annotations

import re
from typing import Final

from edge_agent.text import numbers_en, numbers_zh, punctuation
from edge_agent.text.slots.rule import Rule, rule

_WORD: Final = r"[A-Za-z\u4e00-\u9fff]"


def _aside(match: re.Match[str]) -> str:
    """What stands in brackets is set apart by pauses."""
    before = match.string[: match.start()].rstrip()
    pause = ", " if before and before[-1] not in punctuation.PAUSES else " "
    return f"{pause}{match[1].strip()},"


def _last_aside(match: re.Match[str]) -> str:
    return _aside(match).removesuffix(",")


ZH: Final[tuple[Rule, ...]] = (
    rule(r"(?<=[A-Za-z])\s?&\s?(?=[A-Za-z])", " and "),
    rule(r"\s?&\s?", "和"),
    rule(rf"(?<={_WORD})\s?\+\s?(?={_WORD})", "加"),
    rule(r"\s?(?:-+>|→|⇒)\s?", "到"),
    rule(r"\s?=\s?", "等于"),
    rule(r"\s?×\s?", "乘"),
    rule(r"\s?÷\s?", "除以"),
    rule(r"\s?±\s?", "正负"),
    rule(r"\s?≥\s?", "大于等于"),
    rule(r"\s?≤\s?", "小于等于"),
    rule(r"\s?@\s?", "艾特"),
    rule(r"[\u0394\u2206]", "德尔塔"),
    rule(r"²", "平方"),
    rule(r"³", "立方"),
    rule(r"(?<=[A-Za-z])/(?=[A-Za-z])", " "),
    rule(r"(?<=[\u4e00-\u9fff])/(?=[A-Za-z\u4e00-\u9fff])|(?<=[A-Za-z])/(?=[\u4e00-\u9fff])", "、"),
)

def _greater(match: re.Match[str], word: str) -> str:
    """`word`, unless the sign ends a pair of brackets."""
    return match[0] if "<" in match.string[: match.start()] else word


_AMOUNT: Final = r"(?=[-±¥$€£]{0,2}\d)"

EARLY_ZH: Final[tuple[Rule, ...]] = (
    rule(rf"\s?>=\s?{_AMOUNT}", "大于等于"),
    rule(rf"\s?<=\s?{_AMOUNT}", "小于等于"),
    rule(rf"\s?<\s?{_AMOUNT}(?![!-;=?-~]{{0,80}}>)", "小于"),
    rule(rf"\s?(?<![-=])>\s?{_AMOUNT}", lambda m: _greater(m, "大于")),
    rule(r"((?:^|[，。：:；、（(]|[为是需有共])\s?|[A-Za-z] )~\s?(?=[¥$€£]?\d)", r"\1约"),
    rule(r"(?<=约)~", ""),
    rule(r"(?<=[\dA-Za-z])\^([-+]?)(\d{1,3})(?!\d)", lambda m: f"的{'负' if m[1] == '-' else ''}{numbers_zh.cardinal(m[2])}次方"),
    rule(r"(?<=°[CF])\s?/\s?(?=[-−]?\d{1,3}(?:\.\d+)?\s?°)", "，"),
    rule(r"(?<![A-Za-z\d])([A-Za-z]{1,6}\d{1,4}(?:\.\d+)?) (?=\d)", r"\1，"),
)
"""Of signs around figures, so before any figure is read; and a code is kept from the number behind it: PM2.5 35."""

EARLY_EN: Final[tuple[Rule, ...]] = (
    rule(r"(?<=[a-z])\(s\)", "s"),
    rule(r"[(\[](\d{1,2}|[A-Za-z])[)\]](?!\s?\d)", r" \1"),
    rule(rf"\s?>=\s?{_AMOUNT}", " at least "),
    rule(rf"\s?<=\s?{_AMOUNT}", " at most "),
    rule(rf"\s?<\s?{_AMOUNT}(?![!-;=?-~]{{0,80}}>)", " less than "),
    rule(rf"\s?(?<![-=])>\s?{_AMOUNT}", lambda m: _greater(m, " greater than ")),
    rule(r"\b([Aa]bout|[Aa]pproximately|[Aa]round) ~(?=\d)", r"\1 "),
    rule(r"(^|[a-z(,:;] |[(,:;])~\s?(?=[$£€]?\d)", r"\1about "),
    rule(
        r"(\s?[x×]\s?10)?(?<=[\dA-Za-z])\^([-+]?)(\d{1,3})(?!\d)",
        lambda m: f"{' times 10' if m[1] else ''} to the power of {'minus ' if m[2] == '-' else ''}{numbers_en.cardinal(m[3])}",
    ),
    rule(r"\b((?:Sp|C|N|S)?O2|PM2\.5|PM10) (?=\d)", r"\1, "),
    rule(r"(?<=°[CF])\s?/\s?(?=[-−]?\d{1,3}(?:\.\d+)?\s?°)", ", "),
    rule(r"\b([Bb]etween [$€£¥]?\d[\d:.,]*%?)\s?[-–—~]\s?(?=[$€£¥]?\d)", r"\1 and "),
)

EN: Final[tuple[Rule, ...]] = (
    rule(r"\s*[(\[]([^()\[\]]*[a-z][^()\[\]]*)[)\]](?=\s*[A-Za-z])", _aside),
    rule(r"\s*[(\[]([^()\[\]]*[a-z][^()\[\]]*)[)\]]", _last_aside),
    rule(r"\.(?:(?<=[A-Za-z]\.)(?=\s?&)|(?= [a-z])(?:(?<=& [A-Z][a-z]\.)|(?<=& [A-Z][a-z]{2}\.)|(?<=& [A-Z][a-z]{3}\.)))", ""),
    rule(r"\s?&\s?", " and "),
    rule(rf"(?<={_WORD})\s?\+\s?(?={_WORD})", " plus "),
    rule(r"\s?(?:-+>|→|⇒)\s?", " to "),
    rule(r"\s?=\s?", " equals "),
    rule(r"\s?×\s?", " times "),
    rule(r"\s?÷\s?", " divided by "),
    rule(r"\s?±\s?", " plus or minus "),
    rule(r"\s?≥\s?", " at least "),
    rule(r"\s?≤\s?", " at most "),
    rule(r"\s?@\s?", " at "),
    rule(r"[\u0394\u2206]", " delta "),
    rule(r"²", " squared"),
    rule(r"³", " cubed"),
    rule(r"(?<=[A-Za-z])/(?=[A-Za-z])", " "),
)
