import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.text import Chime, Pause, Speech, SsmlError, TextError, plan
from edge_agent.text.ssml import ATTRIBUTES, MAX_CHARACTERS, MAX_DEPTH


def only(text: str) -> Speech:
    (item,) = plan(text).items
    assert isinstance(item, Speech)
    return item


def test_elements_are_a_decision():
    assert set(ATTRIBUTES) == {"speak", "p", "s", "lang", "break", "prosody", "say-as", "sub", "phoneme", "audio"}


def test_text_is_normalised_as_without_markup():
    assert only("<speak>请到3号窗口。</speak>") == only("请到3号窗口。")


@pytest.mark.parametrize(
    ("attributes", "seconds"),
    [("", 0.4), ('strength="strong"', 0.8), ('time="250ms"', 0.25), ('time="1.5s"', 1.5), ('time="2s" strength="weak"', 2.0)],
)
def test_break(attributes, seconds):
    assert plan(f"<speak>你好<break {attributes}/>再见</speak>").items[1] == Pause(seconds)


def test_break_of_nothing_and_at_the_edges_is_no_item():
    assert [type(item) for item in plan('<speak><break/>你好<break strength="none"/>再见<break/></speak>').items] == [Speech, Speech]


def test_pauses_in_a_row_are_the_longest_of_them():
    assert [item.seconds for item in plan("<speak><p><s>你好</s></p><p>再见</p></speak>").items if isinstance(item, Pause)] == [0.5]


@pytest.mark.parametrize(
    ("attributes", "rate", "gain_db"),
    [('rate="80%"', 0.8, 0.0), ('rate="1.5"', 1.5, 0.0), ('rate="+20%"', 1.2, 0.0), ('rate="-20%"', 0.8, 0.0), ('rate="slow"', 0.8, 0.0),
     ('volume="-6dB"', 1.0, -6.0), ('volume="loud" rate="fast"', 1.25, 3.0)],
)  # fmt: skip
def test_prosody(attributes, rate, gain_db):
    speech = only(f"<speak><prosody {attributes}>你好</prosody></speak>")
    assert (speech.rate, speech.gain_db) == (pytest.approx(rate), gain_db)


def test_nested_prosody_multiplies_within_limits():
    inner = only('<speak><prosody rate="60%" volume="-30dB"><prosody rate="60%" volume="-30dB">你好</prosody></prosody></speak>')
    assert (inner.rate, inner.gain_db) == (0.5, -40.0)


def test_prosody_ends_with_its_element():
    assert [item.rate for item in plan('<speak>一<prosody rate="2">二</prosody>三</speak>').items] == [1.0, 2.0, 1.0]


def test_sub_is_read_in_its_place():
    assert only('<speak>请到<sub alias="3号窗口">W3</sub>。</speak>').text == "请到三号窗口。"


def test_phoneme():
    speech = only('<speak>开往<phoneme alphabet="x-pinyin" ph="lu4 an1">六安</phoneme>的列车</speak>')
    assert "lu↘a→n" in speech.phonemes and "ljou" not in speech.phonemes
    assert only('<speak><phoneme ph="təmˈATO">tomato</phoneme></speak>').phonemes == "təmˈATO"


def test_given_phonemes_have_their_own_cache_key():
    first, second = (only(f'<speak><phoneme alphabet="x-pinyin" ph="{ph}">行</phoneme></speak>') for ph in ("hang2", "xing2"))
    assert first.text != second.text


def test_braces_of_a_sender_are_no_phonemes():
    assert "{" not in only("{hello} 你好").text


def test_lang():
    assert only('<speak xml:lang="en-US">3</speak>').text == "three"
    assert only('<speak>门<lang xml:lang="en">3</lang></speak>').text == "门 three"


def test_chime():
    assert plan('<speak><audio src="chime:ding-dong"/></speak>').items == (Chime("ding-dong"),)


def test_the_five_entities_and_comments():
    assert only("<speak>A &amp; B<!-- x --> &#65;</speak>").text == "A and B A"


@pytest.mark.parametrize(
    ("markup", "line", "column", "message"),
    [
        ("<speak>hello <b>x</b></speak>", 1, 14, "unknown element <b>; allowed: speak, p, s,"),
        ("<speak>\n  <break times='1s'/></speak>", 2, 3, "unknown attribute times of <break>; allowed: strength, time"),
        ("<speak><break time='1h'/></speak>", 1, 8, "time='1h'; allowed: 0ms to 10s"),
        ("<speak><break time='11s'/></speak>", 1, 8, "allowed: 0ms to 10s"),
        ("<speak><break strength='huge'/></speak>", 1, 8, "allowed: none, x-weak"),
        ("<speak><prosody rate='5'>x</prosody></speak>", 1, 8, "allowed: 50% to 200%"),
        ("<speak><prosody pitch='+2st'>x</prosody></speak>", 1, 8, "unknown attribute pitch of <prosody>; allowed: rate, volume"),
        ("<speak><prosody volume='+60dB'>x</prosody></speak>", 1, 8, "allowed: -40dB to"),
        ("<speak><say-as interpret-as='poem'>x</say-as></speak>", 1, 8, "interpret-as='poem'; allowed: characters,"),
        ("<speak><say-as>x</say-as></speak>", 1, 8, "<say-as> needs the attribute interpret-as"),
        ("<speak>你好<say-as interpret-as='date'>soon 12x</say-as></speak>", 1, 10, "'soon 12x' is not a date"),
        ("<speak><say-as interpret-as='cardinal'><s>1</s></say-as></speak>", 1, 40, "<say-as> cannot hold <s>"),
        ("<speak><phoneme ph='g'>x</phoneme></speak>", 1, 8, "'g' is not in the phoneme table"),
        ("<speak><phoneme alphabet='x-pinyin' ph='hang9'>x</phoneme></speak>", 1, 8, "'hang9' is not a pinyin syllable"),
        ("<speak><phoneme alphabet='sampa' ph='x'>x</phoneme></speak>", 1, 8, "allowed: ipa, x-pinyin"),
        ("<speak><lang xml:lang='fr'>x</lang></speak>", 1, 8, "allowed: zh, en"),
        ("<speak><audio src='file:///etc/passwd'/></speak>", 1, 8, "allowed: chime:NAME"),
        ("<speak><break>x</break></speak>", 1, 8, "<break> must be empty"),
        ("<speak><speak>x</speak></speak>", 1, 8, "<speak> must be the outermost element"),
        ("<speak>x", 1, 9, "not well formed: no element found"),
        ("<speak>a & b</speak>", 1, 11, "not well formed"),
        ("<speak>&nbsp;</speak>", 1, 8, "undefined entity; only &amp;"),
        ("<speak>x</speak><speak>y</speak>", 1, 17, "junk after document element"),
        ("<!DOCTYPE speak [<!ENTITY a 'b'>]><speak>&a;</speak>", 1, 17, "a document type is not allowed"),
        ("<speak>\ud800</speak>", 1, 1, "lone surrogate"),
    ],
)
def test_errors_say_where_and_what_is_allowed(markup, line, column, message):
    with pytest.raises(SsmlError) as caught:
        plan(markup)
    assert message in str(caught.value)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_position_counts_characters():
    with pytest.raises(SsmlError) as caught:
        plan("<speak>你好<b/></speak>")
    assert caught.value.position == 9


def test_depth_and_size_are_limited():
    with pytest.raises(SsmlError, match=f"deeper than {MAX_DEPTH}"):
        plan("<speak>" + "<s>" * 100 + "x" + "</s>" * 100 + "</speak>")
    with pytest.raises(SsmlError, match=f"at most {MAX_CHARACTERS}"):
        plan("<speak>" + "你好。" * MAX_CHARACTERS + "</speak>")


_TAGS = (
    "<s>|</s>|<p>|</p>|<break/>|<break time='1s'/>|<prosody rate='2'>|</prosody>|<say-as interpret-as='date'>|</say-as>|"
    "<sub alias='x'>|</sub>|<phoneme ph='a'>|</phoneme>|<audio src='chime:a'/>|<x>"
)
_OTHER = "&amp;|&lt;|&|<|>|'|]]>|<![CDATA[|<!-- -->|<?a?>|12|你好|hello|\x00|\ud800"
_MARKUP = st.lists(st.sampled_from(f"{_TAGS}|{_OTHER}".split("|")), max_size=10).map("".join)


@settings(max_examples=300, deadline=None)
@given(_MARKUP)
def test_any_markup_is_a_plan_or_an_error_of_ours(markup):
    with contextlib.suppress(TextError):
        plan(f"<speak>{markup}</speak>")
