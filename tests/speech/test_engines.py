from __future__ import annotations

import hashlib
import json
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge_agent.speech import Engines
from edge_agent.speech.engines import RETRY_S
from edge_agent.synthesis import SynthesisError
from edge_agent.synthesis.providers import BY_NAME, Candidate, Choice, Chooser, Stopped, Trial
from edge_agent.voices import Catalog, VoiceInfo
from tests.doubles.fake_engine import CUDA, FakeEngine, FakeLoader, write_voice

CPU = "CPUExecutionProvider"


class TwoVoices:
    """``hum`` and ``alto``, each the voice that ships with a program of its own."""

    def __init__(self, folder: Path) -> None:
        self._catalogs = {name: Catalog(folder / "state" / name, write_voice(folder / name, name)) for name in ("hum", "alto")}

    def get(self, name: str) -> VoiceInfo:
        return self._catalogs[name].get(name)


@pytest.fixture
def catalog(tmp_path) -> TwoVoices:
    return TwoVoices(tmp_path)


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


def test_who_stands_in_for_a_voice_that_cannot_be_loaded_is_told_of_again(catalog) -> None:
    loader, told = FakeLoader(), []
    engines = Engines("auto", 1, lambda voice, engine, why: told.append((voice.id, engine is not None, why)), loader)
    engines.prepare(catalog.get("hum"))
    loader.broken = SynthesisError("no graph")
    for _ in range(2):
        with pytest.raises(SynthesisError):
            engines.prepare(catalog.get("alto"))
    for _ in range(2):
        engines.prepare(catalog.get("hum"))
    broken = ("alto", False, "voice alto cannot be loaded: no graph")
    assert told == [("hum", True, None), broken, broken, ("hum", True, None)]


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


class FakeChooser:
    """Stands for :class:`edge_agent.synthesis.providers.Chooser`: gives ``choices`` one after the other, the last for ever."""

    def __init__(self, *choices: Choice, known: Choice | None = None, cache: Path | None = None) -> None:
        self.choices, self.already, self.cache = list(choices), known, cache or Path("cache")
        self.asked, self.events = 0, []
        self.go = threading.Event()
        self.go.set()

    def known(self, digest):
        return self.already

    def choose(self, voice, digest, stop):
        while not self.go.wait(0.01):
            if stop.is_set():
                break
        if stop.is_set():
            raise Stopped
        self.asked += 1
        return self.choices.pop(0) if len(self.choices) > 1 else self.choices[0]

    def cache_dir(self, digest):
        return self.cache

    def loading(self, digest):
        self.events.append("loading")

    def loaded(self, digest):
        self.events.append("loaded")


class Loader:
    """Makes engines on the provider that was chosen, though this machine has none such."""

    def __init__(self, monkeypatch) -> None:
        self.failures: dict[str, SynthesisError | None] = {}
        self.runtimes = []
        monkeypatch.setattr("edge_agent.speech.loader.Runtime", self.runtime)

    def runtime(self, provider="auto", threads=1, *, cache_dir=None, variant=None, gpu_memory_bytes=None):
        made = SimpleNamespace(provider=BY_NAME.get(provider, CPU), cache_dir=cache_dir, variant=variant, degraded=False, why=None)
        self.runtimes.append(made)
        return made

    def __call__(self, folder, runtime):
        raw = (folder / "voice.json").read_bytes()
        return FakeEngine(json.loads(raw)["voice_id"], hashlib.sha256(raw).hexdigest(), runtime.provider, self.failures)


GPU = Choice(Candidate(CUDA, "fp16"))
LOST = SynthesisError("the GPU is lost", retryable=True)


@pytest.fixture
def loader(monkeypatch) -> Loader:
    return Loader(monkeypatch)


@pytest.fixture
def engines(loader):
    made: list[Engines] = []

    def make(chooser: FakeChooser, provider: str = "auto"):
        told: list[tuple[str, str | None]] = []
        engines = Engines(provider, 1, lambda _, engine, why: told.append((engine.provider, why)), loader, chooser=chooser)
        made.append(engines)
        return engines, told

    yield make
    for each in made:
        each.close()


def until(condition) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class TestWithAChooser:
    def test_what_is_known_is_taken_at_once(self, catalog, engines, loader) -> None:
        chooser = FakeChooser(known=GPU)
        made, told = engines(chooser)
        assert made.get(catalog.get("hum")).provider == CUDA
        assert (told, chooser.asked, chooser.events) == ([(CUDA, None)], 0, ["loading", "loaded"])
        assert (loader.runtimes[0].variant, loader.runtimes[0].cache_dir) == ("fp16", chooser.cache)

    def test_nobody_waits_for_the_trials(self, catalog, engines) -> None:
        chooser = FakeChooser(GPU)
        chooser.go.clear()
        made, told = engines(chooser)
        assert made.get(catalog.get("hum")).provider == CPU
        chooser.go.set()
        until(lambda: told == [(CPU, None), (CUDA, None)])
        assert made.get(catalog.get("hum")).provider == CUDA

    def test_a_choice_for_the_processor_says_why(self, catalog, engines) -> None:
        made, told = engines(FakeChooser(Choice(Candidate(CPU), degraded="runs on the processor instead of CUDA: no kernel image")))
        made.get(catalog.get("hum"))
        until(lambda: len(told) == 2)
        assert told[-1] == (CPU, "voice hum runs on the processor instead of CUDA: no kernel image")

    def test_a_gpu_that_sounds_wrong_in_this_process_is_not_used(self, catalog, engines, loader) -> None:
        loader.failures[CUDA] = SynthesisError("voice hum sounds wrong", retryable=True)
        made, told = engines(FakeChooser(GPU, known=GPU))
        assert made.get(catalog.get("hum")).provider == CPU
        assert told == [(CPU, "voice hum runs on the processor instead of CUDA: voice hum sounds wrong")]

    def test_another_voice_meanwhile_ends_the_search(self, catalog, engines) -> None:
        chooser = FakeChooser(GPU)
        chooser.go.clear()
        made, told = engines(chooser)
        made.get(catalog.get("hum"))
        made.get(catalog.get("alto"))
        chooser.go.set()
        until(lambda: len(told) == 3)
        assert made.get(catalog.get("alto")).provider == CUDA
        assert told == [(CPU, None), (CPU, None), (CUDA, None)]
        assert chooser.asked == 1

    def test_after_a_failure_the_gpu_is_tried_again_until_it_works(self, catalog, engines, monkeypatch) -> None:
        monkeypatch.setattr("edge_agent.speech.engines.RECHECK_S", (0.0, 0.01))
        still = Choice(Candidate(CPU), degraded="runs on the processor instead of CUDA: out of memory")
        chooser = FakeChooser(still, still, GPU, known=GPU)
        chooser.go.clear()
        made, told = engines(chooser)
        hum = catalog.get("hum")
        made.get(hum)
        assert made.fall_back(hum, LOST).provider == CPU
        assert made.get(hum).provider == CPU
        chooser.go.set()
        until(lambda: len(told) == 4)
        assert made.get(hum).provider == CUDA
        assert told == [
            (CUDA, None),
            (CPU, "voice hum runs on the processor instead of CUDA: the GPU is lost"),
            (CPU, "voice hum runs on the processor instead of CUDA: out of memory"),
            (CUDA, None),
        ]

    def test_another_voice_is_spared_a_gpu_that_failed(self, catalog, engines) -> None:
        chooser = FakeChooser(GPU, known=GPU)
        chooser.go.clear()
        made, _ = engines(chooser)
        made.get(catalog.get("hum"))
        made.fall_back(catalog.get("hum"), LOST)
        assert made.get(catalog.get("alto")).provider == CPU

    def test_a_context_that_broke_for_good_asks_for_a_restart(self, catalog, engines, loader, monkeypatch) -> None:
        monkeypatch.setattr("edge_agent.speech.engines.RECHECK_S", (0.0, 600.0))
        made, told = engines(FakeChooser(GPU, known=GPU))
        hum = catalog.get("hum")
        made.get(hum)
        loader.failures[CUDA] = LOST
        made.fall_back(hum, LOST)
        until(lambda: len(told) == 3)
        assert told[-1][1] is not None
        assert "works for another process but not for this one, restart the daemon" in told[-1][1]

    def test_a_session_that_fell_back_in_silence_is_noticed(self, catalog, engines, loader, monkeypatch) -> None:
        made, told = engines(FakeChooser(GPU, known=GPU))
        create = loader.runtime

        def degraded(*arguments, **options):
            runtime = create(*arguments, **options)
            runtime.degraded = runtime.provider == CUDA
            runtime.why = "took the processor without saying so"
            return runtime

        monkeypatch.setattr("edge_agent.speech.loader.Runtime", degraded)
        assert made.get(catalog.get("hum")).provider == CPU
        assert told == [(CPU, "voice hum runs on the processor instead of CUDA: took the processor without saying so")]

    def test_closing_ends_the_search(self, catalog, engines) -> None:
        chooser = FakeChooser(GPU)
        chooser.go.clear()
        made, _ = engines(chooser)
        made.get(catalog.get("hum"))
        made.close()
        assert not [thread for thread in threading.enumerate() if thread.name == "providers"]
        assert chooser.asked == 0

    def test_a_search_that_breaks_leaves_the_voice_speaking(self, catalog, engines, caplog) -> None:
        made, _ = engines(FakeChooser())
        made.get(catalog.get("hum"))
        until(lambda: "search for a provider failed" in caplog.text)
        assert made.get(catalog.get("hum")).provider == CPU


def test_a_voice_that_is_deleted_while_it_is_compiled_leaves_nothing(catalog, tmp_path) -> None:
    begun = threading.Event()

    def attempt(candidate, voice, *, threads, gpu_memory_bytes, cache_dir, stop) -> Trial:
        cache_dir.mkdir(parents=True)
        (cache_dir / "decoder.engine").write_bytes(b"weights")
        begun.set()
        assert stop.wait(20)
        raise Stopped

    folder = tmp_path / "engines"
    chooser = Chooser(folder, "auto", 1, 1 << 29, listed=lambda: (BY_NAME["cuda"], CPU), facts=dict, attempt=attempt)
    engines = Engines("auto", 1, load=FakeLoader(), chooser=chooser)
    engines.get(catalog.get("hum"))
    assert begun.wait(20)
    engines.drop("alto")
    assert len(list(folder.iterdir())) == 1
    engines.drop("hum")
    assert list(folder.iterdir()) == []
    engines.close()


def test_without_a_chooser_a_demanded_provider_that_is_missing_is_said(catalog) -> None:
    told = []
    engines = Engines("cuda", 1, lambda _, engine, why: told.append(why), FakeLoader())
    assert engines.get(catalog.get("hum")).provider == CPU
    assert told[0].startswith("voice hum runs on the processor instead of CUDA: CUDA was demanded, but")
