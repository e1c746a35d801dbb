import pytest

from edge_agent.text.language import of


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("请到3号窗口", "zh"),
        ("Go to window 3", "en"),
        ("Please change at 徐家汇 for Line 9.", "en"),
        ("The 北京大兴国际机场 opens at 9.", "en"),
        ("乘坐United航空UA889次航班的旅客", "zh"),
        ("IT helpdesk分机8001", "zh"),
    ],
)
def test_of(sentence, expected):
    assert of(sentence, "zh") == expected


def test_without_words_the_surroundings_decide():
    assert of("14:05", "en") == "en"
    assert of("14:05", "zh") == "zh"
