"""Quantities with a unit, temperatures, percentages and discounts."""

from __future__ import annotations

import re
from typing import Final

from edge_agent.text import numbers_en, numbers_zh
from edge_agent.text.slots.rule import NOT_IN_CODE, NUMBER, TO, Rule, rule

# unit: (Mandarin, English for one, English for more)
UNITS: Final = {
    "km/h": ("公里每小时", "kilometer per hour", "kilometers per hour"),
    "kph": ("公里每小时", "kilometer per hour", "kilometers per hour"),
    "mph": ("英里每小时", "mile per hour", "miles per hour"),
    "m/s": ("米每秒", "meter per second", "meters per second"),
    "r/min": ("转每分钟", "revolution per minute", "revolutions per minute"),
    "bpm": ("次每分钟", "beat per minute", "beats per minute"),
    "rpm": ("转每分钟", "revolution per minute", "revolutions per minute"),
    "mg/L": ("毫克每升", "milligram per liter", "milligrams per liter"),
    "mmol/L": ("毫摩尔每升", "millimole per liter", "millimoles per liter"),
    "μg/m³": ("微克每立方米", "microgram per cubic meter", "micrograms per cubic meter"),
    "mg/m³": ("毫克每立方米", "milligram per cubic meter", "milligrams per cubic meter"),
    "L/min": ("升每分钟", "liter per minute", "liters per minute"),
    "km²": ("平方公里", "square kilometer", "square kilometers"),
    "m²": ("平方米", "square meter", "square meters"),
    "cm²": ("平方厘米", "square centimeter", "square centimeters"),
    "m³": ("立方米", "cubic meter", "cubic meters"),
    "cm³": ("立方厘米", "cubic centimeter", "cubic centimeters"),
    "sq ft": ("平方英尺", "square foot", "square feet"),
    "sqft": ("平方英尺", "square foot", "square feet"),
    "km": ("公里", "kilometer", "kilometers"),
    "cm": ("厘米", "centimeter", "centimeters"),
    "mm": ("毫米", "millimeter", "millimeters"),
    "μm": ("微米", "micrometer", "micrometers"),
    "nm": ("纳米", "nanometer", "nanometers"),
    "m": ("米", "meter", "meters"),
    "mi": ("英里", "mile", "miles"),
    "ft": ("英尺", "foot", "feet"),
    "yd": ("码", "yard", "yards"),
    "kg": ("公斤", "kilogram", "kilograms"),
    "mg": ("毫克", "milligram", "milligrams"),
    "μg": ("微克", "microgram", "micrograms"),
    "g": ("克", "gram", "grams"),
    "t": ("吨", "ton", "tons"),
    "lb": ("磅", "pound", "pounds"),
    "lbs": ("磅", "pound", "pounds"),
    "oz": ("盎司", "ounce", "ounces"),
    "mL": ("毫升", "milliliter", "milliliters"),
    "ml": ("毫升", "milliliter", "milliliters"),
    "L": ("升", "liter", "liters"),
    "tbsp": ("汤匙", "tablespoon", "tablespoons"),
    "tsp": ("茶匙", "teaspoon", "teaspoons"),
    "h": ("小时", "hour", "hours"),
    "hr": ("小时", "hour", "hours"),
    "hrs": ("小时", "hour", "hours"),
    "min": ("分钟", "minute", "minutes"),
    "mins": ("分钟", "minute", "minutes"),
    "s": ("秒", "second", "seconds"),
    "sec": ("秒", "second", "seconds"),
    "secs": ("秒", "second", "seconds"),
    "ms": ("毫秒", "millisecond", "milliseconds"),
    "mmHg": ("毫米汞柱", "millimeter of mercury", "millimeters of mercury"),
    "MPa": ("兆帕", "megapascal", "megapascals"),
    "kPa": ("千帕", "kilopascal", "kilopascals"),
    "hPa": ("百帕", "hectopascal", "hectopascals"),
    "Pa": ("帕", "pascal", "pascals"),
    "bar": ("巴", "bar", "bar"),
    "psi": ("磅每平方英寸", "P S I", "P S I"),
    "kWh/100km": ("千瓦时每百公里", "kilowatt hour per hundred kilometers", "kilowatt hours per hundred kilometers"),
    "L/100km": ("升每百公里", "liter per hundred kilometers", "liters per hundred kilometers"),
    "m/min": ("米每分钟", "meter per minute", "meters per minute"),
    "mm/min": ("毫米每分钟", "millimeter per minute", "millimeters per minute"),
    "mm/s": ("毫米每秒", "millimeter per second", "millimeters per second"),
    "t/h": ("吨每小时", "ton per hour", "tons per hour"),
    "g/L": ("克每升", "gram per liter", "grams per liter"),
    "μmol/L": ("微摩尔每升", "micromole per liter", "micromoles per liter"),
    "N·m": ("牛米", "newton meter", "newton meters"),
    "Wh": ("瓦时", "watt hour", "watt hours"),
    "kWh": ("千瓦时", "kilowatt hour", "kilowatt hours"),
    "MW": ("兆瓦", "megawatt", "megawatts"),
    "kW": ("千瓦", "kilowatt", "kilowatts"),
    "KW": ("千瓦", "kilowatt", "kilowatts"),
    "W": ("瓦", "watt", "watts"),
    "kV": ("千伏", "kilovolt", "kilovolts"),
    "mV": ("毫伏", "millivolt", "millivolts"),
    "V": ("伏", "volt", "volts"),
    "mAh": ("毫安时", "milliamp hour", "milliamp hours"),
    "mA": ("毫安", "milliamp", "milliamps"),
    "Ω": ("欧姆", "ohm", "ohms"),
    "GHz": ("吉赫兹", "gigahertz", "gigahertz"),
    "MHz": ("兆赫兹", "megahertz", "megahertz"),
    "kHz": ("千赫兹", "kilohertz", "kilohertz"),
    "Hz": ("赫兹", "hertz", "hertz"),
    "dB": ("分贝", "decibel", "decibels"),
    "KB": ("KB", "kilobyte", "kilobytes"),
    "MB": ("MB", "megabyte", "megabytes"),
    "GB": ("GB", "gigabyte", "gigabytes"),
    "TB": ("TB", "terabyte", "terabytes"),
    "Mbps": ("兆比特每秒", "megabit per second", "megabits per second"),
    "Gbps": ("吉比特每秒", "gigabit per second", "gigabits per second"),
    "kcal": ("千卡", "kilocalorie", "kilocalories"),
    "ppm": ("百万分之", "part per million", "parts per million"),
    "lx": ("勒克斯", "lux", "lux"),
}
_ANY_CASE: Final = {unit.lower(): unit for unit in UNITS if len(unit) > 1 and unit not in ("MW", "mV", "mA")}
_UNIT: Final = (
    r"(?P<unit>" + "|".join(re.escape(unit) for unit in sorted({*UNITS, *_ANY_CASE, "KM", "KG", "CM", "MM", "KM/H"}, key=len, reverse=True))
    + r")(?![A-Za-z²³])"
)  # fmt: skip
_MINUS: Final = r"(?:(?<![\dA-Za-z%℃)])[-−]\s?)"
_SIGNED: Final = rf"{_MINUS}?{NUMBER}"
_DEGREES: Final = {"C": ("摄氏度", "degrees Celsius"), "F": ("华氏度", "degrees Fahrenheit")}


def _unit(written: str) -> tuple[str, str, str]:
    return UNITS[written] if written in UNITS else UNITS[_ANY_CASE[written.lower()]]


def signed_zh(number: str, minus: str = "负", *, two: str = "二") -> str:
    """A number with its sign; `minus` is 零下 for temperatures."""
    value = number.lstrip("-− ")
    return (minus if value != number else "") + numbers_zh.cardinal(value, two=two)


def signed_en(number: str) -> str:
    """A number with its sign."""
    value = number.lstrip("-− ")
    return ("minus " if value != number else "") + numbers_en.cardinal(value)


def percent_zh(number: str) -> str:
    """`3.5` -> 百分之三点五."""
    if number == "100":
        return "百分之百"
    value = number.lstrip("-− ")
    return ("负" if value != number else "") + f"百分之{numbers_zh.cardinal(value)}"


def quantity_zh(number: str, unit: str) -> str:
    """`1.5`, `km` -> 一点五公里; `800`, `ppm` -> 百万分之八百."""
    name = _unit(unit)[0]
    return name + signed_zh(number) if name.endswith("分之") else signed_zh(number, two="两") + name


def quantity_en(number: str, unit: str) -> str:
    """`1.5`, `km` -> one point five kilometers."""
    return f"{signed_en(number)} {_unit(unit)[1 if number == '1' else 2]}"


def _to(match: re.Match[str]) -> str:
    return "至" if "至" in match["to"] else "到"


def _temperatures_zh(match: re.Match[str]) -> str:
    return f"{signed_zh(match[1], '零下')}{_to(match)}{signed_zh(match[3], '零下')}{_DEGREES[match[4]][0]}"


ZH: Final[tuple[Rule, ...]] = (
    rule(
        rf"(?<![\d.])({NUMBER})%?\s?(?P<to>-|–|—|~|至|到)\s?({NUMBER})%",
        lambda m: f"百分之{numbers_zh.cardinal(m[1])}{_to(m)}百分之{numbers_zh.cardinal(m[3])}",
    ),
    rule(rf"({_SIGNED})\s?%", lambda m: percent_zh(m[1])),
    rule(rf"({_SIGNED})\s?‰", lambda m: f"千分之{numbers_zh.cardinal(m[1].lstrip('-− '))}"),
    rule(
        rf"({_SIGNED})\s?(?P<to>-|–|—|~|至|到)\s?({_SIGNED})\s?°\s?([CF])(?![A-Za-z])",
        _temperatures_zh,
    ),
    rule(rf"({_SIGNED})\s?°\s?([CF])(?![A-Za-z])", lambda m: signed_zh(m[1], "零下") + _DEGREES[m[2]][0]),
    rule(rf"({_MINUS}{NUMBER})(?=\s?(?:摄氏度|华氏度|度))", lambda m: signed_zh(m[1], "零下")),
    rule(rf"({_SIGNED})\s?°", lambda m: signed_zh(m[1], "零下") + "度"),
    rule(r"(?<![\d.])(\d)(\d)折", lambda m: f"{numbers_zh.digits(m[1] + m[2])}折" if m[2] != "0" else f"{numbers_zh.digits(m[1])}折"),
    rule(rf"(?<![\d.])(\d{{2,3}})/(\d{{2,3}})\s?{_UNIT}", lambda m: f"{numbers_zh.cardinal(m[1])}、{quantity_zh(m[2], m['unit'])}"),
    rule(rf"(?<=电流)({NUMBER})\s?A(?![A-Za-z])", lambda m: numbers_zh.cardinal(m[1], two="两") + "安"),
    rule(rf"(\d+V)\s?/?\s?({NUMBER})\s?A(?![A-Za-z])", lambda m: f"{m[1]}{numbers_zh.cardinal(m[2], two='两')}安"),
    rule(
        rf"{NOT_IN_CODE}({NUMBER})\s?[xX*×]\s?(?={NUMBER}(?:\s?[xX*×]\s?{NUMBER})*\s?(?:毫米|厘米|米|英寸|像素|mm|cm|m)(?![A-Za-z]))",
        lambda m: f"{numbers_zh.cardinal(m[1])}乘",
    ),
    rule(
        rf"({_SIGNED})\s?(?P<to>-|–|—|~|至|到)\s?({NUMBER})\s?{_UNIT}",
        lambda m: f"{signed_zh(m[1], two='两')}{_to(m)}{quantity_zh(m[3], m['unit'])}",
    ),
    rule(r"(?<![A-Za-z\d.])(\d+)h(?=\d+min)", lambda m: quantity_zh(m[1], "h")),
    rule(rf"{NOT_IN_CODE}({_SIGNED})\s?{_UNIT}", lambda m: quantity_zh(m[1], m["unit"])),
    rule(rf"(?<=[元角分])/{_UNIT}", lambda m: f"每{_unit(m['unit'])[0]}"),
    rule(r"(?<=公里|千米|英里)/(?:小时|时|h)", "每小时"),
    rule(r"(?<=[元块角分米克升次转])/(?=[半小分秒天日周月年人件斤公千平立个份碗杯位次张瓶盒袋包克升支只条节课晚间夜])", "每"),
)

EN: Final[tuple[Rule, ...]] = (
    rule(rf"(?<![\d.])({NUMBER})%?{TO}({NUMBER})\s?%", lambda m: f"{numbers_en.cardinal(m[1])} to {numbers_en.cardinal(m[2])} percent"),
    rule(rf"({_SIGNED})\s?%", lambda m: f"{signed_en(m[1])} percent"),
    rule(
        rf"({_SIGNED})\s?(?:-|–|—|~|to)\s?({_SIGNED})\s?°\s?([CF])(?![A-Za-z])",
        lambda m: f"{signed_en(m[1])} to {signed_en(m[2])} {_DEGREES[m[3]][1]}",
    ),
    rule(rf"({_SIGNED})\s?°\s?([CF])(?![A-Za-z])", lambda m: f"{signed_en(m[1])} {_DEGREES[m[2]][1]}"),
    rule(rf"({_SIGNED})\s?°", lambda m: f"{signed_en(m[1])} degrees"),
    rule(rf"(?<![\d.])({NUMBER})\s?[x×]\s?(?={NUMBER}(?:\s?[x×]|\s?[a-z]))", lambda m: f"{numbers_en.cardinal(m[1])} by "),
    rule(
        rf"({_SIGNED})\s?(?:-|–|—|~|to)\s?({NUMBER})\s?{_UNIT}",
        lambda m: f"{signed_en(m[1])} to {quantity_en(m[2], m['unit'])}",
    ),
    rule(r"(?<![\d./])1/4\s?mi(?:le)?(?![a-z])", "a quarter mile"),
    rule(r"(?<![\d./])1/2\s?mi(?:le)?(?![a-z])", "half a mile"),
    rule(r"(?<![\d./])3/4\s?mi(?:le)?(?![a-z])", "three quarters of a mile"),
    rule(
        rf"{NOT_IN_CODE}(?<![\d./])({_SIGNED})[ -]?{_UNIT}(?:(?:(?<=min|sec|hrs)|(?<=ft|hr|lb|oz))\.(?! ?$| [A-Z]))?",
        lambda m: quantity_en(m[1], m["unit"]),
    ),
    rule(rf"(?<=[a-z])/{_UNIT}", lambda m: f" per {_unit(m['unit'])[1]}"),
    rule(r"(?<=[a-z])/(?=(?:month|year|week|day|hour|night|person|piece|pair|pack|each)\b)", " per "),
)
