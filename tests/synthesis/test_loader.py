"""The card decides which engine speaks."""

from __future__ import annotations

import hashlib
import json

import pytest

from edge_agent.synthesis import Runtime, SynthesisError, load_engine
from edge_agent.synthesis.mobilesovits import MobileSoVITSEngine
from edge_agent.synthesis.voice_json import VoiceError


def test_the_voice_is_loaded(made_voice):
    engine = load_engine(made_voice, Runtime("cpu", 1))
    assert isinstance(engine, MobileSoVITSEngine)
    assert (engine.voice_id, engine.sample_rate, engine.provider) == ("chance", 24_000, "CPUExecutionProvider")
    assert engine.pack_digest == hashlib.sha256((made_voice / "voice.json").read_bytes()).hexdigest()


def test_an_engine_this_program_has_not(voice):
    card = json.loads((voice / "voice.json").read_text())
    (voice / "voice.json").write_text(json.dumps({**card, "engine": "steam"}))
    with pytest.raises(VoiceError, match="'steam'; this program has"):
        load_engine(voice, Runtime("cpu", 1))


def test_a_graph_that_is_none_but_has_the_right_digest(voice):
    card = json.loads((voice / "voice.json").read_text())
    (voice / "text.cpu.onnx").write_bytes(b"no graph")
    card["sha256"]["text.cpu.onnx"] = hashlib.sha256(b"no graph").hexdigest()
    (voice / "voice.json").write_text(json.dumps(card))
    with pytest.raises(SynthesisError, match=r"text\.cpu\.onnx cannot be loaded"):
        load_engine(voice, Runtime("cpu", 1))


def test_a_shape_that_is_not_the_graphs(voice, segment):
    card = json.loads((voice / "voice.json").read_text())
    card["shape"] |= {"hop": 200}
    (voice / "voice.json").write_text(json.dumps(card))
    engine = load_engine(voice, Runtime("cpu", 1))
    with pytest.raises(SynthesisError, match="inference failed"):
        list(engine.synthesize(segment))
