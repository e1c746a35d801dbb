from __future__ import annotations

import pytest

from edge_agent.templates import TemplateListError, Templates


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
