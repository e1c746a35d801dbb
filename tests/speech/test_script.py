from __future__ import annotations

import pytest

from edge_agent.speech.script import write_script
from edge_agent.templates import Templates
from edge_agent.text import Chime, NothingSpeakable, Pause, Speech, SsmlError

ONE, TWO = "请到一号窗口。", "请到二号窗口。"


def test_segments_in_order_chime_first() -> None:
    items = write_script(ONE + TWO, "auto", chime="dingdong").items
    assert items[0] == Chime("dingdong")
    assert [item.text for item in items[1:] if isinstance(item, Speech)] == [ONE, TWO]


def test_repetitions_with_gaps_between_them_and_one_chime() -> None:
    script = write_script(ONE, "auto", chime="chime", repeat=3, gap_s=0.5)
    assert [type(item) for item in script.items] == [Chime, Speech, Pause, Speech, Pause, Speech]
    assert {item.seconds for item in script.items if isinstance(item, Pause)} == {0.5}
    assert len(script.speech) == 3


def test_a_template_is_spoken_by_its_parts() -> None:
    templates = Templates.parse(("请{ticket:code}号到{window:number}号窗口",))
    whole = write_script("请A12号到3号窗口", "auto").speech
    parts = write_script("请A12号到3号窗口", "auto", templates=templates).speech
    other = write_script("请B7号到3号窗口", "auto", templates=templates).speech
    assert len(parts) > len(whole) == 1
    assert len(set(parts) & set(other)) == len(parts) - 1, "all but the ticket is the same"


def test_what_fits_no_template_is_spoken_as_it_is() -> None:
    templates = Templates.parse(("请{ticket:code}号到{window:number}号窗口",))
    assert write_script(ONE, "auto", templates=templates) == write_script(ONE, "auto")


def test_ssml_is_no_template() -> None:
    templates = Templates.parse(("{anything}窗口",))
    items = write_script("<speak>请到<break time='300ms'/>一号窗口</speak>", "auto", templates=templates).items
    assert Pause(0.3) in items


@pytest.mark.parametrize(("text", "error"), [("。。。", NothingSpeakable), ("<speak><x/></speak>", SsmlError)])
def test_what_cannot_be_spoken(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        write_script(text, "auto")


COUNTER = Templates.parse(
    ("请{ticket:code}号到{window:number}号窗口", "Ticket {ticket:code} to window {window:number}.", "现在是{time:number}。")
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("请110号到20号窗口", ["请", "一一零", "号到", "二十", "号窗口"]),  # a code by its digits, a number as one
        ("请A123号到3号窗口", ["请", "A一二三", "号到", "三", "号窗口"]),
        ("Ticket A123 to window 12.", ["Ticket", "A one two three", "to window", "twelve."]),  # in the sentence's language
        ("现在是14:05。", ["现在是", "十四点零五分。"]),  # what is no number is read as what it is
    ],
)
def test_a_slots_kind_decides_how_its_value_is_read(text: str, said: list[str]) -> None:
    assert [item.text for item in write_script(text, "auto", templates=COUNTER).speech] == said


def test_a_language_that_was_asked_for_goes_for_the_values_too() -> None:
    assert "one one zero" in [item.text for item in write_script("请110号到20号窗口", "en", templates=COUNTER).speech]
