"""Windows of fixed sizes, as a GPU gets them, say what free ones say. Computed on the processor: the filling is the same."""

from __future__ import annotations

import numpy as np
import pytest

from edge_agent.synthesis import Runtime, SynthesisError, as_float
from edge_agent.synthesis.mobilesovits import MobileSoVITSEngine
from edge_agent.synthesis.mobilesovits.windows import WindowSession
from edge_agent.text import Speech, plan
from edge_agent.voices.catalog import BUILT_IN
from tests.synthesis.gpus import CompiledGpu

SUB = 3
UNFADED = slice(24, -120)
"""What a GPU's last stage leaves as it is."""


class FixedOnProcessor(Runtime):
    """A runtime that treats the processor as a GPU."""

    on_gpu = True

    def fixed_session(self, *arguments, share):
        self.shares = [*getattr(self, "shares", ()), share]
        return Runtime("cpu", 1).fixed_session(*arguments)


@pytest.fixture(scope="module")
def free():
    engine = MobileSoVITSEngine(BUILT_IN, Runtime("cpu", 1), "gpu")
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def fixed():
    engine = MobileSoVITSEngine(BUILT_IN, FixedOnProcessor("cpu", 1), "gpu")
    yield engine
    engine.close()


def speak(engine, segment: Speech) -> np.ndarray:
    return as_float(np.concatenate(list(engine.synthesize(segment))))


@pytest.mark.parametrize("text", ["请三十七号顾客到五号窗口办理业务谢谢您的配合。", "Go!", "好。"])
def test_the_voice_that_ships_says_the_same(free, fixed, text: str) -> None:
    for segment in plan(text).items:
        right, filled = speak(free, segment), speak(fixed, segment)
        assert len(right) == len(filled)
        # only the silence at the very end sees what was filled in
        assert np.abs(right - filled)[UNFADED].max() < 0.01 * np.abs(right).max()


def test_the_golden_phrase_meets_every_size(fixed) -> None:
    fixed.check()
    assert sorted(fixed._sessions["decoder"]._sessions) == [72, 208]


def window(n_frames: int, width: int = 197) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(n_frames)
    shapes = {"x": (1, n_frames, width), "source": (1, n_frames * SUB, 400), "noise": (1, n_frames * SUB, 402)}
    return {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.mark.parametrize("gpu", [None, CompiledGpu], ids=["numpy", "kernel as C"])
class TestLastStageOnTheGpu:
    @pytest.fixture
    def engine(self, gpu, tmp_path, monkeypatch):
        made = gpu(tmp_path) if gpu else None
        monkeypatch.setattr("edge_agent.synthesis.mobilesovits.engine.find_gpu", lambda: made)
        engine = MobileSoVITSEngine(BUILT_IN, FixedOnProcessor("cpu", 1), "gpu")
        yield engine
        engine.close()

    def test_the_whole_way(self, engine, free) -> None:
        (segment,) = plan("请三十七号顾客到五号窗口办理业务谢谢您的配合。").items
        chunks = list(engine.synthesize(segment))
        assert {chunk.dtype for chunk in chunks} == {np.dtype(np.int16)}
        said, right = as_float(np.concatenate(chunks)), speak(free, segment)
        assert len(said) == len(right)
        assert np.abs(said - right)[UNFADED].max() < 0.01 * np.abs(right).max()

    def test_the_golden_phrase(self, engine) -> None:
        engine.check()

    def test_closed(self, engine) -> None:
        engine.close()
        with pytest.raises(SynthesisError, match="closed"):
            engine.check()


class TestWindowSession:
    @pytest.fixture
    def session(self) -> WindowSession:
        return WindowSession(FixedOnProcessor("cpu", 1), BUILT_IN / "decoder.gpu.onnx", (24, 16), SUB)

    @pytest.mark.parametrize("n_frames", [1, 15, 16, 17, 24])
    def test_as_much_comes_out_as_went_in(self, session, n_frames: int) -> None:
        (audio,) = session.run(window(n_frames))
        assert audio.shape == (1, n_frames * SUB, 400)

    def test_every_size_is_there_after_the_first_window(self, session) -> None:
        session.run(window(3))
        assert sorted(session._sessions) == [16, 24]

    def test_a_size_gets_memory_by_its_length(self) -> None:
        runtime = FixedOnProcessor("cpu", 1)
        WindowSession(runtime, BUILT_IN / "decoder.gpu.onnx", (24, 16), SUB, share=0.5).run(window(3))
        assert sorted(runtime.shares) == [pytest.approx(0.2), pytest.approx(0.3)]

    def test_one_longer_than_foreseen_gets_a_size_of_its_own(self, session) -> None:
        assert session.run(window(30))[0].shape[1] == 30 * SUB

    def test_a_full_window_is_exact(self, session) -> None:
        free = Runtime("cpu", 1).session(BUILT_IN / "decoder.gpu.onnx")
        np.testing.assert_allclose(session.run(window(24))[0], free.run(window(24))[0], rtol=1e-3, atol=1e-3)

    def test_on_the_device_the_filling_is_still_there(self, session) -> None:
        (left,) = session.run_on_device(window(3))
        assert left.shape == (1, 16 * SUB, 400)

    def test_inputs_that_do_not_fit_the_graph(self, session) -> None:
        with pytest.raises(SynthesisError):
            session.run(window(16, width=3))
