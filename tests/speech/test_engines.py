from __future__ import annotations

import pytest

from edge_agent.speech import Engines
from edge_agent.speech.engines import RETRY_S
from edge_agent.synthesis import SynthesisError
from edge_agent.voices import Catalog
from tests.doubles.fake_engine import CUDA, FakeLoader, write_voice

CPU = "CPUExecutionProvider"


@pytest.fixture
def catalog(tmp_path) -> Catalog:
    write_voice(tmp_path / "voices" / "alto", "alto")
    return Catalog(tmp_path, write_voice(tmp_path / "hum"))


def test_a_voice_is_loaded_once_and_another_replaces_it(catalog) -> None:
    loader, told = FakeLoader(), []
    engines = Engines("auto", 1, lambda voice, engine, why: told.append((voice.id, engine is not None, why)), loader)
    hum = engines.get(catalog.get("hum"))
    assert engines.get(catalog.get("hum")) is hum
    assert engines.get(catalog.get("alto")).voice_id == "alto"
    assert told == [("hum", True, None), ("alto", True, None)]
    assert hum.provider == CPU, "whoever still speaks with it may"


def test_a_voice_that_cannot_be_loaded_is_left_alone_for_a_while(catalog, monkeypatch) -> None:
    now = [0.0]
    monkeypatch.setattr("edge_agent.speech.engines.time.monotonic", lambda: now[0])
    loader, told = FakeLoader(), []
    loader.broken = SynthesisError("no graph")
    engines = Engines("auto", 1, lambda *change: told.append(change[2]), loader)
    for _ in range(3):
        with pytest.raises(SynthesisError, match="voice hum cannot be loaded: no graph"):
            engines.get(catalog.get("hum"))
    assert told == ["voice hum cannot be loaded: no graph"]
    loader.broken = None
    now[0] = RETRY_S + 1
    assert engines.get(catalog.get("hum")).voice_id == "hum"


def test_another_voice_may_be_loaded_meanwhile(catalog) -> None:
    loader = FakeLoader()
    loader.broken = SynthesisError("no graph")
    engines = Engines("auto", 1, load=loader)
    with pytest.raises(SynthesisError):
        engines.get(catalog.get("hum"))
    loader.broken = None
    assert engines.get(catalog.get("alto")).voice_id == "alto"


def test_falling_back_lasts(catalog) -> None:
    loader = FakeLoader(CUDA)
    engines = Engines("auto", 1, load=loader)
    assert engines.get(catalog.get("hum")).provider == CUDA
    assert engines.fall_back(catalog.get("hum"), SynthesisError("lost")).provider == CPU
    assert engines.get(catalog.get("alto")).provider == CPU


def test_there_is_nothing_below_the_processor(catalog) -> None:
    engines = Engines("auto", 1, load=FakeLoader())
    engines.get(catalog.get("hum"))
    with pytest.raises(SynthesisError, match="voice hum fails on the processor: silence"):
        engines.fall_back(catalog.get("hum"), SynthesisError("silence", retryable=True))


def test_close_closes_what_is_loaded_and_may_be_repeated(catalog) -> None:
    loader = FakeLoader()
    engines = Engines("auto", 1, load=loader)
    engines.get(catalog.get("hum"))
    engines.close()
    engines.close()
    assert loader.loaded[0].provider == "closed"
