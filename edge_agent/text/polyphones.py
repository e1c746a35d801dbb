"""Characters that stand alone as a word and whose reading the words around them decide: 为, 只, 得, 地 and others.

A reading inside a longer word is the word list's business (`zh_words`); here is only what no list of words can tell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge_agent.text.zh_words import Word

_REACH: Final = 8
"""Words looked at on either side, so that time stays linear in the length of a phrase."""

_FIGURE: Final = "零一二两三四五六七八九十百千万"
_TITLE: Final = (
    "先生|女士|小姐|太太|夫人|医生|大夫|护士|老师|教授|同学|师傅|经理|总经理|主任|主管|总监|院长|校长|队长|班长|组长|站长|店长|"
    "厂长|局长|处长|科长|工程师|阿姨|叔叔|爷爷|奶奶"
)
_FOR_SOMEBODY: Final = "[您你他她它咱]|我(?!国|司|院|校|市|省|县|店)|大家|各位|广大|每位|每一位|此|何|什么|啥|谁|了|着"
_FOR_SOMETHING: Final = "避免|确保|保证|保障|方便|防止|提高|减少|配合|庆祝|迎接|加强|满足|节约|缩短|改善|维护|更好|进一步|安全起见"
_SERVICE: Final = "提供|让座|让路|准备|预留|带来|送上|奉上|推荐|导航|保驾|加油|鼓掌|解答|安排|开通|讲解|送行|点赞|捐款|祈福|(?:服务|办理)$"
_WILLING: Final = (
    "将|请|正在|正|会|能|愿|专门|专|特|特意|一直|始终|再次|并|及时|免费|优先|主动|热情|全力|竭诚|继续|努力|积极|共同|一起|随时|"
    "先|来|去|是|要"
)
_FRUIT: Final = "果|籽|瓜|豆|葡萄|桃|梨|杏|枣|橘|柿|穗|荚|石榴|辣椒|番茄"
_GROWN: Final = rf"[着了在些下上满好完过]|一?[棵株盆片亩]|[花草树菜粮稻麦棉茶竹地]|{_FRUIT}|苹果|玉米|水稻|小麦|土豆|蔬菜|西红柿|庄稼"
_LOST: Final = "物品|行李|东西|手机|钱包|包|伞|证件|身份证|卡|钥匙|车票|电脑|平板|耳机|眼镜|衣服|外套|帽子|水杯|箱子|孩子"


@dataclass(frozen=True)
class _Context:
    """`reading` holds where `before` matches up to the word and `after` from it on."""

    before: re.Pattern[str]
    after: re.Pattern[str]
    reading: tuple[str, ...]


def _context(reading: str, *, before: str = "", after: str = "") -> _Context:
    return _Context(re.compile(rf"(?:{before})$"), re.compile(after), tuple(reading.split(" ")))


_SURNAMES: Final = {
    "曾": "zeng1", "任": "ren2", "华": "hua4", "查": "zha1", "解": "xie4", "仇": "qiu2", "朴": "piao2", "盖": "ge3", "单": "shan4",
    "应": "ying1", "曲": "qu1", "葛": "ge3", "燕": "yan1", "覃": "qin2", "缪": "miao4", "翟": "zhai2",
}  # fmt: skip

_CONTEXTS: Final[dict[str, tuple[_Context, ...]]] = {
    **{name: (_context(reading, after=_TITLE),) for name, reading in _SURNAMES.items()},
    "区": (_context("ou1", before="^|[请由找叫是和与及给]|旅客|顾客|客户|患者|车主|业主", after=_TITLE),),
    "为": (
        _context("wei2", before="目的|目标|主题|宗旨|任务|原则|重点"),
        _context("wei4", after=f"{_FOR_SOMEBODY}|{_FOR_SOMETHING}|.{{2,12}}(?:{_SERVICE})"),
        _context("wei4", before="将|请|正在", after=f"[{_FIGURE}]+号"),
        _context("wei2", after=f"[{_FIGURE}负每](?!姓)"),
        _context("wei4", before=f"^|{_WILLING}"),
        _context("wei2"),
    ),
    "应为": (_context("ying1 wei4", after=f"{_FOR_SOMEBODY}|.{{2,12}}(?:{_SERVICE})"),),
    "着手": (_context("zhe5 shou3", after="[机表提扶套指里中推]"),),
    "只": (_context("zhi1", before=f"(?<![周期拜])[{_FIGURE}]|[几每这那哪]|[好许很十百千万几]多|[十百千][来余]"), _context("zhi3")),
    "多只": (_context("duo1 zhi3", before="[最大至]"),),
    "数只": (_context("shu4 zhi3", before="[人总次件票个]"),),
    "得": (
        _context("dei3", before="必须|[我你您他她们]|大家", after=rf"[^了到出知分奖票病胜过第满冠金银铜{_FIGURE}]"),
        _context("de2", before="[我你您他她们]|大家"),
    ),
    "行": (_context("hang2", before=f"[{_FIGURE}几每逐]"),),
    "弄": (_context("long4", before=f"[路街道巷村第][{_FIGURE}]+"),),
    "一行": (_context("yi4 xing2", after=f"[{_FIGURE}几数]+[多余]?[人名位]"),),
    "转": (_context("zhuan4", before=f"[{_FIGURE}]", after="$|每|左右|以[上下内]|的|[到至]"),),
    "种": (_context("zhong4", before=f"(?<![{_FIGURE}两几这那各每某哪多此该同何])", after=_GROWN),),
    "结满": (_context("jie2 man3", after="[了着]?.{0,3}[冰霜]"),),
    "结": (_context("jie1", after=f"(?:满|出|着|了|不出)?[^冰霜]{{0,4}}(?:{_FRUIT})"),),
    "涨": (_context("zhang4", before="脸|脸[色颊蛋]|面孔|满面|头", after="$|得|了?[红紫]"),),
    "地": (),  # see _adverb_mark
    "落": (_context("la4", before=_LOST, after="在|下"),),
    "量": (_context("liang2", after="一下|一量|体温|血压|血糖|身高|体重|尺寸|腰围|几次|完"),),
    "还": (_context("huan2", before="请|及时|按时|按期|尽快|尽早|自行"), _context("huan2", before="[把将].*", after="[到至]")),
}  # fmt: skip


def resolve(phrase: Sequence[Word]) -> list[Word]:
    """The words of one phrase (no punctuation inside), each that stands alone read as its neighbours ask."""
    return [_read(phrase, i, word) if word.text in _CONTEXTS else word for i, word in enumerate(phrase)]


def _read(phrase: Sequence[Word], i: int, word: Word) -> Word:
    if word.text == "地":
        return _adverb_mark(phrase, i, word)
    before = _text(phrase[max(0, i - _REACH) : i])
    after = _text(phrase[i + 1 : i + 1 + _REACH])
    for context in _CONTEXTS[word.text]:
        if context.before.search(before) and context.after.match(after):
            return Word(word.text, context.reading)
    return word


def _adverb_mark(phrase: Sequence[Word], i: int, word: Word) -> Word:
    """地 between a word of two characters or more and what is done that way: 热烈地鼓掌; a place that ends in 地 is a listed word."""
    return Word(word.text, ("de5",)) if 0 < i < len(phrase) - 1 and len(phrase[i - 1].text) > 1 else word


def _text(phrase: Sequence[Word]) -> str:
    return "".join(word.text for word in phrase)
