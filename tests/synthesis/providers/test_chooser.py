"""When providers are tried, when what is known holds, and what makes it void. The trials are doubles: there is no GPU here."""

from __future__ import annotations

import json
import threading

import pytest

from edge_agent.synthesis.providers import CPU, CUDA, PROCESSOR, TENSORRT, Candidate, Chooser, Stopped, Trial
from edge_agent.synthesis.providers.chooser import MOST_UNFINISHED

DIGEST = "cd" * 32
FIRST_S = {CPU: 0.08, CUDA: 0.02, TENSORRT: 0.01}


class FakeAttempt:
    """Stands for :func:`edge_agent.synthesis.providers.attempt.attempt`; ``faults`` by provider."""

    def __init__(self, faults: dict[str, str] | None = None) -> None:
        self.faults = faults or {}
        self.tried: list[Candidate] = []

    def __call__(self, candidate, voice, *, threads, gpu_memory_bytes, cache_dir, stop=None) -> Trial:
        if stop is not None and stop.is_set():
            raise Stopped
        self.tried.append(candidate)
        self.gpu_memory_bytes = gpu_memory_bytes
        if why := self.faults.get(candidate.provider):
            return Trial(candidate, why)
        return Trial(candidate, first_s=FIRST_S[candidate.provider], rtf=0.05)


@pytest.fixture
def voice(tmp_path):
    folder = tmp_path / "voice"
    folder.mkdir()
    (folder / "voice.json").write_text(json.dumps({"graphs": {"cpu": {}, "gpu": {}, "fp16": {}, "trt": {}}}))
    return folder


@pytest.fixture
def made(tmp_path):
    """Makes choosers over one cache."""

    def make(wanted="auto", listed=(CUDA, CPU), attempt=None, gpu_memory_bytes=1 << 29, **facts) -> Chooser:
        return Chooser(
            tmp_path / "engines", wanted, 2, gpu_memory_bytes, listed=lambda: listed, attempt=attempt or FakeAttempt(),
            facts=lambda: {"driver": "1", "onnxruntime": "1", "gpu": "Orin", **facts},
        )

    return make


class TestWithoutGpu:
    @pytest.mark.parametrize("listed", [(CUDA, CPU), (CPU,)])
    def test_the_processor_was_demanded(self, made, voice, listed) -> None:
        attempt = FakeAttempt()
        chooser = made("cpu", listed, attempt)
        assert chooser.known(DIGEST) == chooser.choose(voice, DIGEST) == PROCESSOR
        assert attempt.tried == []

    def test_there_is_nothing_else(self, made, voice) -> None:
        chooser = made("auto", (CPU, "AzureExecutionProvider"))
        assert chooser.known(DIGEST) == chooser.choose(voice, DIGEST) == PROCESSOR

    @pytest.mark.parametrize(("wanted", "words"), [("cuda", "CUDA"), ("tensorrt", "TensorRT")])
    def test_what_was_demanded_is_not_there(self, made, wanted, words) -> None:
        known = made(wanted, (CPU,)).known(DIGEST)
        assert known.provider == CPU
        assert known.degraded == f"runs on the processor instead of {words}: the installed ONNX Runtime has none"


class TestTrying:
    def test_every_provider_with_every_variant_that_suits_it(self, made, voice) -> None:
        attempt = FakeAttempt()
        choice = made(listed=(TENSORRT, CUDA, CPU), attempt=attempt).choose(voice, DIGEST)
        assert attempt.tried == [
            Candidate(CPU, "cpu"),
            Candidate(CUDA, "gpu"),
            Candidate(CUDA, "fp16"),
            Candidate(TENSORRT, "trt"),
            Candidate(TENSORRT, "fp16"),
        ]
        assert choice.candidate == Candidate(TENSORRT, "trt")

    def test_a_voice_without_variants(self, made, tmp_path) -> None:
        attempt = FakeAttempt()
        made(attempt=attempt).choose(tmp_path, DIGEST)
        assert attempt.tried == [Candidate(CPU), Candidate(CUDA)]

    def test_a_voice_for_the_processor_only_is_no_fault_of_the_gpu(self, made, voice) -> None:
        (voice / "voice.json").write_text(json.dumps({"graphs": {"bert": "bert.onnx", "step": "step.onnx"}}))
        attempt = FakeAttempt()
        choice = made(attempt=attempt).choose(voice, DIGEST)
        assert (attempt.tried, choice.provider, choice.degraded) == ([Candidate(CPU)], CPU, None)
        assert made("cuda").choose(voice, DIGEST).degraded == "runs on the processor instead of CUDA: the voice has no graphs for it"

    def test_tensorrt_is_not_tried_when_cuda_was_demanded(self, made, voice) -> None:
        attempt = FakeAttempt()
        made("cuda", (TENSORRT, CUDA, CPU), attempt).choose(voice, DIGEST)
        assert {each.provider for each in attempt.tried} == {CPU, CUDA}

    def test_cuda_steps_in_where_tensorrt_was_demanded(self, made, voice) -> None:
        choice = made("tensorrt", (TENSORRT, CUDA, CPU), FakeAttempt({TENSORRT: "no engine"})).choose(voice, DIGEST)
        assert choice.provider == CUDA
        assert choice.degraded == "runs on CUDA instead of TensorRT: no engine"

    def test_it_can_be_called_off(self, made, voice) -> None:
        stop = threading.Event()
        stop.set()
        with pytest.raises(Stopped):
            made().choose(voice, DIGEST, stop)


class TestRemembering:
    def test_the_next_start_tries_nothing(self, made, voice) -> None:
        chosen = made().choose(voice, DIGEST)
        again = made(attempt=FakeAttempt({CUDA: "would be noticed"}))
        assert again.known(DIGEST) == chosen
        assert chosen.provider == CUDA

    @pytest.mark.parametrize("fact", ["driver", "onnxruntime", "gpu", "tensorrt"])
    def test_it_is_void_when_something_changed(self, made, voice, fact) -> None:
        made().choose(voice, DIGEST)
        assert made(**{fact: "2"}).known(DIGEST) is None

    def test_it_is_void_for_another_pack(self, made, voice) -> None:
        made().choose(voice, DIGEST)
        assert made().known("ef" * 32) is None

    def test_it_is_void_when_another_provider_is_demanded(self, made, voice) -> None:
        made().choose(voice, DIGEST)
        assert made("cuda").known(DIGEST) is None

    def test_it_is_void_with_another_share_of_the_gpus_memory(self, made, voice) -> None:
        attempt = FakeAttempt()
        made(attempt=attempt).choose(voice, DIGEST)
        assert attempt.gpu_memory_bytes == 1 << 29
        assert made(gpu_memory_bytes=1 << 28).known(DIGEST) is None

    def test_what_was_compiled_for_another_driver_goes(self, made, voice, tmp_path) -> None:
        chooser = made()
        chooser.choose(voice, DIGEST)
        engine = chooser.cache_dir(DIGEST) / "tensorrt" / "decoder.engine"
        engine.parent.mkdir()
        engine.write_bytes(b"compiled")
        chooser.choose(voice, DIGEST)
        assert engine.exists()
        made(driver="2").choose(voice, DIGEST)
        assert not engine.exists()

    def test_a_gpu_that_failed_is_tried_again_at_the_next_start(self, made, voice) -> None:
        assert made(attempt=FakeAttempt({CUDA: "out of memory"})).choose(voice, DIGEST).degraded
        assert made().known(DIGEST) is None
        assert made().choose(voice, DIGEST).provider == CUDA


class TestCrashOfTheDaemon:
    def test_a_load_that_ended_well_leaves_no_trace(self, made, voice) -> None:
        chooser = made()
        chosen = chooser.choose(voice, DIGEST)
        chooser.loading(DIGEST)
        chooser.loaded(DIGEST)
        assert made().known(DIGEST) == chosen

    def test_after_a_crash_the_provider_is_tried_anew(self, made, voice) -> None:
        chooser = made()
        chooser.choose(voice, DIGEST)
        chooser.loading(DIGEST)
        assert made().known(DIGEST) is None
        assert made().choose(voice, DIGEST).provider == CUDA

    def test_after_several_it_is_left_alone_until_something_changes(self, made, voice) -> None:
        made().choose(voice, DIGEST)
        for _ in range(MOST_UNFINISHED):
            made().choose(voice, DIGEST)
            made().loading(DIGEST)
        attempt = FakeAttempt()
        choice = made(attempt=attempt).choose(voice, DIGEST)
        assert Candidate(CUDA, "gpu") not in attempt.tried
        assert choice.provider == CUDA
        assert choice.candidate.variant == "fp16", "the other variant is another candidate"
        assert made(driver="2").choose(voice, DIGEST).candidate == Candidate(CUDA, "gpu")

    def test_where_it_dies_of_the_next_one_too_the_whole_gpu_is_left_alone(self, made, voice) -> None:
        for _ in range(MOST_UNFINISHED + 1):
            made().choose(voice, DIGEST)
            made().loading(DIGEST)
        for _ in range(3):
            attempt = FakeAttempt()
            choice = made(attempt=attempt).choose(voice, DIGEST)
            assert [each.provider for each in attempt.tried] == [CPU]
            assert choice.provider == CPU
            assert "died 3 times" in choice.degraded
        assert made(driver="2").choose(voice, DIGEST).candidate == Candidate(CUDA, "gpu")
