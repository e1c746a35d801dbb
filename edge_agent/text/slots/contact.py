"""Telephone numbers, web and mail addresses, handles and keys of a telephone."""

from __future__ import annotations

import re
from typing import Final

from edge_agent.text import numbers_en, numbers_zh
from edge_agent.text.slots.counting import COUNTED_ZH
from edge_agent.text.slots.rule import NOT_IN_CODE, Rule, rule

_DOMAIN: Final = (
    r"(?:[A-Za-z\d](?:[A-Za-z\d-]{0,61}[A-Za-z\d])?\.){1,6}"
    r"(?:com|cn|org|net|gov|edu|io|app|info|co|hk|tw|cc|me|tv|de|jp|uk|eu|us|ai|dev|shop|top|vip|xyz|local)\b"
)
_PATH: Final = r"(?:/[A-Za-z\d._~%?=&/#-]{0,200}[A-Za-z\d/])?"
_SIGNS_ZH: Final = {".": "点", "/": "斜杠", "-": "杠", "_": "下划线", "@": "艾特", "?": "问号", "=": "等于", "&": "和",
                    "~": "波浪号", "%": "百分号", "#": "井号"}  # fmt: skip
_SIGNS_EN: Final = {".": "dot", "/": "slash", "-": "dash", "_": "underscore", "@": "at", "?": "question mark",
                    "=": "equals", "&": "and", "~": "tilde", "%": "percent", "#": "hash"}  # fmt: skip


def _address(text: str, signs: dict[str, str], chinese: bool) -> str:
    words = []
    for piece in re.findall(r"[A-Za-z]+|\d+|.", text.strip("/")):
        if piece in signs:
            words.append(signs[piece])
        elif piece.isdecimal():
            words.append(numbers_zh.digits(piece, one="幺") if chinese else numbers_en.digits(piece))
        elif piece.lower() == "www":
            words.append("w w w")
        else:
            words.append(piece)
    return " ".join(words)


def _address_zh(match: re.Match[str]) -> str:
    return _address(match["address"], _SIGNS_ZH, chinese=True)


def _address_en(match: re.Match[str]) -> str:
    return _address(match["address"], _SIGNS_EN, chinese=False)


def _number_zh(match: re.Match[str]) -> str:
    plus = "加" if match[0].startswith("+") else ""
    return plus + numbers_zh.digits(re.sub(r"\D", "", match[0]), one="幺")


def _landline_zh(match: re.Match[str]) -> str:
    extension = f"转{numbers_zh.digits(match['extension'], one='幺')}" if match["extension"] else ""
    return numbers_zh.digits(re.sub(r"\D", "", match["number"]), one="幺") + extension


def _service_zh(match: re.Match[str]) -> str:
    return match[1] + numbers_zh.digits(match[2], one="幺")


def _called_zh(match: re.Match[str]) -> str:
    spoken = re.sub(r"\+", "加", re.sub(r"(?<=\d)[ -](?=\d)|[()]", "", match[2]))
    return match[1] + numbers_zh.digits(spoken, one="幺")


def _number_en(match: re.Match[str]) -> str:
    plus = "plus " if match[0].lstrip("(").startswith("+") else ""
    return plus + numbers_en.digits(match[0])


def _called_en(match: re.Match[str]) -> str:
    return match[1] + numbers_en.digits(match[2])


_MAIL: Final = rf"{NOT_IN_CODE}(?P<address>[A-Za-z\d][A-Za-z\d._+-]{{0,63}}@{_DOMAIN})"
_URL: Final = rf"(?:https?://|(?<![A-Za-z\d@.]))(?P<address>{_DOMAIN}{_PATH})"
_OCTET: Final = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_SERVICE_NUMBER: Final = rf"(?:1(?:10|19|20|22)|12\d{{3}}|9[56]\d{{3}}|100(?:86|10|00))(?![\d.,%/-]|\s?(?:{COUNTED_ZH})|[折起例户])"
_SERVICE: Final = "呼叫|火警|匪警|报警|急救|求救|救援|交通事故|公安|消防|举报|投诉|咨询|监督|铁路|市民热线|客服"
_DIALLED: Final = r"\(?\+?\d[\d() -]{0,18}\d|\d"

ZH: Final[tuple[Rule, ...]] = (
    rule(_MAIL, _address_zh),
    rule(_URL, _address_zh),
    rule(r"(?<=[A-Za-z\d])_(\d+(?![\dA-Za-z.]))", lambda m: f"下划线{numbers_zh.digits(m[1], one='幺')}"),
    rule(r"(?<=[A-Za-z\d])_(?=[A-Za-z\d])", "下划线"),
    rule(r"(?<![按\dA-Za-z.])(\d{1,3})#(?![\d#])", r"\1号"),
    rule(r"(?<!按)#([^#\s\d，。！？；：、键号][^#\s，。！？；：]{0,30})#", r"\1"),
    rule(r"#(?=号)", "井"),
    rule(r"(?<=按)#|#(?=键|[。，！？；]|$)", "井号"),
    rule(r"(?<=按)\*(?:号)?", "星号"),
    rule(r"#(?=[A-Za-z\u4e00-\u9fff])|(?<=[A-Za-z\u4e00-\u9fff])#", ""),
    rule(r"@(?=[A-Za-z\d\u4e00-\u9fff])", "艾特"),
    rule(
        r"(?<![\d.])(?P<number>\(?0\d{2,3}\)?[ -]?\d{3,4}[ -]?\d{4}|[48]00-?\d{3}-?\d{4})(?:-(?P<extension>\d{1,6}))?(?![\d.])",
        _landline_zh,
    ),
    rule(r"(?<![\d.])(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![\d.])", _number_zh),
    rule(r"(?<![\d.])\+\d{1,3}(?:[ -]\d{2,4}){2,4}(?![\d.])", _number_zh),
    rule(
        r"(?<![A-Za-z\d.])(?:12306|12315|12345|12123|96110|95\d{3}|10086|10010|10000)(?=客服|热线|服务|平台|短信|提醒|来电|为您)",
        _number_zh,
    ),
    rule(r"(?<![A-Za-z\d.,¥$€£-])(?:12306|12315|12123|96110)(?![\d.,%-])", _number_zh),
    rule(rf"((?:[打拨]|{_SERVICE})\s?[:：]?)({_SERVICE_NUMBER}(?:(?:、|或者?|和|/){_SERVICE_NUMBER})*)", _service_zh),
    rule(
        r"((?:电话|热线|拨打?|致电|专线|[内外]线|分机号?|总机|客服|手机号|手机(?=\D{0,3}\+?\d[\d -]{6})|传真|"
        r"[Hh]otline|[Tt]el|[Ee]xtension)(?:号码)?[为是]?[::：]?\s?|(?<=[零一二三四五六七八九幺])转)"
        rf"((?:{_DIALLED})(?:(?:或者?|、|/)(?:{_DIALLED}))*)(?![\d.]|[号个位人元小分天次层楼年月日台件])",
        _called_zh,
    ),
    rule(r"(?<=[零一二三四五六七八九幺]转)\d{1,6}", _number_zh),
    rule(r"(?<=[零一二三四五六七八九幺](?:或|、))(?:95\d{3}|96\d{3}|1[12]\d{1,3})(?![\d.元个人])", _number_zh),
)

EN: Final[tuple[Rule, ...]] = (
    rule(_MAIL, _address_en),
    rule(_URL, _address_en),
    rule(rf"(?<![\d.]){_OCTET}(?:\.{_OCTET}){{3}}(?![\d.]*\d)", lambda m: " dot ".join(map(numbers_en.digits, m[0].split(".")))),
    rule(r"(?<=[A-Za-z\d])_(?=[A-Za-z\d])", " underscore "),
    rule(r"(?<=[A-Za-z])#\s?(?=[A-Z]{0,3}-?\d)", " number "),
    rule(r"#\s?(?=[A-Z]{0,3}-?\d)", "number "),
    rule(r"#(?=[A-Za-z\u4e00-\u9fff])", "hashtag "),
    rule(r"(?<=[Pp]ress )#", "pound"),
    rule(r"(?<=[Pp]ress )\*|(?<=[Dd]ial )\*(?!\d)", "star"),
    rule(r"(?<=[Dd]ial )\*(?=\d)", "star "),
    rule(r"(?<![A-Za-z\d])@(?=[A-Za-z\d])", ""),
    rule(r"(?<![\d.(])\+\d{1,3}(?:[ -]?\(?\d{2,4}\)?){2,4}(?![\d.]\d)", _number_en),
    rule(r"(?<![\d.(])(?:1-)?(?:\(\d{3}\) ?|\d{3}-)\d{3}-\d{4}(?!\d)", _number_en),
    rule(r"(?<![\d.(-])\(?0\d{2,3}\)?[ -]?\d{3,4}[ -]?\d{4}(?![\d-]|\.\d)", _number_en),
    rule(r"(?<![\d.(-])1[3-9]\d([ -])\d{4}\1\d{4}(?![\d-]|\.\d)", _number_en),
    rule(r"(?<![\d.(-])(?:\(0\d{1,4}\)|0\d{1,4})(?: \d{3,4}){1,3}(?![\d.]*\d)", _number_en),
    rule(r"(?<![\d.(-])(?:1[ .])?\d{3}([ .])\d{3}\1\d{4}(?![\d.]*\d)", _number_en),
    rule(r"(?<![\d-])(1-\d{3})-(?=[A-Z]{3,}\b)", lambda m: f"{numbers_en.digits(m[1])} "),
    rule(
        r"(?i)(\b(?:call|dial|phone|tel|telephone|hotline|helpline|fax|extension|ext\.?|reached at|text [A-Z]+ to|mobile)"
        r"(?: number)?(?: is| at|:)?:? ?)(\+?\d[\d() -]{0,18}\d|\d)(?![\d.]*\d| (?:minutes|hours|times|people|days))",
        _called_en,
    ),
)
