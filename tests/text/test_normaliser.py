import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.text import normalise
from edge_agent.text.normaliser import MAX_SENTENCE

# Text as people send it: words of both languages, figures and the signs that go with them.
_WORDS = "请 到 号 窗口 次 列车 航班 年 月 日 点 分 元 米 公里 折 第 层 楼 路 高速 电话 密码 至 train flight gate room call the at pm am in"
_SHORT = "ft km kg mi St. Dr. No. Mon Jan Nov Ave II VIII www. .com http:// A B12 G CA PM v X7"
_FIGURES = "1 2 0 12 05 007 123 1234 2026 35.50 1,299 400-820-8820 14:05 2026-11-22 3/4 Ⅱ ½ ² ① ٣ １２"
_SIGNS = "@ # % ° °C ℃ ¥ $ € + - – ~ / : . , × & = _ * ( ) ' \" 。 ， ： （ ） 😊 \n"
_PIECES = st.sampled_from(f"{_WORDS} {_SHORT} {_FIGURES} {_SIGNS}".split(" "))
WRITTEN = st.lists(st.tuples(_PIECES, st.sampled_from(["", " "])), max_size=12).map(lambda pieces: "".join(a + b for a, b in pieces))
ANY_TEXT = st.one_of(st.text(max_size=60), WRITTEN)


@settings(max_examples=400, deadline=None)
@given(ANY_TEXT, st.sampled_from(["auto", "zh", "en"]))
def test_no_figure_survives(text, lang):
    spoken = normalise(text, lang)
    assert not [c for c in spoken if unicodedata.category(c) in ("Nd", "No", "Nl") and c != "〇"], spoken


@settings(max_examples=400, deadline=None)
@given(ANY_TEXT, st.sampled_from(["auto", "zh", "en"]))
def test_spoken_text_is_left_alone(text, lang):
    spoken = normalise(text, lang)
    assert normalise(spoken, lang) == spoken


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Errors of other front ends, each met in real announcements.
        ("G1234次列车将于14:05从3站台发车", "G幺二三四次列车将于十四点零五分从三站台发车"),
        ("将于14:05分发车", "将于十四点零五分发车"),
        ("14:05分组参观", "十四点零五分分组参观"),
        ("营业时间9:00分-21:30分", "营业时间九点到二十一点三十分"),
        ("请A123号乘客到12B登机口", "请A一二三号乘客到十二B登机口"),
        ("请前往B2层", "请前往B二层"),
        ("第3/4号窗口", "第三、四号窗口"),
        ("Flight BA123 leaves from gate 12B", "Flight B A one two three leaves from gate twelve B"),
        ("Turn left in 400m", "Turn left in four hundred meters"),
        ("That is $35.50", "That is thirty five dollars and fifty cents"),
        ("车牌沪A·D12345", "车牌沪A D幺二三四五"),
        ("夜班20:00-次日8:00", "夜班二十点到次日八点"),
        ("升温速率5℃/min", "升温速率五摄氏度每分钟"),
        ("粒子数9800/m³", "粒子数九千八百每立方米"),
        ("内线119，外线6688", "内线幺幺九，外线六六八八"),
        ("零件号PN 1002-33-REV-B缺料", "零件号PN 幺零零二三三 REV B缺料"),
        ("SKU为6901234", "SKU为六九零幺二三四"),
        ("噪声92dB(A)", "噪声九十二分贝"),
        ("5W-30机油，M8×1.25螺栓", "五W三十机油，M八乘一点二五螺栓"),
        ("200+款，60+", "二百多款，六十加"),
        ("AAAA级景区，实行AA制", "四A级景区，实行A A制"),
        ("ΔP为5Pa", "德尔塔P为五帕"),
        ("5.8元/500g，9.5折，250mg/5mL", "五点八元每五百克，九五折，二百五十毫克每五毫升"),
        ("2026.11.28—12.02举办，V2026.8.3", "二零二六年十一月二十八日到十二月二日举办，V二零二六点八点三"),
        ("电梯No.3检修，请到NO.5号窗口", "电梯三号检修，请到五号窗口"),
        ("今日产量1846/2000件，人数35/50", "今日产量一千八百四十六斜杠两千件，人数三十五斜杠五十"),
        ("目标1,846/2,000，2/3,1/3", "目标一千八百四十六斜杠两千，三分之二,三分之一"),
        ("进度8/24，剩3/4，每组3/4人", "进度八斜杠二十四，剩四分之三，每组三、四人"),
        ("第3/12页，第12/30步，12/24起", "第三页，共十二页，第十二步，共三十步，十二月二十四日起"),
        ("步骤2/5，第3/4节课，第2/12节课，进度20/60kWh", "步骤二，共五步，第三、四节课，第二节课，共十二节课，进度二十斜杠六十千瓦时"),
        ("12/24V电源，每15/30分钟，票价5/10元，7/8折", "十二或二十四伏电源，每十五或三十分钟，票价五或十元，七或八折"),
        ("支持2.4/5GHz，10A/16A插座，64/128GB手机", "支持二点四或五吉赫兹，十或十六安插座，六十四、一百二十八GB手机"),
        ("等1/2h，加3/4kg，手机64/128GB", "等二分之一小时，加四分之三公斤，手机六十四、一百二十八GB"),
        ("KN95口罩，时间14:00后，00后", "K N九五口罩，时间十四点后，零零后"),
        ("限购2份/人，2人/间，0.45元/度，102次/min", "限购两份每人，两人每间，零点四五元每度，一百零二次每分钟"),
        ("美元/人民币7.12，12/F，No.7展台", "美元兑人民币七点一二，十二楼，七号展台"),
        ("血氧SpO₂ 93%，PM2.5 35μg/m³", "血氧SpO二，百分之九十三，P M二点五，三十五微克每立方米"),
        ("""间隔2'30"，55"电视，他说"3"号""", '间隔两分三十秒，五十五英寸电视，他说"三"号'),
        ("301-308教室，A301~A308室", "三零幺到三零八教室，A三零幺到A三零八室"),
        ("尾号0-4，F-H岛，第II部分，Ⅱ类", "尾号零到四，F到H岛，第二部分，二类"),
        ("12PCS，500ML，35W人，95588提醒您", "十二件，五百毫升，三十五万人，九五五八八提醒您"),
        ("库存<10件，温度>80℃，偏差>=±7%，<3>", "库存小于十件，温度大于八十摄氏度，偏差大于等于正负百分之七，<三>"),
        ("5/1-5/5放假，2027-03到期，03/2027", "五月一日到五月五日放假，二零二七年三月到期，二零二七年三月"),
        ("0755-8888 6666-802，会议号823 445 901", "零七五五八八八八六六六六转八零二，会议号八二三四四五九零幺"),
        ("请打119、120或110，passcode：334455", "请打幺幺九、幺二零或幺幺零，passcode:三三四四五五"),
        ("Room 1203的客人，abc_2026", "Room 幺二零三的客人，abc下划线二零二六"),
        ("评分4.8/5，约~5分钟，有~300人", "评分四点八分，满分五分，约五分钟，有约三百人"),
        ("6-3、7-5获胜，AM9:00-PM6:00", "六比三、七比五获胜，上午九点到下午六点"),
        ("12°C/18°C", "十二摄氏度，十八摄氏度"),
        ("自习室201、202，会议室305，教室120平方米", "自习室二零幺、二零二，会议室三零五，教室一百二十平方米"),
        ("库位3-12-05，取件码3-2-5018", "库位三杠十二杠零五，取件码三二五零幺八"),
        ("货位A-3-12和B-12-03，A3-12货架，车停在B2-15车位", "货位A三杠十二和B十二杠零三，A三杠十二货架，车停在B二杠十五车位"),
        ("A1-12号登机口，C12-15号柜台", "A一到十二号登机口，C十二到十五号柜台"),
        ("改到5/1/2026，有效期至25/12/2026", "改到二零二六年五月一日，有效期至二零二六年十二月二十五日"),
        ("保质期到12/25/2026，28/9/2026~13/10/2026", "保质期到二零二六年十二月二十五日，二零二六年九月二十八日到二零二六年十月十三日"),
        ("CZ3101/3102航班，12A-12K座位，319路改道", "C Z三幺零幺、三幺零二航班，十二A到十二K座位，三幺九路改道"),
        ("0.1ml/kg，£28.5/人，0.5元/两", "零点一毫升每公斤，二十八点五英镑每人，零点五元每两"),
        ("AC220V/32A，+5℃，环比-3.2", "AC 二百二十伏三十二安，加五摄氏度，环比负三点二"),
        ("2楼-3楼，1F-3F，B1F，-2层，5/1前", "二楼到三楼，一楼到三楼，B一层，负二层，五月一日前"),
        ("营业时间Mon-Fri 9:00-18:00，Sat/Sun 10:00", "营业时间周一到周五九点到十八点，周六、周日十点"),
        ("0.5g*20片/盒，排名2/15，Q1~Q3", "零点五克乘二十片每盒，排名二斜杠十五，Q一到Q三"),
        ("泳池-1F，比例1:20，24/7营业，3/8空闲", "泳池负一楼，比例一比二十，全天候营业，三斜杠八空闲"),
        ("10/1国庆，4/5放假，10/1（周四），截至5/1，2/3多数", "十月一日国庆，四月五日放假，十月一日（周四），截至五月一日，三分之二多数"),
        ("2027新年快乐，2026-11-20T08:00:05Z", "二零二七新年快乐，二零二六年十一月二十日八点零零分零五秒"),
        ("已切换到FM 101.7", "已切换到FM 一百零一点七"),
        ("网址：www.abc.cn，邮箱：info@abc.cn", "网址：w w w 点 abc 点 cn，邮箱：info 艾特 abc 点 cn"),
        ("见https://abc.cn/a?id=12&b=3，谢谢", "见abc 点 cn 斜杠 a 问号 id 等于幺二和 b 等于三，谢谢"),
        ("见abc.cn?对。是吗?a等于b", "见abc 点 cn?对。是吗?a等于b"),
        ("ISO 9001:2015，GB/T 19001-2016标准", "ISO 九零零一，二零一五，GB T 一九零零一杠二零一六标准"),
        ("比赛结果：2-1，比分25:20、23:25", "比赛结果：二比一，比分二十五比二十、二十三比二十五"),
        ("主队112-108胜，胜任10-12岗位", "主队一百一十二比一百零八胜，胜任十到十二岗位"),
        ("时长4:35，成绩2:05:12，倒计时3:00", "时长四分三十五秒，成绩两小时零五分十二秒，倒计时三分钟"),
        ("用时1:23:45，用时2:15", "用时一小时二十三分四十五秒，用时两点十五分"),
        ("单圈1:32.456，百米9秒83，每30秒10次", "单圈一分三十二秒四五六，百米九秒八三，每三十秒十次"),
        ("温度-5，偏差-0.03，高音-2，20度-25度", "温度负五，偏差负零点零三，高音负二，二十度到二十五度"),
        ("白细胞6.8×10⁹/L，含量10^-3，10²", "白细胞六点八乘十的九次方每升，含量十的负三次方，十平方"),
    ],
)
def test_slots_before_general_rules(text, expected):
    assert normalise(text) == expected


@pytest.mark.parametrize(
    "text",
    ["1" * 20_000, "1 " * 10_000, "a1" * 10_000, "1/" * 10_000, "1-" * 10_000, "(" * 20_000, "1:" * 10_000, "A" * 20_000, ".a" * 10_000],
)
def test_long_texts_of_one_kind_come_through(text):
    assert not any(map(str.isdecimal, normalise(text)))


@pytest.mark.parametrize(
    "sentence",
    [
        "请A123号旅客到3号窗口，列车将于14:05发车。",
        "Flight UA231 leaves gate 12 at 14:05, fares from $12.50. ",
        "The 10:30 train, the 11:45 train, the fare of $12.50, ",
        "三号线首班车5:30，末班车23:15，票价4.50元，",
        "温度21.5℃ 湿度40%RH ",
        "车辆1,846件，",
    ],
)
def test_every_sentence_of_a_long_text_is_read_like_the_first(sentence):
    spoken = normalise(sentence, "zh" if "车" in sentence or "度" in sentence else "en")
    n = 3 * MAX_SENTENCE // len(sentence)
    assert normalise(sentence * n).replace(" ", "") == spoken.replace(" ", "") * n


def test_language_is_decided_by_sentence():
    assert normalise("请到3站台。Please go to platform 3.") == "请到三站台。Please go to platform three."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("各位顾客，the store will close at 10 pm，请尽快结账。", "各位顾客，the store will close at ten P M，请尽快结账。"),
        ("请到Gate 12，then take bus 5，谢谢。", "请到Gate 十二，then take bus five，谢谢。"),
        ("全场¥99起，ends at 8 pm。", "全场九十九元起，ends at eight P M。"),
        ("This is line 3, 请在5号站台换乘, and mind the gap.", "This is line three, 请在五号站台换乘, and mind the gap."),
        ("请保持1米距离，Keep 1 m apart, thank you.", "请保持一米距离，Keep one meter apart, thank you."),
        ("新品iPhone 15, iPad 10，售价¥4,999。", "新品iPhone 十五, iPad 十，售价四千九百九十九元。"),
    ],
)
def test_a_clause_in_the_other_language_keeps_its_own_figures(text, expected):
    assert normalise(text) == expected


def test_figures_in_a_chinese_name_stay_chinese():
    assert normalise("Please go to 3号门 by 5 pm.") == "Please go to 三号门 by five P M."


def test_language_can_be_forced():
    assert normalise("3", "en") == "three"
    assert normalise("3", "zh") == "三"
