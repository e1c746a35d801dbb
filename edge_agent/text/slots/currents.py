"""Amperes, whose A is elsewhere the letter of a gate or a seat: a 15/20A outlet, AC220V/32A."""

from __future__ import annotations

import re
from typing import Final

from edge_agent.text import numbers_en, numbers_zh
from edge_agent.text.slots.rule import NUMBER, Rule, rule


def _amps_en(number: str) -> str:
    return f"{numbers_en.cardinal(number)} {'amp' if number == '1' else 'amps'}"


def _fused_zh(match: re.Match[str]) -> str:
    above = f"{numbers_zh.cardinal(match['above'])}或" if match["above"] else ""
    return f"{above}{numbers_zh.cardinal(match['below'], two='两')}安"


def _fused_en(match: re.Match[str]) -> str:
    above = f"{numbers_en.cardinal(match['above'])} or " if match["above"] else ""
    return f"{above}{numbers_en.cardinal(match['below'])} amp"


_AMPS: Final = rf"(?<![A-Za-z\d./-])(?:(?P<above>{NUMBER})\s?A?/)?(?P<below>{NUMBER})\s?A"
_OF_CURRENT: Final = r"(?<![A-Za-z])([AD]C)(?=\d+\s?k?V(?![A-Za-z]))"
_FUSED_ZH: Final = "保险|熔断|断路器|空开|空气开关|插座|插头|电流|充电|快充|输出|输入|电源|漏保"
_FUSED_EN: Final = "fuses?|breakers?|circuit|outlets?|sockets?|plugs?|chargers?|supply|supplies|adapters?|input|output|service|current"

ZH: Final[tuple[Rule, ...]] = (
    rule(rf"{_AMPS}(?=\s?(?:{_FUSED_ZH}))", _fused_zh),
    rule(_OF_CURRENT, r"\1 "),
    rule(rf"(?<=电流)({NUMBER})\s?A(?![A-Za-z])", lambda m: numbers_zh.cardinal(m[1], two="两") + "安"),
    rule(rf"(\d+V)\s?/?\s?({NUMBER})\s?A(?![A-Za-z])", lambda m: f"{m[1]}{numbers_zh.cardinal(m[2], two='两')}安"),
)

EN: Final[tuple[Rule, ...]] = (
    rule(rf"(?i){_AMPS}(?= (?:{_FUSED_EN})\b)", _fused_en),
    rule(_OF_CURRENT, r"\1 "),
    rule(rf"(?<![A-Za-z\d.])({NUMBER}) ?A(?=(?: ?[@/,] ?| )\d+ ?V)", lambda m: _amps_en(m[1])),
    rule(
        rf"\b([Cc]urrent (?:is |of |at )?|[Dd]raw(?:s|ing) |volts,? )({NUMBER}) ?A(?![A-Za-z\d])",
        lambda m: m[1] + _amps_en(m[2]),
    ),
    rule(
        rf"(?<=[\dk][VW])(?:\s?[/,]\s?| )({NUMBER})\s?A(?![A-Za-z\d])",
        lambda m: f", {_amps_en(m[1])}",
    ),
)
