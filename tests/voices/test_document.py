from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.voices import document

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=timezone.utc)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
# Beyond the basic plane RFC 8785 sorts names in UTF-16; ours are ASCII.
NAMES = st.text("abcXYZ_", max_size=4)
LEAVES = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | TEXTS
VALUES = st.recursive(LEAVES, lambda each: st.lists(each, max_size=3), max_leaves=6)


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_what_is_written_is_canonical_and_read_again(values) -> None:
    content = document.to_bytes(values)
    assert content == rfc8785.dumps(values)
    assert document.read(content) == values


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"[]", "not a JSON object"), (b"", "Expecting value"), (b"\xff", "decode"), (b'{"a": 1, "a": 2}', "given twice"),
        (b'{"a": {"b": 1, "b": 1}}', "given twice"), (b'{"a": 1.0}', "1.0 is not a whole number"), (b'{"a": NaN}', "NaN is not a whole"),
        (b'{"a": 1' + b"0" * 400 + b"}", "has 401 digits"), (b"[" * 100_000, "nested too deeply"),
    ],
)  # fmt: skip
def test_what_is_none_is_refused_for_what_it_is(content: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        document.read(content)


def test_times_are_utc_to_the_second() -> None:
    assert document.show_time(NOW.astimezone(timezone(timedelta(hours=8)))) == "2026-11-22T08:00:00Z"
    assert document.parse_time("2026-11-22T08:00:00Z") == NOW
    assert document.is_time(NOW)
    for other in (NOW + timedelta(microseconds=1), NOW.replace(tzinfo=None), "2026-11-22T08:00:00Z"):
        assert not document.is_time(other)


@pytest.mark.parametrize("text", ["2026-02-30T00:00:00Z", "2026-11-22 08:00:00Z", "2026-11-22T08:00:00Z ", "", None, 0])
def test_what_is_no_time_is_refused(text) -> None:
    with pytest.raises(ValueError):
        document.parse_time(text)
