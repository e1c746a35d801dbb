import pytest

from edge_agent.text import mixed, phonemes
from edge_agent.text.symbols import encode


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好，world！", "ni↗xau↓, wˈɜɹld!"),
        ("请打开Wi-Fi开关。", "ʨʰi↗ŋ ta↓kʰai→ wˈIfˌI kʰai→kwa→n."),
        ("“hello” (world)", "həlˈO wˈɜɹld"),
        ("开往{lu↘a→n}的列车", "kʰai→wa↓ŋ lu↘a→n tɤ lje↘ꭧʰɤ→"),
        ("……", ""),
        ("请A一号", "ʨʰi↓ŋ ˈA i→xau↘"),
        ("ABS灯亮", "ˌAbˌiˈɛs tə→ŋ lja↘ŋ"),
    ],
)
def test_phonemes(text, expected):
    assert phonemes(text) == expected
    encode(expected)


@pytest.mark.parametrize(("text", "expected"), [("你好", "zh"), ("hello", "en"), ("你好hello", "mixed"), ("{abc}", "zh"), ("", "zh")])
def test_script(text, expected):
    assert mixed.script(text) == expected
