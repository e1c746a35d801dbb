from __future__ import annotations

import pytest

from edge_agent.templates import Piece, Template


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
