from __future__ import annotations

import pytest

from distill.evaluate.text_errors import english_errors, mandarin_errors, mixed_errors, syllables, units


@pytest.mark.parametrize(
    ("reference", "heard"),
    [
        ("请到二十三号登机口。", "请到23号登机口"),
        ("请打开手机，已经两点了。", "請打開手機,已經2點了。"),
        ("请一百零八号客户到六号柜台。", "请108号客户到6号柜台"),
        ("请幺零二号顾客到三号窗口", "请102号顾客到3号窗口"),
        ("房间号是三零五", "房间号是305"),
        ("从六点半开始，八点四十五分结束。", "从6:30开始,8:45结束"),
        ("晚上八点五分", "晚上8:05分"),
        ("音量是百分之六十", "音量是60%"),
        ("每袋十四元，两条三十块", "每袋14元,二条30块"),
        ("一共八千六百五十元", "一共8,650元"),
        ("每袋十四元", "每袋¥14"),
        ("体温三十七点五度", "体温37.5度"),
    ],
)
def test_mandarin_is_right_however_its_numbers_are_written(reference, heard):
    assert mandarin_errors(reference, heard)["cer"][0] == 0
    assert mandarin_errors(reference, heard)["pinyin"][0] == 0


@pytest.mark.parametrize(
    ("reference", "heard"),
    [
        ("Please go to gate thirty-two.", "Please go to gate 32."),
        ("Ticket number three hundred and five, please.", "ticket number 305 please"),
        ("Extension four one six.", "Extension 416."),
        ("Room two oh seven.", "Room 207."),
        ("The six forty train to Boston", "The 6.40 train to Boston"),
        ("The six forty train to Boston", "The 6:40 train to Boston"),
        ("Until half past nine o'clock", "until half past 9 o'clock"),
        ("It closes at ten o'clock", "It closes at 10:00"),
        ("It closes at eight oh five", "It closes at 8:05"),
        ("Forty percent off", "40% off"),
        ("The third floor", "The 3rd floor"),
        ("Cars will be charged twenty dollars", "Cars will be charged $20"),
        ("Ticket A forty-seven", "Ticket A47"),
        ("Dr. Brown closes at nine p m", "Doctor Brown closes at 9 p.m."),
    ],
)
def test_english_is_right_however_its_numbers_are_written(reference, heard):
    assert english_errors(reference, heard)["wer"][0] == 0
    assert english_errors(reference, heard)["cer"][0] == 0


def test_a_wrong_number_is_an_error():
    assert english_errors("gate thirty two", "gate 33")["wer"] == (1, 3)
    assert mandarin_errors("请到三号窗口", "请到4号窗口")["pinyin"] == (1, 6)


def test_a_homophone_is_a_character_error_only():
    errors = mandarin_errors("前往虹桥车站", "前往红桥车站")

    assert errors == {"cer": (1, 6), "pinyin": (0, 6), "pinyin_toned": (0, 6)}


def test_a_wrong_tone_is_no_toneless_error():
    errors = mandarin_errors("买东西", "卖东西")

    assert errors["pinyin"] == (0, 3)
    assert errors["pinyin_toned"] == (1, 3)


def test_silence_loses_everything_and_babble_more_than_that():
    assert english_errors("mind the gap", "")["wer"] == (3, 3)
    assert mandarin_errors("请进", "")["cer"] == (2, 2)
    assert english_errors("mind the gap", "no " * 10)["wer"] == (10, 3)


def test_a_hallucinated_code_does_not_explode():
    heard = "0" * 400 + " 12:3456 99:99:99.9.9 1,2,3,4,5,6,7,8,9"

    assert english_errors("mind the gap", heard)["wer"][0] > 100
    assert mixed_errors("请打开Wi-Fi", heard)["pinyin"][0] > 20


def test_units_of_mixed_text_are_characters_and_runs_weighing_their_words():
    assert [(unit.text, unit.weight) for unit in units("请说OK，thank you, bye! 两个")] == [
        ("请", 1), ("说", 1), ("okaythankyoubye", 4), ("二", 1), ("个", 1),
    ]  # fmt: skip


def test_characters_are_read_by_their_words():
    assert [unit.text for unit in syllables("去银行行走", tones=True)] == ["qu4", "yin2", "hang2", "xing2", "zou3"]


@pytest.mark.parametrize("heard", ["请办理check in手续", "请办理Check-in手续", "请办理CheckIn 手续。"])
def test_spaces_and_hyphens_within_english_do_not_count(heard):
    assert mixed_errors("请办理check-in手续", heard)["pinyin"] == (0, 7)


def test_a_nearly_right_english_word_costs_its_wrong_letters():
    assert mixed_errors("一楼Starbucks打折", "一楼Starbuck打折")["pinyin"] == (pytest.approx(1 / 9), 5)


def test_english_heard_as_chinese_costs_its_words_and_what_is_added():
    assert mixed_errors("在Central Park下车", "在央下车")["pinyin"] == (2, 5)
    assert mixed_errors("在Central Park下车", "在中央公园下车")["pinyin"] == (5, 5)
    assert mixed_errors("去Apple店", "去Appalachian Trail店")["pinyin"] == (2, 3)


@pytest.mark.parametrize("heard", ["请在Platform 6等候", "请在platform six等候", "请在Platform6等候"])
def test_numbers_in_mixed_text_may_be_read_in_either_language(heard):
    assert mixed_errors("请在Platform Six等候", heard)["pinyin"] == (0, 6)
    assert mixed_errors("B六号门", "B6号门")["pinyin"] == (0, 4)
