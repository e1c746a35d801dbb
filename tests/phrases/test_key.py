from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.phrases import NotCacheable, phrase_key


@dataclasses.dataclass(frozen=True)
class Segment:
    text: str = "请到三号窗口"
    lang: str = "zh"
    phonemes: str = "q ing3 d ao4"
    rate: float = 1.0
    gain_db: float = 0.0


VOICING = {
    "voice_id": "lan",
    "pack_digest": "ab" * 32,
    "front_end_version": "1",
    "speed": 1.0,
    "sample_rate": 24_000,
    "engine_schema": 1,
}


def test_key_is_the_same_on_every_device() -> None:
    assert phrase_key(Segment(), **VOICING) == "f878cb7f15c6884ed32f543721280e58e9b8366cbf114a67863ff972f45de97e"


@pytest.mark.parametrize(
    "change",
    [
        {"text": "请到四号窗口"},
        {"lang": "en"},
        {"phonemes": "q ing4 d ao4"},
        {"phonemes": "qing3 d ao4"},
        {"rate": 1.1},
        {"voice_id": "mei"},
        {"pack_digest": "cd" * 32},
        {"front_end_version": "2"},
        {"speed": 0.9},
        {"sample_rate": 22_050},
        {"engine_schema": 2},
        {"engine_schema": "1"},
    ],
    ids=str,
)
def test_every_ingredient_counts(change: dict) -> None:
    of_segment = {name: value for name, value in change.items() if hasattr(Segment, name)}
    of_voicing = {name: value for name, value in change.items() if name in VOICING}
    changed = phrase_key(dataclasses.replace(Segment(), **of_segment), **{**VOICING, **of_voicing})
    assert re.fullmatch("[0-9a-f]{64}", changed)
    assert changed != phrase_key(Segment(), **VOICING)


def test_gain_does_not_count() -> None:
    assert phrase_key(Segment(gain_db=-6.0), **VOICING) == phrase_key(Segment(), **VOICING)


def test_speed_and_rate_count_by_their_product() -> None:
    fast_call = phrase_key(Segment(rate=1.0), **{**VOICING, "speed": 1.2})
    fast_segment = phrase_key(Segment(rate=1.2), **VOICING)
    both = phrase_key(Segment(rate=1.5), **{**VOICING, "speed": 0.8})
    assert fast_call == fast_segment == both


texts = st.text(st.characters(), max_size=8) | st.text('",[]\\ab', max_size=8)
segments = st.builds(
    Segment,
    text=texts,
    lang=st.sampled_from(["zh", "en"]),
    phonemes=texts,
    rate=st.sampled_from([0.5, 1.0, 2.0]),
)
voicings = st.fixed_dictionaries(
    {
        "voice_id": texts,
        "pack_digest": texts,
        "front_end_version": texts,
        "speed": st.sampled_from([0.5, 1.0, 2.0]),
        "sample_rate": st.sampled_from([22_050, 24_000]),
        "engine_schema": st.integers(1, 3) | texts,
    }
)


def ingredients(segment: Segment, voicing: dict) -> tuple:
    rest = {name: value for name, value in voicing.items() if name != "speed"}
    schema = (type(voicing["engine_schema"]), rest.pop("engine_schema"))
    return segment.text, segment.lang, segment.phonemes, segment.rate * voicing["speed"], schema, rest


@given(segments, voicings, segments, voicings)
def test_keys_differ_exactly_when_an_ingredient_does(one: Segment, by: dict, other: Segment, by_other: dict) -> None:
    same = ingredients(one, by) == ingredients(other, by_other)
    assert (phrase_key(one, **by) == phrase_key(other, **by_other)) is same


@given(texts, texts, st.integers(0, 8))
def test_text_cannot_leak_from_one_field_into_the_next(text: str, voice_id: str, cut: int) -> None:
    joined = text + voice_id
    moved = phrase_key(Segment(text=joined[:cut]), **{**VOICING, "voice_id": joined[cut:]})
    key = phrase_key(Segment(text=text), **{**VOICING, "voice_id": voice_id})
    assert (moved == key) is (joined[:cut] == text)


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_speed_is_refused(speed: float) -> None:
    with pytest.raises(NotCacheable, match="not a positive finite number"):
        phrase_key(Segment(), **{**VOICING, "speed": speed})
