"""Have the teacher read the corpus, in parallel processes, shard by shard."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from tqdm import tqdm

from distill.corpus.shards import LINES_PER_SHARD, shard_path, write_shard
from distill.corpus.texts import Line
from distill.teachers import Teacher, TeacherError

TeacherFactory = Callable[[], Teacher]
_teacher: Teacher | None = None  # one for each worker process, set by its initialiser


def build(lines: list[Line], make_teacher: TeacherFactory, folder: Path, *, processes: int, first: int = 0) -> int:
    """Write every missing shard of ``lines`` into ``folder``; returns how many lines the teacher refused.

    Shards that exist are left alone, so an interrupted run continues where it was. Single-threaded processes make
    better use of cores than threads do.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob(".shard-*.tmp"):
        leftover.unlink()
    work = [job for job in _jobs(lines, folder, first) if not shard_path(folder, job[1]).exists()]
    refused = 0
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, initializer=_start, initargs=(make_teacher,)) as pool:
        for count in tqdm(pool.imap_unordered(_read, work), total=len(work), unit="shard", desc=folder.name):
            refused += count
    return refused


def _jobs(lines: list[Line], folder: Path, first: int) -> Iterator[tuple[Path, int, list[Line]]]:
    for number, start in enumerate(range(0, len(lines), LINES_PER_SHARD)):
        yield folder, first + number, lines[start : start + LINES_PER_SHARD]


def _start(make_teacher: TeacherFactory) -> None:
    global _teacher
    os.nice(5)
    _teacher = make_teacher()


def _read(job: tuple[Path, int, list[Line]]) -> int:
    folder, number, lines = job
    rows = []
    refused = 0
    for line in lines:
        try:
            rows.append((line, _teacher.speak(line.phonemes)))
        except TeacherError:
            refused += 1
    write_shard(folder, number, rows)
    return refused
