from __future__ import annotations

import re

import pytest

from edge_agent.templates import Fixed, Slot, Template, TemplateError


def test_a_pattern_is_read_into_parts() -> None:
    assert Template.parse("请{ticket:code}号到{window}号窗口").parts == (
        Fixed("请"),
        Slot("ticket", "code"),
        Fixed("号到"),
        Slot("window", "text"),
        Fixed("号窗口"),
    )


@pytest.mark.parametrize(
    ("pattern", "column", "reason"),
    [
        ("", 1, "no slot"),
        ("请稍候", 1, "no slot"),
        ("{a}", 1, "nothing to speak beside"),
        ("{a}。", 1, "nothing to speak beside"),
        ("请{a}{b}号", 5, "fixed text between"),
        ("请{a} {b}号", 6, "fixed text between"),
        ("请{a}号到{a}号", 7, "'a' occurs twice"),
        ("请{a:colour}号", 2, "unknown kind 'colour'; there are text, code, number, name"),
        ("请{}号", 2, "'' is not a slot"),
        ("请{2nd}号", 2, "'2nd' is not a slot"),
        ("请{a:}号", 2, "'a:' is not a slot"),
        ("请{窗口}号", 2, "is not a slot"),
        ("请{a号", 2, "a single '{'"),
        ("请a}号", 3, "a single '}'"),
        ("号{a" + "a" * 600 + "}", 501, "longer than 500"),
        ("号".join(f"{{s{n}}}" for n in range(17)), 1, "more than 16 slots"),
    ],
)
def test_faults_are_reported_with_their_place(pattern: str, column: int, reason: str) -> None:
    with pytest.raises(TemplateError, match=re.escape(reason)) as caught:
        Template.parse(pattern)
    assert caught.value.column == column
    assert f"column {column}" in str(caught.value)
