from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge_agent.templates import KINDS, Fixed, Slot, Template


def values(pattern: str, text: str) -> dict[str, str] | None:
    match = Template.parse(pattern).match(text)
    return None if match is None else match.values


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("请{a}号", "请A1号", {"a": "A1"}),
        ("请{a}号", "  请A1号\n", {"a": "A1"}),
        (" 请{a}号 ", "请A1号", {"a": "A1"}),
        ("请{a}号", "请号", None),
        ("请{a}号", "请 号", None),
        ("请{a}号", "请。号", None),
        ("请{a}号", "请A1号吧", None),
        ("请{a}号", "快请A1号", None),
        ("请{a}号", "", None),
        ("{a}路公交车进站", "K8路公交车进站", {"a": "K8"}),
        ("下一站{a}", "下一站人民广场", {"a": "人民广场"}),
        ("{a}到{b}了", "张三到李四到王五了", {"a": "张三", "b": "李四到王五"}),
        ("座{a:code}-{b:number}", "座A-B-12", {"a": "A-B", "b": "12"}),
        ("气温{a:number}度", "气温-5度", {"a": "-5"}),
        ("{a:number}号到{b:number}号", "3号到B号", None),
        ("{a:number}元", "三十五点五元", {"a": "三十五点五"}),
        ("{a:code}, please", "BA 123, please", None),
        ("{a:name}, please", "Anna O'Neil, please", {"a": "Anna O'Neil"}),
        ("{a:name}, please", "Anna 2, please", None),
        ("请{a}号", "请到前台。请A1号", None),
        ("花括号{{{a}}}完", "花括号{x}完", {"a": "x"}),
        ("a{x}a", "aa", None),
        ("a{x}a", "aaa", {"x": "a"}),
        ("{a}ab{b}ab", "xababyab", {"a": "x", "b": "aby"}),
    ],
)
def test_matching(pattern: str, text: str, expected: dict | None) -> None:
    assert values(pattern, text) == expected


alphabet = st.text("ab。 -1", max_size=12)


@st.composite
def patterns(draw) -> str:
    kinds = st.sampled_from(["text", "code", "number", "name"])
    fixed = draw(st.lists(st.text("ab-1", min_size=1, max_size=3), min_size=1, max_size=4))
    pattern = "".join(f"{{s{n}:{draw(kinds)}}}{text}" for n, text in enumerate(fixed))
    return draw(st.sampled_from(["", "a"])) + pattern


def as_regex(template: Template) -> str:
    """What a template means, said in the language of a matcher that backtracks."""

    def part(item: Fixed | Slot) -> str:
        if isinstance(item, Fixed):
            return re.escape(item.text)
        takes = [char for char in "ab。 -1" if KINDS[item.kind](char)]
        return f"(?P<{item.name}>(?:{'|'.join(map(re.escape, takes))})+?)"

    return "".join(map(part, template.parts))


@settings(max_examples=400)
@given(patterns(), st.data())
def test_agrees_with_a_backtracking_matcher(pattern: str, data) -> None:
    assume(re.search("[ab1]", re.sub(r"\{.*?\}", "", pattern)))
    template = Template.parse(pattern)
    filled = "".join(part.text or data.draw(st.text("ab-1", min_size=1, max_size=4)) for part in template.parts)
    for text in (filled, data.draw(alphabet)):
        expected = re.fullmatch(as_regex(template), text.strip())
        match = template.match(text)
        if match is not None:
            assert match.values == expected.groupdict()
            assert "".join(part.text for part in match.parts) == text.strip()
        elif expected is not None:
            assert any(not re.search("[ab1]", value) for value in expected.groupdict().values())


def test_hostile_text_costs_no_more_than_its_length() -> None:
    class Counted(str):
        __slots__ = ()
        looked_at = 0

        def __getitem__(self, index):
            Counted.looked_at += 1
            return str.__getitem__(self, index)

        def strip(self, *_):
            return self

    template = Template.parse("".join(f"{{s{n}}}a" for n in range(16)))
    for text in ("a" * 2000, "a" * 1000 + "b" + "a" * 999):
        Counted.looked_at = 0
        assert template.match(Counted(text)) is not None
        assert Counted.looked_at < 3 * 16 * len(text)
