"""Sentences put together by rule: announcements with changing slots, and strings of dictionary words.

Hand-written sentences teach prosody; these fill in what they leave thin: numbers and codes, and words (so syllables,
tones and sounds) that nobody thought of. The teacher reads whatever it is given, and distillation only needs it read.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

ZH_DIGITS = "零一二三四五六七八九"
EN_DIGITS = "zero one two three four five six seven eight nine".split()
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"

ZH_TEMPLATES = (
    "请{code}号顾客到{n}号窗口办理业务。", "各位旅客请注意，开往{place}方向的{train}次列车即将进站，请在{n}站台候车。",
    "前往{place}的旅客请注意，您乘坐的{train}次航班开始登机，登机口{n}号。", "{floor}层到了，开门请当心。",
    "本店今日特价，{goods}每斤{n}元，欢迎选购。", "现在是北京时间{clock}。", "前方{n}百米右转，进入{place}路。",
    "从{place}开来的列车晚点{n}分钟，请您耐心等候。", "您的验证码是{digits}，请在{n}分钟内输入。", "今天最高气温{n}度，最低气温{n2}度。",
    "请{surname}先生听到广播后到服务台，有人找您。", "全场{goods}打{n}折，数量有限，先到先得。", "下一站，{place}站，请从左侧车门下车。",
    "{surname}医生，请马上到{n}号手术室。", "请车主移动您的车辆，车牌号{letter}{digits}。", "{goods}，{goods2}，还有{place}的{goods}。",
)
EN_TEMPLATES = (
    "Now serving ticket {letter} {digits} at window {n}.", "The train to {place} will depart from platform {n} at {clock}.",
    "Flight {letter} {letter2} {digits} to {place} is now boarding at gate {n}.", "Attention shoppers, {goods} are {n} percent off today.",
    "In {n} hundred meters, turn left onto {place} Road.", "Doctor {place}, please call extension {digits}.",
    "Floor {n}. Doors opening.",
    "Your order number {digits} is ready for pickup.", "The temperature is {n} degrees, with a low of {n2}.",
    "Would the owner of the {goods} please come to counter {letter}?", "It is now {clock}.",
    "Please bring the {goods} to {place} by {clock}.",
)
MIXED_TEMPLATES = (
    "请到{place}的{goods_en}柜台领取您的{goods}。", "您的{goods_en}已经送到{n}号门。", "Gate {letter}，前往{place}，现在开始登机。",
    "请打开{goods_en}，扫描{letter}区的二维码。", "{goods_en}今天打{n}折，欢迎选购。", "我把{goods_en}放在{place}了。",
    "下一站，{place}站。The next station is {place_en}.",
    "请{code}号顾客到{letter}{n}窗口。Ticket {letter} {n_en}, please.",
)


class Vocabulary:
    """Words to draw from: our own front end's dictionaries, Mandarin ones by frequency (to the power 0.4, so that rare ones come too).

    Args:
        zh_words: the front end's word list (see :mod:`edge_agent.text.zh_words` for its format).
        en_words: lines of ``word<TAB>phonemes``.
    """

    def __init__(self, zh_words: Path, en_words: Path) -> None:
        self.zh: list[str] = []
        self.zh_weights: list[float] = []
        for line in zh_words.read_text("utf-8").splitlines()[1:]:
            head, *entries = line.split("\t")
            for entry in entries:
                tail, frequency, *_ = entry.split(",")
                if int(frequency) > 20:
                    self.zh.append(head + tail)
                    self.zh_weights.append(int(frequency) ** 0.4)
        names = (line.split("\t")[0] for line in en_words.read_text("utf-8").splitlines() if not line.startswith("#"))
        self.en = [name for name in names if name.isascii() and name.isalpha() and name.islower() and 2 < len(name) < 12]

    def mandarin(self, rng: random.Random, count: int) -> list[str]:
        return rng.choices(self.zh, self.zh_weights, k=count)

    def english(self, rng: random.Random, count: int) -> list[str]:
        return rng.choices(self.en, k=count)


def compose(vocabulary: Vocabulary, count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield ``count`` pairs of (text, language), the same ones for the same seed."""
    rng = random.Random(seed)
    makers = (_zh_template, _zh_words, _en_template, _en_words, _mixed_template, _mixed_words)
    weights = (6, 4, 4, 4, 3, 2)
    for _ in range(count):
        yield rng.choices(makers, weights)[0](vocabulary, rng)


def _zh_number(rng: random.Random) -> str:
    value = rng.choice((rng.randint(1, 12), rng.randint(1, 99)))
    tens, ones = divmod(value, 10)
    head = "" if tens == 0 else "十" if tens == 1 else ZH_DIGITS[tens] + "十"
    return head + (ZH_DIGITS[ones] if ones or not head else "")


def _en_number(rng: random.Random) -> str:
    teens = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
    tens = "twenty thirty forty fifty sixty seventy eighty ninety".split()
    value = rng.choice((rng.randint(1, 12), rng.randint(1, 99)))
    if value < 10:
        return EN_DIGITS[value]
    if value < 20:
        return teens[value - 10]
    return tens[value // 10 - 2] + (" " + EN_DIGITS[value % 10] if value % 10 else "")


def _slots(vocabulary: Vocabulary, rng: random.Random, english: bool) -> dict[str, str]:
    digits = [rng.randint(0, 9) for _ in range(rng.randint(2, 6))]
    zh_digits = "".join("幺" if d == 1 and rng.random() < 0.5 else ZH_DIGITS[d] for d in digits)
    hour, minute = rng.randint(1, 12), rng.randint(0, 59)
    zh_place, zh_goods, zh_goods2 = vocabulary.mandarin(rng, 3)
    en_place, en_goods = (word.capitalize() if i == 0 else word for i, word in enumerate(vocabulary.english(rng, 2)))
    number, number2 = (_en_number if english else _zh_number)(rng), (_en_number if english else _zh_number)(rng)
    return {
        "n": number, "n2": number2, "n_en": _en_number(rng), "letter": rng.choice(LETTERS), "letter2": rng.choice(LETTERS),
        "digits": " ".join(EN_DIGITS[d] for d in digits) if english else zh_digits,
        "code": rng.choice(LETTERS) + zh_digits, "train": rng.choice("GDCKTZ") + zh_digits,
        "floor": rng.choice(("地下", "", "B")) + ZH_DIGITS[rng.randint(1, 9)],
        "clock": f"{_en_number(rng)} {rng.choice(('a m', 'p m', 'o clock'))}" if english
        else f"{'零一二三四五六七八九十'[hour % 11] or '十'}点{'十' if minute < 20 else ''}{ZH_DIGITS[minute % 9 + 1]}分",
        "place": en_place if english else zh_place, "goods": en_goods if english else zh_goods, "goods2": zh_goods2,
        "goods_en": en_goods, "place_en": en_place, "surname": rng.choice("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"),
    }


def _zh_template(vocabulary: Vocabulary, rng: random.Random) -> tuple[str, str]:
    return rng.choice(ZH_TEMPLATES).format(**_slots(vocabulary, rng, english=False)), "zh"


def _en_template(vocabulary: Vocabulary, rng: random.Random) -> tuple[str, str]:
    return rng.choice(EN_TEMPLATES).format(**_slots(vocabulary, rng, english=True)), "en"


def _mixed_template(vocabulary: Vocabulary, rng: random.Random) -> tuple[str, str]:
    return rng.choice(MIXED_TEMPLATES).format(**_slots(vocabulary, rng, english=False)), "mixed"


def _zh_words(vocabulary: Vocabulary, rng: random.Random) -> tuple[str, str]:
    words = vocabulary.mandarin(rng, rng.randint(1, 9))
    if len(words) > 5:
        words.insert(len(words) // 2, rng.choice("，，、"))
    return "".join(words) + rng.choice("。。。！？，"), "zh"


def _en_words(vocabulary: Vocabulary, rng: random.Random) -> tuple[str, str]:
    words = vocabulary.english(rng, rng.randint(1, 8))
    for gap in range(len(words) - 1, 0, -2):
        words.insert(gap, rng.choice(("the", "a", "of the", "and", "to", "is", "in", "with", "for", "was")))
    return " ".join(words).capitalize() + rng.choice("...!?,"), "en"


def _mixed_words(vocabulary: Vocabulary, rng: random.Random) -> tuple[str, str]:
    before, after = vocabulary.mandarin(rng, rng.randint(1, 4)), vocabulary.mandarin(rng, rng.randint(1, 4))
    inside = " ".join(vocabulary.english(rng, rng.randint(1, 2)))
    return "".join(before) + inside + "".join(after) + rng.choice("。！？，"), "mixed"
