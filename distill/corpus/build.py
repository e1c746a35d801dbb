"""Have the teacher read the corpus, in parallel processes, shard by shard."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path

from tqdm import tqdm

from distill.corpus.shards import LINES_PER_SHARD, CorpusError, shard_path, write_shard
from distill.corpus.texts import Line
from distill.teachers import Teacher, TeacherError, check
from edge_agent.errors import EdgeAgentError

TeacherFactory = Callable[[], Teacher]
Job = tuple[Path, int, list[Line]]

REFUSED_SHARE = 0.5
"""A teacher that cannot read this much of a shard is out of order; a few sentences it stumbles over are left out."""


def build(lines: list[Line], make_teacher: TeacherFactory, folder: Path, *, processes: int, first: int = 0) -> int:
    """Write every missing shard of ``lines`` into ``folder``; returns how many lines the teacher refused this time.

    Shards that exist are left alone, so an interrupted run continues where it was. Single-threaded processes make
    better use of cores than threads do.

    Raises:
        TeacherError: the teacher cannot be loaded, was lost, or refuses most of a shard, which is then not written.
        CorpusError: a shard cannot be written, or a worker process died.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob(".shard-*.tmp"):
        leftover.unlink()
    work = [job for job in _jobs(lines, folder, first) if not shard_path(folder, job[1]).exists()]
    workers = [_Worker(make_teacher) for _ in range(min(processes, len(work)))]
    refused = 0
    try:
        with tqdm(total=len(work), unit="shard", desc=folder.name) as bar:
            for count in _deal(iter(work), workers):
                refused += count
                bar.update()
    finally:
        for worker in workers:
            worker.stop()
    return refused


def _jobs(lines: list[Line], folder: Path, first: int) -> Iterator[Job]:
    for number, start in enumerate(range(0, len(lines), LINES_PER_SHARD)):
        yield folder, first + number, lines[start : start + LINES_PER_SHARD]


class _Worker:
    """A process with a teacher of its own; answers a job with how many lines were refused, or with what went wrong."""

    def __init__(self, make_teacher: TeacherFactory) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(make_teacher, theirs), daemon=True)
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # inherited: Ctrl-C is for the main process, which stops its workers
        self._process.start()
        signal.signal(signal.SIGINT, before)
        theirs.close()  # so that its death ends the pipe

    def give(self, job: Job) -> None:
        with contextlib.suppress(OSError):  # it died: answer() tells
            self.pipe.send(job)

    def answer(self) -> int:
        try:
            given = self.pipe.recv()
        except (EOFError, OSError):
            self._process.join()
            raise CorpusError(
                f"a worker process died with exit code {self._process.exitcode} (out of memory?); the shards that are written are "
                "whole, run the command again"
            ) from None
        if isinstance(given, str):
            raise TeacherError(given)
        return given

    def stop(self) -> None:
        self._process.terminate()
        self._process.join()
        self.pipe.close()


def _deal(work: Iterator[Job], workers: list[_Worker]) -> Iterator[int]:
    """Keep every worker at work; yields the answers as they come."""
    busy: dict[Connection, _Worker] = {}
    for worker, job in zip(workers, work, strict=False):
        worker.give(job)
        busy[worker.pipe] = worker
    while busy:
        for pipe in wait(list(busy)):
            worker = busy.pop(pipe)
            yield worker.answer()
            job = next(work, None)
            if job is not None:
                worker.give(job)
                busy[pipe] = worker


def _serve(make_teacher: TeacherFactory, pipe: Connection) -> None:
    os.nice(5)
    try:
        teacher = make_teacher()
        while True:
            pipe.send(_read(teacher, *pipe.recv()))
    except EOFError:  # the main process is gone
        return
    except (EdgeAgentError, OSError) as error:  # as text: not every exception survives the pipe
        pipe.send(str(error))


def _read(teacher: Teacher, folder: Path, number: int, lines: list[Line]) -> int:
    rows = []
    refused: list[str] = []
    for line in lines:
        try:
            rows.append((line, check(teacher.speak(line.phonemes, line.text))))
        except TeacherError as error:
            refused.append(f"{line.text!r}: {error}")
    if len(refused) > REFUSED_SHARE * len(lines):
        raise TeacherError(
            f"the teacher refused {len(refused)} of {len(lines)} lines of shard {number}, which was not written; the last one {refused[-1]}"
        )
    write_shard(folder, number, rows)
    return len(refused)
