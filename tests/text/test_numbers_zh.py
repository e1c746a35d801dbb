import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.text.numbers_zh import cardinal, digits


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("0", "零"), ("2", "二"), ("10", "十"), ("12", "十二"), ("20", "二十"), ("100", "一百"), ("105", "一百零五"), ("110", "一百一十"),
        ("115", "一百一十五"), ("200", "二百"), ("1005", "一千零五"), ("1080", "一千零八十"), ("2000", "两千"), ("2222", "两千二百二十二"),
        ("10010", "一万零一十"), ("12000", "一万二千"), ("20000", "两万"), ("20500", "两万零五百"), ("100000", "十万"),
        ("1,234,567", "一百二十三万四千五百六十七"), ("10000000", "一千万"), ("200000000", "两亿"), ("100010001", "一亿零一万零一"),
        ("3.0", "三点零"), ("0.05", "零点零五"), ("2.2", "二点二"), ("007", "零零七"), ("1" * 17, "一" * 17),
    ],
)  # fmt: skip
def test_cardinal(number, expected):
    assert cardinal(number) == expected


def test_two_before_a_measure_word():
    assert cardinal("2", two="两") == "两"
    assert cardinal("12", two="两") == "十二"
    assert cardinal("2.5", two="两") == "二点五"


def test_digits_keep_what_is_no_digit():
    assert digits("G1203", one="幺") == "G幺二零三"


_VALUES = dict(zip("零一二三四五六七八九两", [*range(10), 2], strict=True))
_UNITS = {"十": 10, "百": 100, "千": 1000}


def _value(spoken: str) -> int:
    """What a reader of Chinese numerals would understand; written for this test alone."""
    for scale, name in ((10**12, "万亿"), (10**8, "亿"), (10**4, "万")):
        if name in spoken:
            above, below = spoken.split(name, 1)
            return _value(above) * scale + (_value(below) if below else 0)
    total, last = 0, 0
    for character in spoken:
        if character in _UNITS:
            total += (last or 1) * _UNITS[character]
            last = 0
        else:
            last = _VALUES[character]
    return total + last


@given(st.integers(min_value=0, max_value=10**12 - 1))
def test_cardinal_means_the_number(value):
    assert _value(cardinal(str(value))) == value
