import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.text.numbers_en import cardinal, decade, digits, ordinal, year


@pytest.mark.parametrize(
    ("read", "number", "expected"),
    [
        (cardinal, "0", "zero"),
        (cardinal, "21", "twenty one"),
        (cardinal, "1,299.50", "one thousand two hundred ninety nine point five zero"),
        (cardinal, "1000000", "one million"),
        (cardinal, "007", "zero zero seven"),
        (ordinal, "1", "first"),
        (ordinal, "2", "second"),
        (ordinal, "3", "third"),
        (ordinal, "12", "twelfth"),
        (ordinal, "20", "twentieth"),
        (ordinal, "42", "forty second"),
        (ordinal, "101", "one hundred first"),
        (year, "1900", "nineteen hundred"),
        (year, "1905", "nineteen oh five"),
        (year, "2000", "two thousand"),
        (year, "2005", "two thousand five"),
        (year, "2026", "twenty twenty six"),
        (decade, "1980", "nineteen eighties"),
        (decade, "90", "nineties"),
        (decade, "2010", "twenty tens"),
        (digits, "B12", "B one two"),
    ],
)
def test_reading(read, number, expected):
    assert read(number) == expected


_SMALL = {
    word: value
    for value, word in enumerate(
        (
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
            "nineteen"
        ).split()
    )
} | {word: 10 * value for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
_LARGE = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}


def _value(spoken: str) -> int:
    """What a reader of English number words would understand; written for this test alone."""
    total = group = 0
    for word in spoken.split():
        if word == "hundred":
            group *= 100
        elif word in _LARGE:
            total += group * _LARGE[word]
            group = 0
        else:
            group += _SMALL[word]
    return total + group


@given(st.integers(min_value=0, max_value=10**15 - 1))
def test_cardinal_means_the_number(value):
    assert _value(cardinal(str(value))) == value
