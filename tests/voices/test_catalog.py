from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest

from edge_agent.voices import Catalog, UnknownVoice, VoiceInfo
from edge_agent.voices.catalog import Shelved
from tests.doubles.fake_engine import write_voice
from tests.doubles.fake_shelf import FolderShelf


@pytest.fixture
def shelf(tmp_path) -> FolderShelf:
    write_voice(tmp_path / "voices" / "alto", "alto")
    return FolderShelf(tmp_path / "voices")


@pytest.fixture
def catalog(tmp_path, shelf) -> Catalog:
    return Catalog(tmp_path, write_voice(tmp_path / "built-in", "default"), shelf)


def in_store(voice: VoiceInfo, **more: object) -> VoiceInfo:
    return dataclasses.replace(voice, seq=7, **more)


def test_the_built_in_voice_is_the_default_and_installed_ones_have_ids(catalog) -> None:
    assert [voice.id for voice in catalog.voices()] == ["alto", "default"]
    assert catalog.get(None).id == catalog.speaking(None).id == catalog.built_in == "default"
    assert catalog.get("alto").folder.endswith("alto")


def test_the_chosen_voice_is_that_of_requests_that_name_none(catalog, shelf) -> None:
    shelf.chosen = "alto"
    assert catalog.get(None).id == "default", "not before it was adopted"
    catalog.adopt(catalog.look())
    assert catalog.get(None).id == catalog.speaking(None).id == "alto"


def test_an_unknown_voice_names_those_there_are(catalog) -> None:
    with pytest.raises(UnknownVoice, match="alto, default") as error:
        catalog.get("nobody")
    assert (error.value.voice_id, error.value.known) == ("nobody", ("alto", "default"))


def test_without_the_built_in_voice_the_first_installed_one_speaks(tmp_path, shelf) -> None:
    assert Catalog(tmp_path, tmp_path / "missing", shelf).get(None).id == "alto"


def test_without_any_voice_there_is_none(tmp_path) -> None:
    catalog = Catalog(tmp_path, tmp_path / "missing")
    assert catalog.voices() == []
    for ask in (catalog.get, catalog.speaking):
        with pytest.raises(UnknownVoice, match="none"):
            ask(None)


def test_an_ended_voice_is_refused_by_name_and_replaced_where_none_is_named(tmp_path, catalog) -> None:
    clock = SimpleNamespace(now=lambda: 999.0)
    catalog = Catalog(tmp_path, tmp_path / "built-in", clock=clock)
    catalog.adopt(Shelved((in_store(catalog.get("default"), id="anna", digest="a", usable_until=1000.0),), "anna"))
    assert catalog.get("anna").id == catalog.speaking("anna").id == "anna"
    assert catalog.why_not("anna") is None
    clock.now = lambda: 1000.0
    with pytest.raises(UnknownVoice, match="voice anna or its owner's consent has expired"):
        catalog.get("anna")
    assert catalog.speaking("anna").id == catalog.speaking(None).id == "default"
    assert "expired" in catalog.why_not("anna")


def test_a_version_that_failed_is_replaced_until_another_is_installed(catalog) -> None:
    alto = catalog.get("alto")
    catalog.adopt(dataclasses.replace(catalog.shelved, failed={alto.folder: "it cannot be loaded"}))
    assert catalog.speaking("alto").id == "default"
    assert catalog.get("alto") == alto, "recordings of it can still be played"
    assert catalog.why_not("alto") == "it cannot be loaded"
    catalog.adopt(Shelved((dataclasses.replace(alto, digest="new", folder="elsewhere"),)))
    assert catalog.speaking("alto").digest == "new"


def test_a_distrusted_voice_is_refused_by_name_and_replaced_where_none_is_named(catalog) -> None:
    alto = catalog.get("alto")
    later = dataclasses.replace(catalog.shelved, distrusted={alto.folder: "signed by a thief"}, chosen="alto")
    assert (catalog.speaking("alto", later).id, catalog.speaking("alto").id) == ("default", "alto")
    catalog.adopt(later)
    with pytest.raises(UnknownVoice, match="voice alto may not speak any more: signed by a thief"):
        catalog.get("alto")
    assert catalog.speaking("alto").id == "default"
    assert catalog.why_not("alto") == "voice alto may not speak any more: signed by a thief"


@pytest.mark.parametrize("card", ["", "{", "[]", "{}", '{"voice_id": "x", "shape": 3}', '{"voice_id": "x", "languages": null}'])
def test_a_damaged_card_is_no_voice_and_harms_no_other(tmp_path, catalog, card: str, caplog) -> None:
    (tmp_path / "built-in" / "voice.json").write_text(card)
    assert [voice.id for voice in catalog.voices()] == ["alto"]
    assert "voice.json" in caplog.text


def test_a_voice_that_was_loaded_once_is_remembered_when_its_files_are_gone(tmp_path, catalog) -> None:
    known = catalog.get("default")
    catalog.remember(known)
    (tmp_path / "built-in" / "voice.json").unlink()
    again = Catalog(tmp_path, tmp_path / "built-in")
    assert again.get("default") == again.get(None) == known
    assert again.voices() == []


def test_an_installed_voice_is_remembered_only_while_the_store_cannot_be_read(tmp_path, catalog) -> None:
    known = in_store(catalog.get("alto"))
    catalog.remember(known)
    catalog.adopt(Shelved((), None, "active.json cannot be read"))
    assert catalog.get("alto") == known
    catalog.adopt(Shelved())
    with pytest.raises(UnknownVoice):
        catalog.get("alto")


@pytest.mark.parametrize(
    "memory", ["", "[]", "{}", '{"alto": 3}', '{"alto": {"id": "alto"}}', '{"": {"last": 3}}', '{"": []}', '{"": {"last": []}}']
)
def test_a_damaged_memory_remembers_nothing(tmp_path, memory: str) -> None:
    (tmp_path / "voices.json").write_text(memory)
    catalog = Catalog(tmp_path, tmp_path / "missing")
    for voice_id in ("alto", None):
        with pytest.raises(UnknownVoice):
            catalog.get(voice_id)


def test_cards_that_change_come_and_go_are_noticed_and_told_once(tmp_path, catalog, caplog) -> None:
    card = tmp_path / "built-in" / "voice.json"
    before = catalog.get("default").digest
    card.write_text(card.read_text() + " ")
    assert catalog.get("default").digest != before
    card.unlink()
    for _ in range(3):
        assert [voice.id for voice in catalog.voices()] == ["alto"]
    assert caplog.text.count("voice unreadable") == 1
    write_voice(tmp_path / "built-in", "default")
    assert catalog.get("default").digest == before


def test_failing_to_remember_is_logged(tmp_path, catalog, caplog) -> None:
    (tmp_path / "voices.json").mkdir()
    catalog.remember(catalog.get("alto"))
    assert "voice not remembered" in caplog.text
    assert not list(tmp_path.glob(".voices.json*"))
