"""Amounts of money."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from edge_agent.text import numbers_en, numbers_zh
from edge_agent.text.slots.rule import BEFORE_NOUN, NUMBER, TO, Rule, rule


@dataclass(frozen=True)
class Currency:
    """How a currency is spoken; `cent` and `cents` are empty where its fraction is read as a decimal."""

    zh: str
    one: str
    many: str
    cent: str
    cents: str


CURRENCIES: Final = {
    "¥": Currency("元", "yuan", "yuan", "", ""),
    "CNY": Currency("元", "yuan", "yuan", "", ""),
    "RMB": Currency("元", "yuan", "yuan", "", ""),
    "$": Currency("美元", "dollar", "dollars", "cent", "cents"),
    "US$": Currency("美元", "dollar", "dollars", "cent", "cents"),
    "USD": Currency("美元", "dollar", "dollars", "cent", "cents"),
    "HK$": Currency("港元", "Hong Kong dollar", "Hong Kong dollars", "cent", "cents"),
    "HKD": Currency("港元", "Hong Kong dollar", "Hong Kong dollars", "cent", "cents"),
    "€": Currency("欧元", "euro", "euros", "cent", "cents"),
    "EUR": Currency("欧元", "euro", "euros", "cent", "cents"),
    "£": Currency("英镑", "pound", "pounds", "penny", "pence"),
    "GBP": Currency("英镑", "pound", "pounds", "penny", "pence"),
    "₩": Currency("韩元", "won", "won", "", ""),
    "JPY": Currency("日元", "yen", "yen", "", ""),
}
_SIGN: Final = "(?P<sign>HK\\$|US\\$|[¥$€£₩]|(?<![A-Za-z/])(?:CNY|RMB|USD|HKD|EUR|GBP|JPY)(?![A-Za-z/]))"
_MINUS: Final = r"(?P<minus>(?<![\dA-Za-z])[-−]\s?)?"
_AMOUNT: Final = rf"(?P<amount>{NUMBER})"
_SCALES: Final = {"k": "thousand", "m": "million", "b": "billion", "bn": "billion"}


def amount_zh(amount: str, sign: str) -> str:
    """`35.50`, `¥` -> 三十五元五角; a foreign fraction as a decimal, 三十五点五美元."""
    currency = CURRENCIES[sign]
    whole, _, fraction = amount.replace(",", "").partition(".")
    if currency.zh != "元" or len(fraction) > 2:
        fraction = fraction.rstrip("0")
        return numbers_zh.cardinal(f"{whole}.{fraction}" if fraction else whole, two="两") + currency.zh
    jiao, fen = f"{fraction:0<2}"
    spoken = f"{numbers_zh.cardinal(whole, two='两')}元" if int(whole) or not int(fraction or "0") else ""
    if jiao != "0":
        spoken += f"{numbers_zh.cardinal(jiao, two='两')}角"
    elif fen != "0" and spoken:
        spoken += "零"
    return spoken + (f"{numbers_zh.cardinal(fen, two='两')}分" if fen != "0" else "")


def amount_en(amount: str, sign: str) -> str:
    """`35.50`, `$` -> thirty five dollars and fifty cents."""
    currency = CURRENCIES[sign]
    whole, _, fraction = amount.replace(",", "").partition(".")
    cents = int(f"{fraction:0<2}"[:2]) if len(fraction) <= 2 and currency.cents else 0
    if fraction and not cents and int(fraction):
        return f"{numbers_en.cardinal(f'{whole}.{fraction.rstrip(chr(48))}')} {currency.many}"
    spoken = f"{numbers_en.cardinal(whole)} {currency.one if whole == '1' else currency.many}"
    if not cents:
        return spoken
    minor = f"{numbers_en.pair(cents)} {currency.cent if cents == 1 else currency.cents}"
    return f"{spoken} and {minor}" if int(whole) else minor


def _zh(match: re.Match[str]) -> str:
    minus = "负" if match["minus"] else ""
    if match["scale"]:
        return f"{minus}{numbers_zh.cardinal(match['amount'], two='两')}{match['scale']}{CURRENCIES[match['sign']].zh}"
    return minus + amount_zh(match["amount"], match["sign"])


def _en(match: re.Match[str]) -> str:
    minus = "minus " if match["minus"] else ""
    if match["scale"]:
        scale = match["scale"].strip()
        return f"{minus}{numbers_en.cardinal(match['amount'])} {_SCALES.get(scale.lower(), scale)} {CURRENCIES[match['sign']].many}"
    return minus + amount_en(match["amount"], match["sign"])


def _kind_en(match: re.Match[str]) -> str:
    """A $20 voucher, a $4.99 coffee: no plural before what the money is for."""
    currency = CURRENCIES[match["sign"]]
    whole, _, fraction = match["amount"].replace(",", "").partition(".")
    scale = (match["scale"] or "").strip()
    if scale or not fraction or not int(fraction):
        amount = match["amount"] if scale else whole
        spoken = " ".join(filter(None, (numbers_en.cardinal(amount), _SCALES.get(scale.lower(), scale), currency.one)))
    elif len(fraction) == 2 and currency.cents and int(whole):
        spoken = f"{numbers_en.cardinal(whole)} {'oh ' if fraction[0] == '0' else ''}{numbers_en.pair(int(fraction))}"
    else:
        spoken = amount_en(match["amount"], match["sign"])
    return match["article"] + spoken


def _cents_en(match: re.Match[str]) -> str:
    return f"{numbers_en.cardinal(match[1])} {'cent' if match[1] == '1' else 'cents'}"


def _about_en(match: re.Match[str]) -> str:
    scale = _SCALES.get((match["scale"] or "").lower(), "")
    return numbers_en.plural(" ".join(filter(None, (numbers_en.cardinal(match["amount"]), scale))))


def _range_zh(match: re.Match[str]) -> str:
    currency = CURRENCIES[match["sign"]].zh
    return f"{numbers_zh.cardinal(match['amount'])}到{numbers_zh.cardinal(match['to'], two='两')}{currency}"


def _range_en(match: re.Match[str]) -> str:
    return f"{numbers_en.cardinal(match['amount'])} to {amount_en(match['to'], match['sign'])}"


_SCALE: Final = r"(?P<scale>\s(?:million|billion|trillion|thousand)|[kKmMbB]n?(?![A-Za-z]))?"
_SECOND: Final = rf"{TO}(?:HK\$|US\$|[¥$€£])?(?P<to>{NUMBER})(?!\d)"

ZH: Final[tuple[Rule, ...]] = (
    rule(rf"{_SIGN}\s?{_AMOUNT}{_SECOND}\s?元?", _range_zh),
    rule(rf"{_MINUS}{_SIGN}\s?{_AMOUNT}(?P<scale>[万亿千百]*)元?", _zh),
    rule(rf"(?<![\d.]){_AMOUNT}(?P<minus>(?!))?\s?(?P<scale>(?!))?(?P<sign>CNY|RMB|USD|HKD|EUR|GBP|JPY)(?![A-Za-z])", _zh),
    rule(r"(?<![\d.])([\d,]*\d)\.00?(?=\s?元)", r"\1"),
    rule(r"(?<![\d.])(\d+)块(\d)(?!\d)", lambda m: f"{numbers_zh.cardinal(m[1], two='两')}块{numbers_zh.cardinal(m[2])}"),
)

EN: Final[tuple[Rule, ...]] = (
    rule(r"([$£€])(?=\.\d\d(?!\d))", r"\g<1>0"),
    rule(rf"{_SIGN}{_AMOUNT}(?P<scale>[kKmMbB])?'?s(?![A-Za-z\d])", _about_en),
    rule(r"(?<=[\d%])-(?=off\b)|(?<=[a-z])-(?=[$£€¥]\d)", " "),
    rule(r"(?<![\d./])(\d{1,2})/(?=[$£€¥]\s?\d)", lambda m: f"{numbers_en.cardinal(m[1])} for "),
    rule(rf"{_SIGN}\s?{_AMOUNT}{_SECOND}", _range_en),
    rule(rf"\b(?P<article>[Aa]n? (?:[a-z]+ )?){_SIGN}{_AMOUNT}(?![.,]?\d){_SCALE}{BEFORE_NOUN}", _kind_en),
    rule(rf"{_MINUS}{_SIGN}\s?{_AMOUNT}{_SCALE}", _en),
    rule(rf"(?<![\d.])({NUMBER})\s?¢", _cents_en),
    rule(rf"(?<![\d.]){_AMOUNT}(?P<minus>(?!))?\s?(?P<scale>(?!))?(?P<sign>CNY|RMB|USD|HKD|EUR|GBP|JPY)(?![A-Za-z])", _en),
)
