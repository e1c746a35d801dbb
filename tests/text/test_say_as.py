import pytest

from edge_agent.text import TextError
from edge_agent.text.say_as import READINGS, say_as


def test_kinds_are_a_decision():
    assert set(READINGS) == {
        "characters", "spell-out", "digits", "cardinal", "number", "ordinal", "fraction", "telephone", "date", "time", "currency", "unit",
        "distance", "train", "flight", "plate", "room", "ticket", "gate", "seat", "floor", "road", "exit",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "text", "zh", "en"),
    [
        ("characters", "VIP1", "V I P 一", "V I P one"),
        ("digits", "1203", "一二零三", "one two zero three"),
        ("cardinal", "-1203", "负一千二百零三", "minus one thousand two hundred three"),
        ("ordinal", "3", "第三", "third"),
        ("fraction", "2/3", "三分之二", "two thirds"),
        ("telephone", "400-820-8820", "四零零八二零八八二零", "four zero zero eight two zero eight eight two zero"),
        ("date", "2026-11-22", "二零二六年十一月二十二日", "November twenty second, twenty twenty six"),
        ("date", "20261122", "二零二六年十一月二十二日", "November twenty second, twenty twenty six"),
        ("time", "14:05", "十四点零五分", "fourteen oh five"),
        ("currency", "$35.50", "三十五点五美元", "thirty five dollars and fifty cents"),
        ("unit", "2kg", "两公斤", "two kilograms"),
        ("distance", "400m", "四百米", "four hundred meters"),
        ("distance", "1.5km", "一点五公里", "one point five kilometers"),
        ("train", "G1234", "G 幺二三四", "G one two three four"),
        ("flight", "BA123", "B A 幺二三", "B A one two three"),
        ("plate", "沪A·D12345", "沪 A D 幺二三四五", "沪 A D one two three four five"),
        ("room", "1203", "幺二零三", "one two zero three"),
        ("ticket", "A123", "A一二三", "A one two three"),
        ("gate", "B12", "B十二", "B twelve"),
        ("seat", "12A", "十二A", "twelve A"),
        ("exit", "23A", "二十三A", "twenty three A"),
    ],
)
def test_readings(kind, text, zh, en):
    assert say_as(kind, text, "zh") == zh
    assert say_as(kind, text, "en") == en


@pytest.mark.parametrize(
    ("kind", "text"),
    [("cardinal", "twelve"), ("ordinal", "x"), ("date", "13-13-13x"), ("time", "x9y"), ("currency", "a5"), ("fraction", "x1")],
)
def test_what_is_nothing_of_the_kind_is_refused(kind, text):
    with pytest.raises(TextError, match="is not"):
        say_as(kind, text, "en")
