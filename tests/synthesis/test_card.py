"""A voice folder is whole and meant for this program, or it is refused with the reason."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from edge_agent.synthesis import Runtime, load_engine
from edge_agent.synthesis.mobilesovits.card import VoiceCard
from edge_agent.synthesis.voice_json import VoiceError
from edge_agent.text import FRONT_END_VERSION
from tests.rigs.student import CONTEXT_FRAMES


def change(voice: Path, **values: object) -> Path:
    card = json.loads((voice / "voice.json").read_text())
    card.update(values)
    (voice / "voice.json").write_text(json.dumps(card))
    return voice


def shape(voice: Path, **values: object) -> Path:
    return change(voice, shape={**json.loads((voice / "voice.json").read_text())["shape"], **values})


class TestWhole:
    def test_facts(self, made_voice):
        card = VoiceCard.load(made_voice)
        assert (card.voice_id, card.display_name, card.languages) == ("chance", "Chance", ("zh", "en"))
        assert (card.sample_rate, card.hop, card.head_fft, card.head_hop, card.context_frames) == (24_000, 300, 400, 100, CONTEXT_FRAMES)
        assert -60 < card.loudness_lufs < 0
        assert card.front_end_version == FRONT_END_VERSION

    def test_every_file_is_covered(self, made_voice):
        card = VoiceCard.load(made_voice)
        assert set(card.sha256) == {file.name for file in made_voice.iterdir()} - {"voice.json"}

    def test_digest_names_this_very_pack(self, voice):
        before = VoiceCard.load(voice).digest
        assert VoiceCard.load(change(voice, display_name="Other")).digest != before

    def test_variant_by_provider(self, made_voice):
        card = VoiceCard.load(made_voice)
        card.graphs["gpu"] = card.graphs["cpu"]
        assert card.variant_for("CUDAExecutionProvider") == "gpu"
        assert card.variant_for("TensorrtExecutionProvider") == "cpu"
        assert card.variant_for("CPUExecutionProvider") == "cpu"


class TestDamaged:
    @pytest.mark.parametrize("file", ["weights.bin", "text.cpu.onnx", "decoder.cpu.onnx"])
    def test_a_flipped_bit(self, voice, file):
        data = bytearray((voice / file).read_bytes())
        data[len(data) // 2] ^= 1
        (voice / file).write_bytes(data)
        with pytest.raises(VoiceError, match=f"{file} is not the file the voice was made with"):
            VoiceCard.load(voice)

    @pytest.mark.parametrize("file", ["weights.bin", "prosody.cpu.onnx", "voice.json"])
    def test_missing(self, voice, file):
        (voice / file).unlink()
        with pytest.raises(VoiceError, match=f"{file} cannot be read"):
            VoiceCard.load(voice)

    def test_a_card_cut_off(self, voice):
        card = (voice / "voice.json").read_bytes()
        (voice / "voice.json").write_bytes(card[: len(card) // 2])
        with pytest.raises(VoiceError, match="cannot be read"):
            VoiceCard.load(voice)

    def test_no_folder(self, tmp_path):
        with pytest.raises(VoiceError, match="install the voice again"):
            VoiceCard.load(tmp_path / "nowhere")


class TestForAnother:
    @pytest.mark.parametrize("values", [{"schema": 2}, {"engine": "other"}, {"schema": None}])
    def test_program(self, voice, values):
        with pytest.raises(VoiceError, match="this engine reads mobilesovits schema 1"):
            VoiceCard.load(change(voice, **values))

    def test_phoneme_table(self, voice):
        with pytest.raises(VoiceError, match="phoneme table"):
            VoiceCard.load(change(voice, symbols_sha256="0" * 64))

    def test_front_end_is_told_once_and_the_voice_speaks(self, voice, caplog):
        with caplog.at_level(logging.WARNING):
            VoiceCard.load(change(voice, front_end_version="999-abc"))
        assert [record.getMessage() for record in caplog.records] == [
            f"voice made for another front end voice=chance made_for=999-abc here={FRONT_END_VERSION}"
        ]

    def test_lexicon_of_the_same_front_end_is_no_matter(self, voice, caplog):
        with caplog.at_level(logging.WARNING):
            VoiceCard.load(change(voice, front_end_version=f"{FRONT_END_VERSION.partition('-')[0]}-000000000000"))
        assert not caplog.records


class TestHostile:
    @pytest.mark.parametrize("card", [b"", b"[]", b"null", b'"text"', b"{", b"\xff\xfe", b"[" * 100_000, b"1" * 10_000])
    def test_not_a_card(self, voice, card):
        (voice / "voice.json").write_bytes(card)
        with pytest.raises(VoiceError):
            VoiceCard.load(voice)
        with pytest.raises(VoiceError):
            load_engine(voice, Runtime("cpu", 1))

    @pytest.mark.parametrize(
        "values",
        [
            {"voice_id": ""},
            {"voice_id": 5},
            {"display_name": None},
            {"languages": None},
            {"shape": None},
            {"shape": []},
            {"loudness_lufs": "loud"},
            {"loudness_lufs": float("nan")},
            {"front_end_version": []},
            {"graphs": []},
            {"graphs": {}},
            {"graphs": {"cpu": None}},
            {"graphs": {"cpu": {}}},
            {"graphs": {"cpu": {"text": ["x"], "prosody": {}, "decoder": 1}}},
            {"sha256": None},
            {"sha256": {}},
            {"golden": None},
            {"golden": {}},
            {"engine": ["mobilesovits"]},
            {"engine": {}},
        ],
        ids=repr,
    )
    def test_garbled_values(self, voice, values):
        with pytest.raises(VoiceError):
            load_engine(change(voice, **values), Runtime("cpu", 1))

    @pytest.mark.parametrize(
        "values",
        [
            {"sample_rate": 10**12},
            {"sample_rate": float("inf")},
            {"hop": 0},
            {"hop": 301},
            {"hop": -300},
            {"head_hop": 0},
            {"head_fft": 2**40},
            {"context_frames": 10**9},
            {"context_frames": -1},
        ],
        ids=repr,
    )
    def test_sizes_that_would_ask_for_memory_or_divide_by_zero(self, voice, values):
        with pytest.raises(VoiceError):
            VoiceCard.load(shape(voice, **values))

    @pytest.mark.parametrize("name", ["../weights.bin", "/etc/passwd", "a/b", "..", ".hidden", "a\\b", "nul\0byte"])
    def test_files_elsewhere(self, voice, name):
        digests = json.loads((voice / "voice.json").read_text())["sha256"]
        with pytest.raises(VoiceError):
            VoiceCard.load(change(voice, sha256={**digests, name: "0" * 64}))

    def test_graph_that_no_digest_covers(self, voice):
        graphs = json.loads((voice / "voice.json").read_text())["graphs"]
        graphs["cpu"]["text"] = "unknown.onnx"
        with pytest.raises(VoiceError, match="no digest of it, for text of cpu"):
            VoiceCard.load(change(voice, graphs=graphs))
