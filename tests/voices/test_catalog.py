from __future__ import annotations

import pytest

from edge_agent.voices import Catalog, UnknownVoice
from tests.doubles.fake_engine import write_voice


@pytest.fixture
def catalog(tmp_path) -> Catalog:
    write_voice(tmp_path / "voices" / "alto", "alto")
    write_voice(tmp_path / "voices" / ".incoming", "half")
    return Catalog(tmp_path, write_voice(tmp_path / "built-in", "default"))


def test_the_built_in_voice_is_the_default_and_installed_ones_have_ids(catalog) -> None:
    assert [voice.id for voice in catalog.voices()] == ["alto", "default"]
    assert catalog.get(None).id == "default"
    assert catalog.get("alto").folder.endswith("alto")


def test_an_unknown_voice_names_those_there_are(catalog) -> None:
    with pytest.raises(UnknownVoice, match="alto, default") as error:
        catalog.get("nobody")
    assert (error.value.voice_id, error.value.known) == ("nobody", ("alto", "default"))


def test_without_the_built_in_voice_the_first_installed_one_speaks(tmp_path) -> None:
    write_voice(tmp_path / "voices" / "alto", "alto")
    assert Catalog(tmp_path, tmp_path / "missing").get(None).id == "alto"


def test_without_any_voice_there_is_none(tmp_path) -> None:
    catalog = Catalog(tmp_path, tmp_path / "missing")
    assert catalog.voices() == []
    with pytest.raises(UnknownVoice, match="none"):
        catalog.get(None)


@pytest.mark.parametrize("card", ["", "{", "[]", "{}", '{"voice_id": "x", "shape": 3}', '{"voice_id": "x", "languages": null}'])
def test_a_damaged_card_is_no_voice_and_harms_no_other(tmp_path, catalog, card: str, caplog) -> None:
    (tmp_path / "voices" / "alto" / "voice.json").write_text(card)
    assert [voice.id for voice in catalog.voices()] == ["default"]
    assert "alto" in caplog.text


def test_a_voice_that_was_loaded_once_is_remembered_when_its_files_are_gone(tmp_path, catalog) -> None:
    known = catalog.get("alto")
    catalog.remember(known)
    (tmp_path / "voices" / "alto" / "voice.json").unlink()
    again = Catalog(tmp_path, tmp_path / "built-in")
    assert again.get("alto") == known
    assert [voice.id for voice in again.voices()] == ["default"]


def test_with_every_file_gone_the_last_one_loaded_is_the_default(tmp_path, catalog) -> None:
    catalog.remember(catalog.get("default"))
    catalog.remember(catalog.get("alto"))
    (tmp_path / "voices" / "alto" / "voice.json").unlink()
    (tmp_path / "built-in" / "voice.json").unlink()
    assert Catalog(tmp_path, tmp_path / "built-in").get(None).id == "alto"


@pytest.mark.parametrize(
    "memory", ["", "[]", "{}", '{"alto": 3}', '{"alto": {"id": "alto"}}', '{"": {"last": 3}}', '{"": []}', '{"": {"last": []}}']
)
def test_a_damaged_memory_remembers_nothing(tmp_path, catalog, memory: str) -> None:
    (tmp_path / "voices.json").write_text(memory)
    (tmp_path / "voices" / "alto" / "voice.json").unlink()
    (tmp_path / "built-in" / "voice.json").unlink()
    for voice_id in ("alto", None):
        with pytest.raises(UnknownVoice):
            catalog.get(voice_id)


def test_cards_that_change_come_and_go_are_noticed_and_told_once(tmp_path, catalog, caplog) -> None:
    card = tmp_path / "voices" / "alto" / "voice.json"
    before = catalog.get("alto").digest
    card.write_text(card.read_text() + " ")
    assert catalog.get("alto").digest != before
    card.unlink()
    for _ in range(3):
        assert [voice.id for voice in catalog.voices()] == ["default"]
    assert caplog.text.count("voice unreadable") == 1
    write_voice(tmp_path / "voices" / "alto", "alto")
    assert catalog.get("alto").digest == before


def test_failing_to_remember_is_logged(tmp_path, catalog, caplog) -> None:
    (tmp_path / "voices.json").mkdir()
    catalog.remember(catalog.get("alto"))
    assert "voice not remembered" in caplog.text
    assert not list(tmp_path.glob("*.tmp"))
    assert not list(tmp_path.glob(".voices.json*"))
