import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.text import mandarin
from edge_agent.text.symbols import encode
from tests.text.readings import syllables


@pytest.mark.parametrize(
    ("sentence", "word", "expected"),
    [
        ("请到银行找行长", "银行", "yin2 hang2"),
        ("请到银行找行长", "行长", "hang2 zhang3"),
        ("行人请走人行横道", "人行横道", "ren2 xing2 heng2 dao4"),
        ("开往重庆北的列车", "重庆北", "chong2 qing4 bei3"),
        ("请重新扫码", "重新", "chong2 xin1"),
        ("称重台", "称重", "cheng1 zhong4"),
        ("朝阳区的列车", "朝阳", "chao2 yang2"),
        ("会计师", "会计", "kuai4 ji4"),
        ("厦门北站", "厦门", "xia4 men2"),
        ("大厦停电", "大厦", "da4 sha4"),
        ("还书请到三楼", "还书", "huan2 shu1"),
        ("还有五分钟", "还", "hai2"),
        ("王大夫在吗", "大夫", "dai4 fu5"),
        ("首都机场", "首都", "shou3 du1"),
        ("长江路全长", "长江", "chang2 jiang1"),
        ("音乐会", "音乐", "yin1 yue4"),
        ("儿童乐园", "乐园", "le4 yuan2"),
        ("请不要着急", "着急", "zhao2 ji2"),
        ("慢慢地走", "慢慢地", "man4 man4 de5"),
        ("目的地", "目的地", "mu4 di4 di4"),
        ("随身行李", "行李", "xing2 li5"),
        ("休息区", "休息", "xiu1 xi5"),
        ("东西方", "东西方", "dong1 xi1 fang1"),
        ("空调", "空调", "kong1 tiao2"),
        ("调度室", "调度", "diao4 du4"),
        ("请系好安全带", "系好", "ji4 hao3"),
        ("下载量", "下载", "xia4 zai4"),
        ("六安和蚌埠", "六安", "lu4 an1"),
        ("六安和蚌埠", "蚌埠", "beng4 bu4"),
        ("公差和允差", "公差", "gong1 cha1"),
        ("公差和允差", "允差", "yun3 cha1"),
        ("他出公差了", "公差", "gong1 chai1"),
        ("水压差过大", "水压差", "shui3 ya1 cha1"),
        ("曲轴箱", "曲轴", "qu1 zhou2"),
        ("给料机停机", "给料机", "ji3 liao4 ji1"),
        ("院里长满了草", "长满", "zhang2 man3"),
    ],
)
def test_polyphones_and_neutral_tones(sentence, word, expected):
    assert syllables(sentence, word) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一点儿", "i↘tja↓ɚ"),
        ("等一会儿", "tə↓ŋi↗xwə↘ɚ"),
        ("女儿", "ny↓ɚ↗"),
        ("儿童", "ɚ↗tʰʊ↗ŋ"),
        ("你好，世界！", "ni↗xau↓, ʂɨ↘ʨje↘!"),
        ("“你好”……", "ni↗xau↓…"),
        ("，你好？！", "ni↗xau↓?"),
        ("", ""),
        ("。！", ""),
    ],
)
def test_phonemes(text, expected):
    assert mandarin.phonemes(text) == expected


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=0x3000, max_codepoint=0x9FFF), max_size=30))
def test_any_chinese_can_be_encoded(text):
    encode(mandarin.phonemes(text))
