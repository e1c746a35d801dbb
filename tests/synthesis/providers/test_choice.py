"""The fastest that is right, nothing wrong in silence, and a memory that never stands in the way."""

from __future__ import annotations

import pytest

from edge_agent.synthesis.providers import CPU, CUDA, TENSORRT, Candidate, Choice, Trial
from edge_agent.synthesis.providers.choice import KEEPS_UP, Memory, Remembered, decide

DIGEST = "ab" * 32


def took(provider: str, first_ms: float, rtf: float = 0.05, variant: str | None = None) -> Trial:
    return Trial(Candidate(provider, variant), first_s=first_ms / 1e3, rtf=rtf)


def failed(provider: str, why: str = "no kernel image") -> Trial:
    return Trial(Candidate(provider), why)


class TestDecide:
    @pytest.mark.parametrize(
        ("trials", "chosen"),
        [
            ([took(CPU, 80), took(CUDA, 20)], CUDA),
            ([took(CPU, 80), took(CUDA, 75)], CPU),  # not worth the GPU's memory
            ([took(CPU, 20), took(CUDA, 80), took(TENSORRT, 90)], CPU),
            ([took(CPU, 80), took(CUDA, 30), took(TENSORRT, 20)], TENSORRT),
            ([took(CPU, 80), took(CUDA, 30), failed(TENSORRT)], CUDA),
            ([took(CPU, 10, rtf=KEEPS_UP + 0.1), took(CUDA, 40)], CUDA),  # soon there, and then stuttering
            ([took(CPU, 10, rtf=2.0), took(CUDA, 40, rtf=3.0)], CPU),  # nobody keeps up
        ],
    )
    def test_the_fastest_that_is_right(self, trials: list[Trial], chosen: str) -> None:
        choice = decide(trials)
        assert (choice.provider, choice.degraded) == (chosen, None)

    def test_the_faster_variant(self) -> None:
        choice = decide([took(CPU, 80), took(CUDA, 30, variant="gpu"), took(CUDA, 20, variant="fp16")])
        assert choice.candidate == Candidate(CUDA, "fp16")

    def test_a_gpu_that_fails_is_said(self) -> None:
        choice = decide([took(CPU, 80), failed(CUDA)])
        assert (choice.provider, choice.degraded) == (CPU, "runs on the processor instead of CUDA: no kernel image")

    def test_what_was_wanted_is_taken_though_it_is_slower(self) -> None:
        assert decide([took(CPU, 20), took(CUDA, 80)], CUDA) == Choice(Candidate(CUDA), (took(CPU, 20), took(CUDA, 80)))

    def test_what_was_wanted_fails_and_the_next_best_is_said(self) -> None:
        choice = decide([took(CPU, 80), took(CUDA, 20), failed(TENSORRT, "no engine")], TENSORRT)
        assert (choice.provider, choice.degraded) == (CUDA, "runs on CUDA instead of TensorRT: no engine")

    def test_nothing_is_right(self) -> None:
        choice = decide([failed(CPU), failed(CUDA, "crash")])
        assert (choice.provider, choice.degraded) == (CPU, "runs on the processor instead of CUDA: crash")


class TestMemory:
    def test_what_is_remembered_is_recalled(self, tmp_path) -> None:
        memory = Memory(tmp_path)
        known = Remembered(Choice(Candidate(CUDA, "fp16"), (took(CPU, 80), failed(TENSORRT))), {"driver": "1"}, 1)
        memory.remember(DIGEST, known)
        assert Memory(tmp_path).recall(DIGEST) == known

    def test_nobody_else_may_read_it(self, tmp_path) -> None:
        memory = Memory(tmp_path / "engines")
        memory.remember(DIGEST, Remembered(Choice(Candidate(CUDA)), {}))
        assert memory.folder(DIGEST).stat().st_mode & 0o777 == 0o700

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1}', '{"version": 2}', '{"version": 1, "trials": 5, "provider": "x"}'])
    def test_a_file_that_is_none_counts_for_nothing(self, tmp_path, text: str) -> None:
        memory = Memory(tmp_path)
        memory.folder(DIGEST).mkdir(parents=True)
        (memory.folder(DIGEST) / "choice.json").write_text(text)
        assert memory.recall(DIGEST) is None

    @pytest.mark.parametrize("candidate", [Candidate("SteamExecutionProvider"), Candidate(CUDA, 5)])
    def test_a_provider_that_does_not_exist_counts_for_nothing(self, tmp_path, candidate) -> None:
        memory = Memory(tmp_path)
        memory.remember(DIGEST, Remembered(Choice(candidate), {}))
        assert memory.recall(DIGEST) is None

    def test_a_disk_that_takes_nothing_is_no_reason_to_stop(self, tmp_path) -> None:
        (tmp_path / "file").write_text("")
        memory = Memory(tmp_path / "file")
        memory.remember(DIGEST, Remembered(Choice(Candidate(CUDA)), {}))
        assert memory.recall(DIGEST) is None

    def test_forgetting_takes_the_compiled_weights_too(self, tmp_path) -> None:
        memory = Memory(tmp_path)
        memory.remember(DIGEST, Remembered(Choice(Candidate(TENSORRT)), {}))
        (memory.folder(DIGEST) / "tensorrt").mkdir()
        (memory.folder(DIGEST) / "tensorrt" / "decoder.engine").write_bytes(b"weights")
        memory.forget(DIGEST)
        memory.forget(DIGEST)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("digest", ["", "..", "../../etc", "ab", "AB" * 32, "ab/" * 10])
    def test_only_digests_name_folders(self, tmp_path, digest: str) -> None:
        with pytest.raises(ValueError, match="not a digest"):
            Memory(tmp_path).forget(digest)
