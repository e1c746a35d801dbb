from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge_agent.templates import KINDS, Fixed, Piece, Slot, Template, TemplateError, TemplateListError, Templates


def values(pattern: str, text: str) -> dict[str, str] | None:
    match = Template.parse(pattern).match(text)
    return None if match is None else match.values


def test_a_pattern_is_read_into_parts() -> None:
    assert Template.parse("请{ticket:code}号到{window}号窗口").parts == (
        Fixed("请"),
        Slot("ticket", "code"),
        Fixed("号到"),
        Slot("window", "text"),
        Fixed("号窗口"),
    )


def test_a_match_gives_values_and_pieces() -> None:
    match = Template.parse("请{ticket:code}号到{window}号窗口").match("请A123号到5号窗口")
    assert match.values == {"ticket": "A123", "window": "5"}
    assert match.pieces == (
        Piece("请", None),
        Piece("A123", "code"),
        Piece("号到", None),
        Piece("5", "text"),
        Piece("号窗口", None),
    )
    assert match.template.fixed_texts == ("请", "号到", "号窗口")


@pytest.mark.parametrize(
    ("pattern", "text", "pieces"),
    [
        ("Gate {gate}, please hurry.", "Gate 12B, please hurry.", ["Gate", "12B,", "please hurry."]),
        ("增长{share}%的部门", "增长35.5%的部门", ["增长", "35.5%", "的部门"]),
        ("票价${price}元", "票价$35元", ["票价", "$35", "元"]),
        ("请注意：{what}。", "请注意：地滑。", ["请注意：", "地滑。"]),
        ("“{who}”请到{where}（{floor}）", "“张三”请到前台（二楼）", ["“张三”", "请到", "前台", "（二楼）"]),
        ("欢迎{who}！（请排队）", "欢迎张三！（请排队）", ["欢迎", "张三！", "（请排队）"]),
        ("……{who}请进", "……张三请进", ["……张三", "请进"]),
    ],
)
def test_marks_go_with_the_words_they_belong_to(pattern: str, text: str, pieces: list[str]) -> None:
    match = Template.parse(pattern).match(text)
    assert [piece.text for piece in match.pieces] == pieces
    assert set(match.template.fixed_texts) <= set(pieces)


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


def test_a_list_reports_every_fault_at_once() -> None:
    with pytest.raises(TemplateListError) as caught:
        Templates.parse(["请{a}号", "请稍候", "到{b}", "请{a}号", "{"])
    assert [error.number for error in caught.value.errors] == [2, 4, 5]
    assert "template 4, column 1 of '请{a}号': the same pattern stands earlier" in str(caught.value)


def test_the_most_fixed_characters_win_whatever_the_order() -> None:
    patterns = ["{a}窗口", "请{a}到{b}窗口", "请{a}号到{b}号窗口"]
    for ordered in (patterns, patterns[::-1]):
        templates = Templates.parse(ordered)
        assert len(templates) == 3
        assert templates.match("请A1号到2号窗口").template.pattern == "请{a}号到{b}号窗口"
        assert templates.match("请A1到2窗口").template.pattern == "请{a}到{b}窗口"
        assert templates.match("三号窗口").template.pattern == "{a}窗口"
        assert templates.match("关门") is None


def test_ties_go_to_fewer_slots_then_to_the_list() -> None:
    assert Templates.parse(["甲{a}乙{b}丙", "甲{a}乙丙"]).match("甲1乙丙").template.pattern == "甲{a}乙丙"
    for ordered in (["甲{a:code}", "甲{b:number}"], ["甲{b:number}", "甲{a:code}"]):
        assert Templates.parse(ordered).match("甲1").template.pattern == ordered[0]


def test_no_templates_match_nothing() -> None:
    assert Templates.parse([]).match("请A1号") is None


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
