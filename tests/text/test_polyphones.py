import pytest

from edge_agent.text import polyphones
from edge_agent.text.zh_words import Word
from tests.text.readings import syllables


@pytest.mark.parametrize(
    "sentence",
    [
        "营业时间为上午九点至晚上十点",
        "当前车速为九十五公里每小时",
        "最高限速为每小时一百二十公里",
        "本站为换乘站",
        "温度已设为二十四点五度",
        "换模时间由四十五分钟缩短为二十八分钟",
        "系统已升级为最新版本",
        "三楼为老人专座",
        "今年的目标为提高产量",
        "登机口变更为二十五号",
        "他被评为先进工作者",
        "华为手机专柜",
    ],
)
def test_wei_that_is_or_becomes(sentence):
    assert syllables(sentence, "为") == "wei2"


@pytest.mark.parametrize(
    "sentence",
    [
        "为保证您的安全",
        "为一号楼业主提供服务",
        "我们将为以下旅客办理退票",
        "正在为您重新规划路线",
        "工作人员将为大家讲解注意事项",
        "请积极为老幼病残孕让座",
        "本店为顾客提供免费停车",
        "应为旅客提供方便",
        "我们也为各位准备了礼品",
        "系统将为三号车间送电",
    ],
)
def test_wei_for_somebody_or_something(sentence):
    assert syllables(sentence, "为") == "wei4"


@pytest.mark.parametrize(
    ("sentence", "word", "expected"),
    [
        ("只卖三天", "只", "zhi3"),
        ("本通道只出不进", "只", "zhi3"),
        ("每张卡只限两人", "只", "zhi3"),
        ("仅剩两只", "只", "zhi1"),
        ("每只九十九元", "只", "zhi1"),
        ("还有四十来只螃蟹", "只", "zhi1"),
        ("最多只卖三件", "只", "zhi3"),
        ("其余只卖半价", "只", "zhi3"),
        ("星期一只接待团体", "只", "zhi3"),
        ("大家热烈地鼓掌", "地", "de5"),
        ("请安全地通过", "地", "de5"),
        ("我们真诚地感谢您", "地", "de5"),
        ("出发地为上海", "出发地", "chu1 fa1 di4"),
        ("这里是目的地", "地", "di4"),
        ("您必须得戴口罩", "得", "dei3"),
        ("您得先取号", "得", "dei3"),
        ("您得了一等奖", "得", "de2"),
        ("车开得很慢", "得", "de5"),
        ("比赛得以顺利进行", "得以", "de2 yi3"),
        ("第三行第五列", "行", "hang2"),
        ("共三十二行", "行", "hang2"),
        ("代表团一行十二人", "一行", "yi4 xing2"),
        ("转速为三千转", "三千转", "san1 qian1 zhuan4"),
        ("每分钟一千五百转以上", "百转", "bai3 zhuan4"),
        ("按一转人工服务", "转", "zhuan3"),
        ("有旅客将手机落在安检处", "落", "la4"),
        ("飞机降落在跑道上", "降落", "jiang4 luo4"),
        ("请量一下体温", "量", "liang2"),
        ("这种药的量很少", "量", "liang4"),
        ("请将轮椅还到服务台", "还", "huan2"),
        ("票还没卖完", "还", "hai2"),
        ("请不要看着手机走路", "着手机", "zhe5 shou3 ji1"),
        ("即日着手整改", "着手", "zhuo2 shou3"),
        ("请调直座椅靠背", "调", "tiao2"),
        ("一起来种草莓", "种", "zhong4"),
        ("门口种着两排树", "种", "zhong4"),
        ("请种下一棵小树苗", "种", "zhong4"),
        ("适合种瓜种豆", "种瓜种豆", "zhong4 gua1 zhong4 dou4"),
        ("各种花都开了", "种", "zhong3"),
        ("三种瓜果", "种", "zhong3"),
        ("苹果树结满了果子", "结满", "jie1 man3"),
        ("河面结满了冰", "结满", "jie2 man3"),
        ("瓜藤结了三个瓜", "结", "jie1"),
        ("窗户结了霜", "结", "jie2"),
        ("孩子的脸涨得通红", "涨", "zhang4"),
        ("油价涨得很快", "涨", "zhang3"),
    ],
)
def test_neighbours_decide(sentence, word, expected):
    assert syllables(sentence, word) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("请曾先生到前台", "zeng1"),
        ("曾经到过", "ceng2"),
        ("旅客任女士", "ren2"),
        ("主任医生", "ren4"),
        ("请单小姐领取证件", "shan4"),
        ("查经理", "zha1"),
        ("请区先生登机", "ou1"),
        ("华东区经理", "qu1"),
    ],
)
def test_surnames_before_a_title(sentence, expected):
    name = next(character for character in sentence if character in "曾任单查区")
    assert syllables(sentence, name) == expected


def test_resolve_keeps_every_word_and_its_length():
    phrase = [Word("只", ("zhi1",)), Word("卖", ("mai4",)), Word("一行", ("yi4", "hang2"))]
    assert polyphones.resolve(phrase) == [Word("只", ("zhi3",)), *phrase[1:]]


@pytest.mark.parametrize(("sentence", "reading"), [("张江路八十八弄十二号", "long4"), ("第三弄", "long4"), ("一定要弄好", "nong4")])
def test_a_numbered_lane_and_doing(sentence, reading):
    assert syllables(sentence, "弄") == reading
