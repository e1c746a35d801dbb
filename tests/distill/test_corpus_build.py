from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from distill.corpus.build import build
from distill.corpus.shards import LINES_PER_SHARD, CorpusError, read_shard, shard_path, write_shard
from distill.corpus.texts import Line
from distill.teachers import TeacherError
from tests.distill.humming import Humming, no_teacher
from tests.rigs.mqtt_peer import eventually


def _lines(count: int) -> list[Line]:
    syllables = "ma↓ ni→ pu↗ ko↘ te↓ li→".split()
    names = ["".join(syllables[int(digit, 6)] for digit in np.base_repr(n, 6)) for n in range(count)]
    return [Line(f"line {n}", "zh", name, "train") for n, name in enumerate(names)]


LINES = _lines(2 * LINES_PER_SHARD + 7)
ODD = LINES[60].phonemes  # in the second shard, and in no other line as a whole


def _content(folder) -> dict[str, list]:
    def plain(item) -> tuple:
        return item.line, item.ids.tolist(), item.frames.tolist(), item.f0_hz.tolist(), item.audio.tobytes()

    return {path.name: [plain(item) for item in read_shard(path)] for path in sorted(folder.iterdir())}


def test_every_line_is_read_once_and_in_order(tmp_path):
    assert build(LINES, Humming, tmp_path, processes=2, first=3) == 0
    names = [path.name for path in sorted(tmp_path.iterdir())]
    assert names == ["shard-00003.npz", "shard-00004.npz", "shard-00005.npz"]
    items = [item for name in names for item in read_shard(tmp_path / name)]
    assert [item.line for item in items] == LINES
    said = Humming().speak(LINES[1].phonemes)
    assert np.array_equal(items[1].frames, said.frames) and np.array_equal(items[1].f0_hz, said.f0_hz)
    assert np.abs(items[1].audio / 32767 - said.audio).max() < 1 / 32767


def test_text_alone_has_no_audio(tmp_path):
    build(LINES[:3], partial(Humming, with_audio=False), tmp_path, processes=1)
    assert [item.audio for item in read_shard(shard_path(tmp_path, 0))] == [None] * 3


def test_a_run_killed_in_the_middle_leaves_whole_shards_and_goes_on_to_the_same_result(tmp_path):
    build(LINES, Humming, tmp_path / "whole", processes=1)
    cut = tmp_path / "cut"
    with pytest.raises(CorpusError, match="worker process died with exit code 9"):
        build(LINES, partial(Humming, ((ODD, "death"),)), cut, processes=1)
    assert [path.name for path in cut.iterdir()] == ["shard-00000.npz"]
    (cut / ".shard-00001-123.tmp").write_bytes(b"what a power cut leaves")
    kept = shard_path(cut, 0).stat().st_mtime_ns
    build(LINES, Humming, cut, processes=2)
    assert shard_path(cut, 0).stat().st_mtime_ns == kept  # not read again
    assert _content(cut) == _content(tmp_path / "whole")


INTERRUPTED_BUILD = """
import pathlib, signal, sys
from distill.command import carried_out
from distill.corpus.build import build
from tests.distill.humming import Endless
from tests.distill.test_corpus_build import LINES

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    sys.exit(carried_out("corpus", lambda: build(LINES, Endless, pathlib.Path(sys.argv[1]), processes=2)))
"""


def test_ctrl_c_ends_all_processes_without_a_traceback(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(INTERRUPTED_BUILD, "utf-8")
    environment = os.environ | {"PYTHONPATH": str(Path.cwd()), "HUMMING": str(tmp_path / "humming")}
    with subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "corpus")], env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:  # fmt: skip
        try:
            eventually((tmp_path / "humming").exists, "a worker that speaks")
            os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to every process of the command
            _, told = running.communicate(timeout=60)  # comes to an end when no process is left that could write
        finally:
            running.kill()
    assert running.returncode == 130
    assert "Traceback" not in told and told.endswith("corpus: interrupted; say it again to finish\n")
    assert list((tmp_path / "corpus").iterdir()) == []


def test_a_shard_that_was_deleted_is_made_again(tmp_path):
    build(LINES, Humming, tmp_path, processes=1)
    before = _content(tmp_path)
    shard_path(tmp_path, 1).unlink()
    build(LINES, Humming, tmp_path, processes=1)
    assert _content(tmp_path) == before


@pytest.mark.parametrize("fault", ["silence", "nan", "refusal"])
def test_what_the_teacher_cannot_say_is_left_out_and_counted(tmp_path, fault):
    spoilt = [line for line in LINES if ODD in line.phonemes]
    assert build(LINES, partial(Humming, ((ODD, fault),)), tmp_path, processes=1) == len(spoilt) > 0
    items = [item for path in sorted(tmp_path.iterdir()) for item in read_shard(path)]
    assert [item.line for item in items] == [line for line in LINES if line not in spoilt]


def test_a_teacher_that_is_silent_most_of_the_time_is_out_of_order(tmp_path):
    with pytest.raises(TeacherError, match=r"refused 50 of 50 lines of shard 0, which was not written.*silence"):
        build(LINES, partial(Humming, (("", "silence"),)), tmp_path, processes=1)
    assert list(tmp_path.iterdir()) == []


def test_a_teacher_that_cannot_be_loaded_ends_the_run(tmp_path):
    with pytest.raises(TeacherError, match="no teacher in this folder"):
        build(LINES, no_teacher, tmp_path, processes=2)


def test_a_shard_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CorpusError, match="No space left"):
        write_shard(tmp_path, 0, [(LINES[0], Humming().speak(LINES[0].phonemes))])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["cut", "empty", "noise", "flipped"])
def test_a_damaged_shard_is_named_with_what_to_do(tmp_path, damage):
    build(LINES[:5], Humming, tmp_path, processes=1)
    path = shard_path(tmp_path, 0)
    whole = path.read_bytes()
    half = len(whole) // 2
    flipped = whole[:half] + bytes([whole[half] ^ 255]) + whole[half + 1 :]
    path.write_bytes({"cut": whole[:half], "empty": b"", "noise": bytes(range(256)) * 9, "flipped": flipped}[damage])
    with pytest.raises(CorpusError, match=r"shard-00000.npz is damaged .*; delete it and run the corpus command again"):
        list(read_shard(path))


def test_another_format_is_refused(tmp_path):
    np.savez(shard_path(tmp_path, 0), lines=np.frombuffer(b'{"format": 99, "lines": []}', np.uint8))
    with pytest.raises(CorpusError, match="has corpus format 99, this program reads 1"):
        list(read_shard(shard_path(tmp_path, 0)))
