"""One contract for the last stage: in NumPy, as the kernel compiled for the processor, and on a GPU where this machine has one."""

from __future__ import annotations

import gc
import sys
import types
from itertools import pairwise

import numpy as np
import pytest

from edge_agent.synthesis import SynthesisError
from edge_agent.synthesis.mobilesovits.source import OverlapAdd
from edge_agent.synthesis.mobilesovits.tail import FULL_SCALE, CudaTail, Finish, NumpyTail, _build_ptx
from edge_agent.synthesis.mobilesovits.tail.pycuda_gpu import PTX, PyCudaGpu, find_gpu
from edge_agent.synthesis.providers.bound import DeviceArray
from tests.synthesis.gpus import CompiledGpu, real_gpus

N_FFT, HOP = 400, 100
PLAIN = Finish(n_fade_in=0, n_fade_out=0)


class OnProcessor:
    gpu = None

    def tail(self, how: Finish) -> NumpyTail:
        return NumpyTail(N_FFT, HOP, how)

    def frames(self, frames: np.ndarray):
        return frames


class OnGpu:
    def __init__(self, gpu) -> None:
        self.gpu = gpu
        self.carries = tuple(gpu.scratch(4 * (N_FFT - HOP)) for _ in range(2))

    def tail(self, how: Finish) -> CudaTail:
        return CudaTail(N_FFT, HOP, how, self.gpu, self.carries)

    def frames(self, frames: np.ndarray) -> DeviceArray:
        return DeviceArray(self.gpu.upload(frames), frames.shape)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> CompiledGpu:
    return CompiledGpu(tmp_path_factory.mktemp("kernel"))


@pytest.fixture(params=["numpy", "kernel as C", *real_gpus()])
def stage(request, compiled):
    if request.param == "numpy":
        return OnProcessor()
    return OnGpu(compiled if request.param == "kernel as C" else request.param())


def sub_frames(n: int, level: float = 0.1, seed: int = 0) -> np.ndarray:
    return (level * np.random.default_rng(seed).standard_normal((n, N_FFT))).astype(np.float32)


def spoken(stage, frames: np.ndarray, how: Finish, cuts: tuple[int, ...] = ()) -> np.ndarray:
    tail = stage.tail(how)
    given = stage.frames(frames)
    edges = [0, *cuts, len(frames)]
    pieces = [tail.add(given, start, stop).copy() for start, stop in pairwise(edges)]
    return np.concatenate([*pieces, tail.finish().copy()])


def joined(frames: np.ndarray) -> np.ndarray:
    join = OverlapAdd(N_FFT, HOP)
    return np.concatenate((join.add(frames), join.finish()))


def close(one: np.ndarray, other: np.ndarray) -> bool:
    return len(one) == len(other) and np.abs(one.astype(int) - other.astype(int)).max() <= 1


class TestContract:
    def test_sixteen_bits_of_what_was_joined(self, stage) -> None:
        frames = sub_frames(40)
        assert close(spoken(stage, frames, PLAIN), np.rint(joined(frames) * FULL_SCALE))

    @pytest.mark.parametrize("cuts", [(1,), (1, 2, 3), (20,), (39,), (7, 8, 33)])
    def test_where_it_is_cut_cannot_be_heard(self, stage, cuts) -> None:
        frames = sub_frames(40)
        assert close(spoken(stage, frames, Finish(), cuts), spoken(stage, frames, Finish()))

    def test_rows_of_a_window_that_holds_more(self, stage) -> None:
        frames = sub_frames(40)
        tail = stage.tail(PLAIN)
        part = np.concatenate((tail.add(stage.frames(frames[None]), 5, 25).copy(), tail.finish()))
        assert close(part, spoken(stage, frames[5:25], PLAIN))

    def test_gain(self, stage) -> None:
        frames = sub_frames(20, 0.02)
        assert close(spoken(stage, frames, Finish(2.0, n_fade_in=0, n_fade_out=0)), np.rint(2 * joined(frames) * FULL_SCALE))

    def test_below_the_knee_nothing_is_bent_and_above_nothing_clips(self, stage) -> None:
        frames = sub_frames(60, 0.6)
        level, out = np.abs(joined(frames)), np.abs(spoken(stage, frames, PLAIN).astype(int))
        assert level.max() > 1.5
        assert np.abs(out - level * FULL_SCALE)[level <= 0.95].max() <= 1
        assert out.max() <= FULL_SCALE
        order = np.argsort(level)
        assert (np.diff(out[order]) >= -1).all(), "what was louder stays louder"

    def test_it_opens_and_closes_at_nothing(self, stage) -> None:
        frames = np.full((40, N_FFT), 0.1, np.float32)
        out = spoken(stage, frames, Finish(n_fade_in=240, n_fade_out=120)).astype(int)
        assert abs(out[0]) < 10
        assert abs(out[-1]) < 10
        assert (np.diff(out[:240]) >= 0).all()
        assert (np.diff(out[-120:]) <= 0).all()
        assert close(out[240:-120], np.rint(joined(frames) * FULL_SCALE)[240:-120])

    @pytest.mark.parametrize("fault", [np.nan, np.inf, -np.inf])
    def test_what_is_no_number_is_refused(self, stage, fault) -> None:
        frames = sub_frames(10)
        frames[5, 17] = fault
        with pytest.raises(SynthesisError, match="NaN") as caught:
            spoken(stage, frames, PLAIN)
        assert caught.value.retryable

    def test_the_next_segment_hears_nothing_of_it(self, stage) -> None:
        stage.tail(PLAIN).add(stage.frames(sub_frames(10, seed=1)), 0, 10)
        frames = sub_frames(10)
        assert close(spoken(stage, frames, PLAIN), np.rint(joined(frames) * FULL_SCALE))

    def test_a_segment_shorter_than_its_lead(self, stage) -> None:
        frames = sub_frames(1)
        assert close(spoken(stage, frames, PLAIN), np.rint(joined(frames) * FULL_SCALE))

    def test_what_was_given_away_stays_as_it_is(self, stage) -> None:
        tail = stage.tail(PLAIN)
        given = stage.frames(sub_frames(40))
        first = tail.add(given, 0, 20)
        before = first.copy()
        tail.add(given, 20, 40)
        np.testing.assert_array_equal(first, before)


def test_the_two_agree(compiled) -> None:
    frames, how = sub_frames(200, 0.4), Finish(1.3, 0.8, 100, 100)
    assert close(spoken(OnGpu(compiled), frames, how, (24, 100)), spoken(OnProcessor(), frames, how, (24, 100)))


def test_memory_that_nobody_holds_is_given_back(compiled) -> None:
    tail = OnGpu(compiled).tail(PLAIN)
    kept = tail.add(DeviceArray(compiled.upload(sub_frames(10)), (10, N_FFT)), 0, 10)[100:200]
    gc.collect()
    assert compiled.n_lent == 1
    del kept
    gc.collect()
    assert compiled.n_lent == 0


class TestPtx:
    def test_it_belongs_to_the_source(self) -> None:
        source = PTX.with_suffix(".cu").read_bytes()
        assert PTX.read_text().startswith(_build_ptx.header(source)), "run python -m edge_agent.synthesis.mobilesovits.tail._build_ptx"

    def test_the_driver_of_jetpack_6_can_read_it(self) -> None:
        text = PTX.read_text()
        assert ".version 8.5" in text
        assert ".target sm_75" in text
        assert ".visible .entry finish(" in text


class FakePyCuda(types.ModuleType):
    """``pycuda.driver`` as far as :class:`PyCudaGpu` uses it, its memory the processor's and its kernel the one compiled as C."""

    Error = type("Error", (Exception,), {})
    host_alloc_flags = types.SimpleNamespace(DEVICEMAP=2)

    def __init__(self, compiled: CompiledGpu) -> None:
        super().__init__("pycuda.driver")
        self.compiled, self.depth, self.n_allocated, self.failing = compiled, 0, 0, False

    def init(self) -> None: ...

    def Device(self, number):  # noqa: N802 - PyCUDA's name
        return self

    def retain_primary_context(self):
        return self

    def push(self) -> None:
        self.depth += 1

    def pop(self) -> None:
        self.depth -= 1

    def synchronize(self) -> None:
        if self.failing:
            raise self.Error("cuCtxSynchronize failed: an illegal memory access was encountered")

    def module_from_buffer(self, ptx: bytes):
        assert b".entry finish" in ptx
        return types.SimpleNamespace(get_function=lambda name: self.kernel)

    def kernel(self, *arguments, block, grid) -> None:
        assert self.depth == 1
        assert [type(each) for each in arguments] == [np.uintp] * 5 + [np.int32] * 6 + [np.float32] * 2 + [np.int32] * 2
        self.compiled.finish(block[0] * grid[0], *(each.item() for each in arguments))

    def pagelocked_empty(self, size, kind, mem_flags):
        self.n_allocated += 1
        assert self.depth == 1
        owner = Pinned(size, kind)
        return owner.view(np.ndarray)

    def mem_alloc(self, n_bytes: int) -> int:
        return self.compiled.scratch(n_bytes)

    def memset_d8(self, address: int, value: int, n_bytes: int) -> None:
        self.compiled.clear(address, n_bytes)


class Pinned(np.ndarray):
    def get_device_pointer(self) -> int:
        return self.ctypes.data


class TestPyCuda:
    @pytest.fixture
    def cuda(self, compiled, monkeypatch) -> FakePyCuda:
        fake = FakePyCuda(compiled)
        monkeypatch.setitem(sys.modules, "pycuda", types.ModuleType("pycuda"))
        monkeypatch.setitem(sys.modules, "pycuda.driver", fake)
        sys.modules["pycuda"].driver = fake
        return fake

    def stage(self, compiled) -> OnGpu:
        gpu = PyCudaGpu()
        gpu.upload = compiled.upload
        return OnGpu(gpu)

    def test_it_calls_the_kernel_as_it_is_declared(self, cuda, compiled) -> None:
        frames = sub_frames(40)
        assert close(spoken(self.stage(compiled), frames, Finish()), spoken(OnProcessor(), frames, Finish()))
        assert cuda.depth == 0

    def test_memory_is_used_again_once_nobody_holds_it(self, cuda, compiled) -> None:
        stage = self.stage(compiled)
        for _ in range(5):
            spoken(stage, sub_frames(40), Finish())
            gc.collect()
        assert cuda.n_allocated <= 4

    def test_memory_that_is_held_is_not(self, cuda, compiled) -> None:
        gpu = PyCudaGpu()
        (one, first), (other, _) = gpu.mapped(100), gpu.mapped(100)
        assert one != other
        part = first[10:20]
        del first
        gc.collect()
        assert gpu.mapped(100)[0] != one
        del part

    def test_a_gpu_that_fails_is_an_error_after_which_another_provider_may_do(self, cuda, compiled) -> None:
        stage = self.stage(compiled)
        cuda.failing = True
        with pytest.raises(SynthesisError, match="illegal memory access") as caught:
            spoken(stage, sub_frames(10), Finish())
        assert caught.value.retryable
        assert cuda.depth == 0

    def test_without_it_the_processor_does_it(self, monkeypatch) -> None:
        monkeypatch.setitem(sys.modules, "pycuda.driver", None)
        with pytest.raises(SynthesisError, match="PyCUDA cannot be used"):
            PyCudaGpu()
        assert find_gpu() is None
