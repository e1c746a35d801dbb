import pytest

from edge_agent.text import mandarin


def spoken(run: str) -> str:
    return " ".join(syllable for word in mandarin.read(run) for syllable in word.syllables)


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("你好", "ni2 hao3"),
        ("展览馆", "zhan2 lan2 guan3"),  # (展览)馆
        ("小老虎", "xiao3 lao2 hu3"),  # 小(老虎)
        ("请往左转", "qing2 wang3 zuo2 zhuan3"),  # 往 stays: 左 before it became second tone
        ("我也很想买", "wo3 ye2 hen3 xiang2 mai3"),
        ("好", "hao3"),
    ],
)
def test_third_tones(run, expected):
    assert spoken(run) == expected


def test_third_tones_do_not_meet_across_punctuation():
    assert mandarin.phonemes("你好，请等") == "ni↗xau↓, ʨʰi↗ŋ tə↓ŋ"


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("一个", "yi2 ge4"),
        ("一次", "yi2 ci4"),
        ("一天", "yi4 tian1"),
        ("一年", "yi4 nian2"),
        ("一米", "yi4 mi3"),
        ("一百", "yi4 bai3"),
        ("一万", "yi2 wan4"),
        ("第一位", "di4 yi1 wei4"),
        ("第一", "di4 yi1"),
        ("一号", "yi1 hao4"),
        ("一楼", "yi1 lou2"),
        ("一月", "yi1 yue4"),
        ("十一月一日", "shi2 yi1 yue4 yi1 ri4"),
        ("二十一个", "er4 shi2 yi1 ge4"),
        ("星期一上午", "xing1 qi1 yi1 shang4 wu3"),
        ("一二三四", "yi1 er4 san1 si4"),
        ("看一看", "kan4 yi5 kan4"),
        ("一路平安", "yi2 lu4 ping2 an1"),
        ("中山北一路", "zhong1 shan1 bei3 yi1 lu4"),
        ("三块五一斤", "san1 kuai4 wu3 yi4 jin1"),
        ("一年级", "yi1 nian2 ji2"),
        ("一年级一班", "yi1 nian2 ji2 yi1 ban1"),
        ("一等座", "yi1 deng3 zuo4"),
        ("一等奖", "yi1 deng2 jiang3"),
        ("一步一步", "yi2 bu4 yi2 bu4"),
        ("一层一层", "yi4 ceng2 yi4 ceng2"),
    ],
)
def test_one(run, expected):
    assert spoken(run) == expected


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("不要", "bu2 yao4"),
        ("不好", "bu4 hao3"),
        ("不能", "bu4 neng2"),
        ("好不好", "hao3 bu5 hao3"),
        ("对不起", "dui4 bu5 qi3"),
        ("不", "bu4"),
    ],
)
def test_not(run, expected):
    assert spoken(run) == expected
