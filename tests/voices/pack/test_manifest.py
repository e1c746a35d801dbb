from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

import edge_agent.voices.pack.manifest as module
from edge_agent.voices.pack import Manifest, PackError
from tests.voices.pack.hostile import CORPUS
from tests.voices.pack.maker import Maker, canonical

SCHEMA = json.loads((Path(module.__file__).parent / "manifest.schema.json").read_bytes())


@pytest.fixture(scope="module")
def content() -> bytes:
    return canonical(Maker().manifest())


def test_is_read_and_written_as_the_same_bytes(content: bytes) -> None:
    manifest = Manifest.from_bytes(content)
    assert manifest.to_bytes() == content == rfc8785.dumps(json.loads(content))
    assert (manifest.display_name, manifest.chimes) == ("安娜", {"gate": "chimes/gate.wav"})


def test_the_schema_says_what_the_reader_does(content: bytes) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.validate(json.loads(content))
    assert set(SCHEMA["required"]) == {"format", *(field.name for field in dataclasses.fields(Manifest))}
    values = json.loads(content)
    for name in SCHEMA["required"]:
        without = {key: value for key, value in values.items() if key != name}
        assert not validator.is_valid(without)
        with pytest.raises(PackError):
            Manifest.from_bytes(canonical(without))


# What a schema cannot say: relations between fields, and one spelling.
RELATIONS = {
    "chime_that_is_not_in_the_pack": {"chimes": {"gate": "gate.wav"}},
    "a_day_that_never_was": {"created": "2026-02-30T00:00:00Z"},
    "end_before_the_beginning": {"expires": "2026-11-20T07:59:59Z"},
    "control_characters": {"licence": "a\tb"},
    "space_around": {"licence": " a"},
}
FAULTS: dict[str, dict[str, Any]] = {
    "seq of zero": {"seq": 0}, "seq too large": {"seq": 2**53}, "seq true": {"seq": True}, "seq text": {"seq": "1"},
    "id of a path": {"id": "../a"}, "id hidden": {"id": ".a"}, "id empty": {"id": ""}, "no language": {"languages": []},
    "language twice": {"languages": ["zh", "zh"]}, "rate too low": {"sample_rate": 7999}, "rate too high": {"sample_rate": 96001},
    "digest in capitals": {"symbols_sha256": "A" * 64}, "no golden": {"golden": {}}, "golden row empty": {
        "golden": {"phonemes": "a", "n_samples": 9, "levels_db": [[]]}}, "phrase twice": {"phrases": ["a", "a"]},
    "phrase too long": {"phrases": ["a" * 2001]}, "template too long": {"templates": ["a" * 501]}, "chime in capitals": {
        "chimes": {"Gate": "chimes/gate.wav"}}, "rollout over 100": {"rollout_percent": 101}, "no files": {"files": []},
    "time with an offset": {"created": "2026-11-20T08:00:00+00:00"}, "beginning missing": {"valid_from": None},
    "engine of a path": {"engine": "../engine"}, "engine version": {"engine_min": "1.0rc1"}, "version": {"version": "v1"},
}  # fmt: skip


@pytest.mark.parametrize("changes", FAULTS.values(), ids=FAULTS)
def test_reader_and_schema_refuse_the_same(content: bytes, changes: dict[str, Any]) -> None:
    values = {**json.loads(content), **changes}
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(values)
    with pytest.raises(PackError):
        Manifest.from_bytes(canonical(values))


@pytest.mark.parametrize("changes", RELATIONS.values(), ids=RELATIONS)
def test_the_reader_knows_more_than_a_schema_can_say(content: bytes, changes: dict[str, Any]) -> None:
    with pytest.raises(PackError, match=next(iter(changes))):
        Manifest.from_bytes(canonical({**json.loads(content), **changes}))


def test_a_refusal_names_the_field(content: bytes) -> None:
    for name in ("seq", "languages", "golden", "rollout_percent", "expires", "engine_min"):
        with pytest.raises(PackError, match=name):
            Manifest.from_bytes(canonical({**json.loads(content), name: {"x": 1}}))


def test_the_corpus_has_what_only_bytes_can_say() -> None:
    assert sum(name.startswith("manifest_") for name in CORPUS) >= 12


class TestRollout:
    @pytest.fixture
    def manifest(self, content: bytes) -> Manifest:
        return Manifest.from_bytes(content)

    def reached(self, manifest: Manifest, percent: int, seq: int = 7) -> set[int]:
        manifest = dataclasses.replace(manifest, rollout_percent=percent, seq=seq)
        return {number for number in range(2000) if manifest.reaches(f"device-{number}")}

    def test_nobody_everybody_and_about_as_many_as_asked(self, manifest: Manifest) -> None:
        assert self.reached(manifest, 0) == set()
        assert len(self.reached(manifest, 100)) == 2000
        assert 400 < len(self.reached(manifest, 25)) < 600

    def test_who_was_reached_stays_so(self, manifest: Manifest) -> None:
        stages = [self.reached(manifest, percent) for percent in (1, 5, 25, 60, 99, 100)]
        assert all(earlier <= later for earlier, later in itertools.pairwise(stages))

    def test_others_come_first_the_next_time(self, manifest: Manifest) -> None:
        assert len(self.reached(manifest, 10) & self.reached(manifest, 10, seq=8)) < 60

    def test_is_what_the_documentation_says(self, manifest: Manifest) -> None:
        digest = hashlib.sha256(b"anna/7/c7e6-920a-0e70-59b9").digest()
        bucket = int.from_bytes(digest[:8], "big") * 100 // 2**64
        for percent in range(101):
            assert dataclasses.replace(manifest, rollout_percent=percent).reaches("c7e6-920a-0e70-59b9") == (bucket < percent)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


@given(field=st.sampled_from(SCHEMA["required"]), value=json_values)
def test_whatever_a_field_holds_the_answer_is_a_manifest_or_a_refusal(content: bytes, field: str, value: Any) -> None:
    values = {**json.loads(content), field: value}
    given_bytes = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "surrogatepass")
    try:
        manifest = Manifest.from_bytes(given_bytes)
    except PackError:
        return
    assert manifest.to_bytes() == given_bytes
    assert jsonschema.Draft202012Validator(SCHEMA).is_valid(values)
