from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.voices import VoiceInfo
from edge_agent.voices.card import read_card
from edge_agent.voices.memory import VoiceMemory
from tests.doubles.fake_engine import write_voice


def voice(folder: Path, voice_id: str) -> VoiceInfo:
    return read_card(write_voice(folder / voice_id, voice_id))


def test_what_is_kept_is_recalled_by_its_name_or_as_the_last(tmp_path) -> None:
    memory, alto, bass = VoiceMemory(tmp_path / "state"), voice(tmp_path, "alto"), voice(tmp_path, "bass")
    assert memory.recall("alto") is memory.recall(None) is None
    memory.keep(alto)
    memory.keep(bass)
    again = VoiceMemory(tmp_path / "state")
    assert (again.recall("alto"), again.recall("bass"), again.recall(None)) == (alto, bass, bass)


def test_what_is_forgotten_is_gone_and_the_rest_is_not(tmp_path) -> None:
    memory, alto = VoiceMemory(tmp_path), voice(tmp_path, "alto")
    assert not memory.forget("alto"), "there is nothing yet"
    memory.keep(alto)
    memory.keep(voice(tmp_path, "bass"))
    assert memory.forget("bass")
    assert (memory.recall("alto"), memory.recall("bass"), memory.recall(None)) == (alto, None, None)
    assert "bass" not in (tmp_path / "voices.json").read_text()
    assert not memory.forget("bass")


@pytest.mark.parametrize("content", ["", "[]", "bass", '{"version": 2, "bass": {}}', "[" * 100_000])
def test_what_makes_no_sense_may_hold_what_is_to_be_forgotten(tmp_path, content: str) -> None:
    (tmp_path / "voices.json").write_text(content)
    memory = VoiceMemory(tmp_path)
    assert memory.recall("bass") is None
    memory.forget("bass")
    assert not (tmp_path / "voices.json").exists()


def test_a_file_that_cannot_be_removed_is_no_success(tmp_path) -> None:
    (tmp_path / "voices.json").mkdir()
    with pytest.raises(OSError):
        VoiceMemory(tmp_path).forget("bass")
