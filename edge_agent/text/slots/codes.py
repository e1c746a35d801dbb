"""Tickets, gates, rooms, floors, identifiers, versions, and any other letters with figures."""

from __future__ import annotations

import re
from typing import Final

from edge_agent.text import numbers_en, numbers_zh
from edge_agent.text.slots.rule import NOT_IN_CODE, Rule, rule

LONG_CODE: Final = 5
"""From this many figures on a code is dictated, and 1 is 幺."""

_LABELS_ZH: Final = (
    "验证码|取件码|提货码|取餐码|兑换码|动态码|校验码|订单号|订单编号|快递单号|运单号|单号|工号|学号|编号|条码|密码|口令|"
    "零件号|物料号|料号|件号|SKU|PN|(?<![A-Za-z])(?:ID|PIN码?|[Pp]asscode|[Pp]assword|[Cc]ode)|会议号|预约号|卡号|尾号|账号|帐号|证号|流水号|车架号|邮编|会员号|序列号|批号|房号|房间号|设备号|机号|QQ号?|微信号|代码"
)
_LABELS_EN: Final = (
    "code|pin|passcode|password|confirmation number|reference|reference number|tracking number|account|account number|"
    "ending in|ends in|employee|employee number|badge|badge number|invoice|invoice number|serial number|order number|"
    "otp|lot number|batch number|ticket number|member number|customer number|id|id number|case number|booking number|number|"
    "sku|upc|plu|ean|isbn|vin|imei|asn|pn|p/n"
)
_PLACES_EN: Final = r"room|suite|ward|lab|office|apartment|gate|exit|unit|locker|classroom|highway|route|hwy|bus|p\.?o\.? box"
_LIST: Final = r"(?:,? and |,? or |, | to | through |\s?[-–]\s?)"
_NOT_PLACES: Final = r"| ?(?:feet|ft|k?m|mi|miles|meters|people)\b"
_ROOMS_ZH: Final = "室|病房|房|教室|会议室|办公室|化验室|考场|诊室|包厢|包间|客房|宿舍|套房"
_SPOTS_ZH: Final = "货[位架]|[库仓储车工机泊]位|座[位椅]"
_ROW_ZH: Final = "号(?:登机|检票|安检|值机|柜台|窗口|站台|闸机|通道|门)"
_STANDARD: Final = r"(?:ISO|GB|IEC|EN|IATF|DIN|JIS)(?:/[A-Z]{1,3})?\s?"
_YEAR: Final = r"(?:19|20)\d\d"
_WORDS_IN_CODES: Final = frozenset(("REV", "MOD", "VER", "MAX", "PRO"))
"""Said as words between hyphens; other capitals are spelled."""
_SHORT_CODE: Final = re.compile(r"[1-9]\d?[A-Z]?")
"""A number, with a letter or without, and nothing to dictate."""
_SPELLED: Final = re.compile(r"[A-Z]{1,3}")


def letters(text: str) -> str:
    """Up to three capitals apart, so that they are spelled: `MU` -> `M U`."""
    return " ".join(text) if _SPELLED.fullmatch(text) else text


def code_zh(text: str, *, one: str = "一") -> str:
    """A code figure by figure, separators silent."""
    words_apart = re.sub(rf"-({'|'.join(sorted(_WORDS_IN_CODES))})-?", r"_\1_", text)
    return numbers_zh.digits(re.sub(r"[-\s.]", "", words_apart), one=one).replace("_", " ").strip()


def _label_zh(match: re.Match[str]) -> str:
    return match[1] + (numbers_zh.digits(match[2]) if len(match[2]) == 1 else code_zh(match[2], one="幺"))


def _dictated_zh(match: re.Match[str]) -> str:
    return code_zh(match[0], one="幺")


def _masked_zh(match: re.Match[str]) -> str:
    return f"{numbers_zh.digits(match[1], one='幺')}，{numbers_zh.digits(match[2], one='幺')}"


def _plain_zh(match: re.Match[str]) -> str:
    return code_zh(match[0])


def _version_en(match: re.Match[str]) -> str:
    name = "version " if match[1][0] in "vV" else match[1]
    parts = (numbers_en.digits(part) if part[0] == "0" else numbers_en.cardinal(part) for part in match[2].split("."))
    return name + " point ".join(parts) + (f" {match[3].upper()}" if match[3] else "")


def _version_zh(match: re.Match[str]) -> str:
    parts = (numbers_zh.cardinal(part) if len(part) < 3 else numbers_zh.digits(part) for part in match[2].split("."))
    return (match[1] or "") + "点".join(parts)


def _letters_then_figures_zh(match: re.Match[str]) -> str:
    name, figures = letters(match[1]), match[2]
    if "." in figures or (len(figures) < 3 and figures[0] != "0"):
        return name + numbers_zh.cardinal(figures)
    return name + numbers_zh.digits(figures, one="幺" if len(figures) >= LONG_CODE else "一")


def _figures_then_letter_zh(match: re.Match[str]) -> str:
    return numbers_zh.cardinal(match[1]) + match[2]


def short_or_digits_en(figures: str) -> str:
    """`12` -> twelve, `215` -> two one five, `05` -> zero five."""
    return numbers_en.cardinal(figures) if len(figures) < 3 else numbers_en.digits(figures)


def _letters_then_figures_en(match: re.Match[str]) -> str:
    name, figures = letters(match[1]), match[2]
    if "." in figures:
        return f"{name} {numbers_en.cardinal(figures)}"
    return f"{name} {short_or_digits_en(figures)}"


def _groups(code: str) -> str:
    """`33-0912-REV-D` -> three three zero nine one two rev D."""
    return " ".join(group.lower() if group in _WORDS_IN_CODES else numbers_en.digits(group) for group in code.split("-"))


def _label_en(match: re.Match[str]) -> str:
    code = match[2]
    figures = sum(map(str.isdecimal, code))
    if figures == 0 or (len(code) <= 3 and _SHORT_CODE.fullmatch(code)):
        return match[0]
    return match[1] + _groups(code)


def _places_en(match: re.Match[str]) -> str:
    places = re.sub(r"\s?[-–]\s?", " to ", match[2])
    return match[1] + re.sub(r"\d+", lambda place: numbers_en.digits(place[0]), places)


def _letters_en(match: re.Match[str]) -> str:
    return f"{match[1] or match[3]} to {match[2] or match[4]}"


def _lines_en(match: re.Match[str]) -> str:
    lines = int(match[1])
    return f"{numbers_en.pair(lines // 100)} {numbers_en.pair(lines % 100)} {match[2].upper()}"


def _place_en(match: re.Match[str]) -> str:
    return match[1] + numbers_en.digits(match[2])


def _groups_en(match: re.Match[str]) -> str:
    return _groups(match[0])


def _tag_en(match: re.Match[str]) -> str:
    return f"{letters(match[1])} {short_or_digits_en(match[2])} {match[3]}"


def _spell_en(match: re.Match[str]) -> str:
    return numbers_en.digits(match[0])


def _located_zh(match: re.Match[str]) -> str:
    """3-12-05, A-3-12: a place in a store, or a building, a stair and a flat. Without the 杠, A3-12 would be heard as A32."""
    zone, places = re.match(r"([A-Z]*)-?(.*)", match[0]).groups()
    parts = places.split("-")
    return letters(zone) + "杠".join(numbers_zh.cardinal(part) if len(part) < 3 else numbers_zh.digits(part, one="幺") for part in parts)


def _standard_zh(match: re.Match[str]) -> str:
    year = f"{'杠' if match[3] == '-' else '，'}{match[4]}" if match[4] else ""
    return match[1] + numbers_zh.digits(match[2] + year)


def _standard_en(match: re.Match[str]) -> str:
    return f"{match[1]}, {numbers_en.year(match[2])}"


def _rooms_zh(match: re.Match[str]) -> str:
    return f"{code_zh(match[1], one='幺')}到{code_zh(match[2], one='幺')}"


ZH: Final[tuple[Rule, ...]] = (
    rule(r"(?<=尾号)([为是]?\s?)(\d)\s?[-–~]\s?(\d)(?!\d)", lambda m: m[1] + numbers_zh.digits(f"{m[2]}到{m[3]}")),
    rule(r"(?<=[室房])(?<!号房)\d{3,4}(?:、\d{3,4})*(?![\d.,%:/-]|[号年人平元间个张件万多]|[\u4e00-\u9fff]?米)", _dictated_zh),
    rule(rf"{NOT_IN_CODE}([A-Z]?\d{{3,4}})\s?[-–—~至到]\s?([A-Z]?\d{{3,4}})(?=号?(?:{_ROOMS_ZH}))", _rooms_zh),
    rule(r"(?<![\d.])\d{3,4}(?: \d{3,4}){2,4}(?![\d.]*\d)", _dictated_zh),
    rule(r"(?i)(?<![a-z])((?:room|suite|rm\.?|lab) ?)(\d{3,4})(?!\d)", lambda m: m[1] + code_zh(m[2], one="幺")),
    rule(r"(?<![A-Za-z\d.])(\d+)\*+(\d+)(?![\d.])", _masked_zh),
    rule(rf"((?:{_LABELS_ZH})(?:是|为|：|:|\s){{0,3}})([A-Za-z]{{0,4}}-?\d[A-Za-z\d-]{{0,39}})(?![\d.])(?!号线)", _label_zh),
    rule(r"(?<![A-Za-z\d.-])\d{1,4}(?:-\d{1,4}){2,4}(?![\dA-Za-z.-])", _located_zh),
    rule(r"(?<![A-Za-z\d.-])[A-Z]{1,3}(?:-\d{1,4}|\d{1,4}-\d{1,4})(?:-\d{1,4}){1,3}(?![\dA-Za-z.-])", _located_zh),
    rule(rf"(?<![A-Za-z\d.-])[A-Z]{{1,3}}\d{{1,4}}-(?:0\d{{1,3}}|\d{{1,4}}(?=\s?(?:{_SPOTS_ZH})))(?![\dA-Za-z.-])", _located_zh),
    rule(rf"{NOT_IN_CODE}[A-Z]?\d{{3,4}}(?=(?:号)?(?:{_ROOMS_ZH}))(?!号室)", _dictated_zh),
    rule(r"(?<=[楼座层])\d{3,4}(?![\d.]|号|米|人|元|个|平|户|间|套)", _dictated_zh),
    rule(r"(?<=[到去在])\d{3,4}(?=开会|集合|报到|上课|面试|办理|就诊|会合)", _dictated_zh),
    rule(r"(?<![A-Za-z\d.-])[A-Z]{0,2}-?\d{3}(?=号登机口)", _plain_zh),
    rule(r"(?<![A-Za-z\d.-])[A-Z]{1,2}-?\d{3,4}(?=号)", _plain_zh),
    rule(r"(?<![A-Za-z\d.,-])0\d{1,5}(?=号)", _plain_zh),
    rule(r"(?<![A-Za-z\d.,路街道巷弄第-])\d{4,6}(?=号)", _plain_zh),
    rule(r"(?<=[A-Z]\d)[-–—~](?=[A-Z]\d)|(?<=[A-Z]\d\d)[-–—~](?=[A-Z]\d)", "到"),
    rule(rf"[-–—~](?=\d{{1,2}}{_ROW_ZH})(?:(?<=[A-Z]\d.)|(?<=[A-Z]\d\d.))", "到"),
    rule(r"(?<![A-Za-z\d-])(([A-Z])\d{3,4})\s?[-–—~]\s?(?=\2\d{3,4}(?![\d-]))", r"\1到"),
    rule(r"(?<![A-Za-z\d.])(\d{1,2})/F(?![A-Za-z\d])", lambda m: f"{numbers_zh.cardinal(m[1])}楼"),
    rule(r"(版本(?:号)?[为是]?\s?)(\d{4}(?:\.\d+)+)(?![\d.]*\d)", _version_zh),
    rule(r"([vV]|版本\s?)?(?<![\d.])(\d+(?:\.\d+){2,4})(?![\d.]*\d)", _version_zh),
    rule(r"(?<![A-Za-z\d])B(\d)F(?![A-Za-z\d])", lambda m: f"B{numbers_zh.cardinal(m[1])}层"),
    rule(r"(?<![A-Za-z\d.])(?<![A-Za-z\d]-)-(?=\d{1,2}F(?![A-Za-z\d]))", "负"),
    rule(r"(?<![A-Za-z\d.])(\d{1,2})F(?![A-Za-z\d])", lambda m: f"{numbers_zh.cardinal(m[1])}楼"),
    rule(r"(?<![A-Za-z\d])(I{1,3}|IV)(?=[型级期度类])", lambda m: {"I": "一", "II": "二", "III": "三", "IV": "四"}[m[1]]),
    rule(r"(?<![A-Za-z\d层楼])-(\d{1,2})(?=[层楼])", lambda m: f"负{numbers_zh.cardinal(m[1])}"),
    rule(rf"({_STANDARD})(\d{{3,6}})(?:([:-])({_YEAR}))?(?!\d)", _standard_zh),
    rule(r"(?<![A-Za-z\d])(K?N)(9[059])(?!\d)", lambda m: letters(m[1]) + numbers_zh.digits(m[2])),
    rule(r"(?<![A-Za-z\d])A{2,5}(?=级)", lambda m: f"{numbers_zh.cardinal(str(len(m[0])))}A"),
    rule(r"双(1[12])(?!\d)", lambda m: "双" + numbers_zh.cardinal(m[1])),
    rule(r"(?<![\d])(?<![A-Za-z])([A-Za-z]{1,10})-?(\d+(?:\.\d+)?)(?![\d.]*\d|[A-Za-z])", _letters_then_figures_zh),
    rule(r"(?<![A-Za-z\d.,])(\d{1,2})([A-Z])(?![A-Za-z\d])", _figures_then_letter_zh),
    rule(
        r"(?<![A-Za-z\d.])(?=[A-Za-z-]*\d)(?=[\d-]*[A-Za-z])(?!\d+(?:st|nd|rd|th)\b)[A-Za-z\d]+(?:-[A-Za-z\d]+)*(?![\d.]*\d)",
        lambda m: code_zh(m[0]),
    ),
)

EN: Final[tuple[Rule, ...]] = (
    rule(rf"(?<![A-Za-z])({_STANDARD}\d{{3,6}})[:-]({_YEAR})(?!\d)", _standard_en),
    rule(r"(?<=[A-Z]\d)\s?[-–]\s?(?=[A-Z]\d)|(?<=[A-Z]\d\d)\s?[-–]\s?(?=[A-Z]\d)", " to "),
    rule(r"(?<![A-Za-z\d-])(([A-Z]{1,3})\d{3,6})\s?[-–]\s?(?=\2\d{3,6}(?![\d-]))", r"\1 to "),
    rule(r"(?<![\d.])\d{3,4}(?: \d{3,4}){2,4}(?![\d.]*\d)", lambda m: numbers_en.digits(m[0])),
    rule(r"(?i)\b((?:upc|ean|isbn|imei)(?: code)?:? )(\d(?:[ -]?\d){6,})(?![\d.]*\d)", lambda m: m[1] + numbers_en.digits(m[2])),
    rule(r"(?<![A-Za-z\d–-])([A-Z])\s?–\s?([A-Z])(?![A-Za-z\d–-])|(?<=[a-z]s )([A-Z])-([A-Z])(?![A-Za-z\d-])", _letters_en),
    rule(r"(?<=\b[A-Z]{2} )(\d{5})(?:-(\d{4}))?(?![\d-]|[.,]\d)", lambda m: numbers_en.digits(m[0])),
    rule(r"\b((?:US|SR|Interstate|Freeway) )(\d{3})\b(?!\.\d)", _place_en),
    rule(r"(?<![\d.])(480|720|1080|1440|2160)([pi])\b", _lines_en),
    rule(r"(?<![A-Za-z\d.])(\d+)\*{2,}(\d+)(?![\d.])", lambda m: f"{numbers_en.digits(m[1])}, {numbers_en.digits(m[2])}"),
    rule(rf"(?i)(\b(?:{_LABELS_EN})(?: is|:| no\.?)?:? )((?=[A-Z-]*\d)[A-Z\d]+(?:-[A-Z\d]+)*)\b(?![.,]\d)", _label_en),
    rule(r"(?<![A-Za-z\d.,-])(?=[A-Z\d-]*\d)(?=[\d-]*[A-Z])[A-Z\d]+(?:-[A-Z\d]+){2,}(?![A-Za-z-]|[.,]?\d)", _groups_en),
    rule(r"(?<![A-Za-z\d-])([A-Z]{1,3})-(\d{1,4})([A-Z])(?![A-Za-z\d])", _tag_en),
    rule(r"(?<![A-Za-z\d-])[A-Z]{1,2}\d{1,2}-\d{3,4}(?![A-Za-z\d-]|[.,]\d)", _groups_en),
    rule(rf"(?i)(\b(?:{_PLACES_EN})s )(\d{{3,4}}(?:{_LIST}\d{{3,4}})+)\b(?![.,]\d{_NOT_PLACES})", _places_en),
    rule(rf"(?i)(\b(?:{_PLACES_EN}) )(\d{{3,4}}\s?[-–]\s?\d{{3,4}})\b(?![.,]\d{_NOT_PLACES})", _places_en),
    rule(rf"(?i)(\b(?:{_PLACES_EN}) )(\d{{3,4}})\b(?!\.\d)", _place_en),
    rule(r"(?i)\b(version |v\.? ?|firmware |release )(\d+(?:\.\d+){1,4})([a-z](?![a-z]))?(?![\d.]*\d)", _version_en),
    rule(r"(?<![\d.])(\d+(?:\.\d+){2,4})(?![\d.]*\d)", lambda m: " point ".join(map(numbers_en.cardinal, m[1].split(".")))),
    rule(r"\b(?:on )?(\d{1,2})/?F\b(?! ?\d)", lambda m: ("on " if m[0].startswith("on") else "") + f"the {numbers_en.ordinal(m[1])} floor"),
    rule(r"(?<![A-Za-z\d-])([A-Za-z]{1,10})-?(\d+(?:\.\d+)?)(?![\d.]*\d|[A-Za-z])", _letters_then_figures_en),
    rule(r"(?<![A-Za-z\d.,$])(\d{1,2})([A-Z])(?![A-Za-z\d])", lambda m: f"{numbers_en.cardinal(m[1])} {m[2]}"),
    rule(r"(?<![A-Za-z\d.])(?=[A-Za-z]*\d)(?=\d*[A-Za-z])(?!\d+(?:st|nd|rd|th)\b)(?!\d+[a-z])[A-Za-z\d]{3,}(?![\d.]*\d)", _spell_en),
)
