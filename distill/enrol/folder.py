"""The folder an enrolment leaves: whole, or not there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distill.enrol.errors import EnrolmentError

RESULT_FILE, REPORT_FILE, VECTOR_FILE = "enrol.json", "report.html", "speaker.npy"


def check_free(out: Path, *, replace: bool) -> None:
    """
    Raises:
        EnrolmentError: ``out`` exists and may not be replaced, or is something else than an enrolment.
    """
    if out.exists() and not (out / RESULT_FILE).is_file():
        raise EnrolmentError(f"{out} exists and holds no enrolment: give another folder")
    if out.exists() and not replace:
        raise EnrolmentError(f"{out} holds an enrolment already: say --replace, or give another folder")


@contextmanager
def staged(out: Path, *, replace: bool) -> Iterator[Path]:
    """A hidden folder beside ``out`` that takes its place when the block ends well, and vanishes when it does not.

    Raises:
        EnrolmentError: see :func:`check_free`; or the place cannot be written.
    """
    check_free(out, replace=replace)
    stage = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        stage.mkdir()
        yield stage
        _put(stage, out)
    except OSError as error:
        raise EnrolmentError(f"{error.filename or out} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _put(stage: Path, out: Path) -> None:
    if not out.exists():
        stage.rename(out)
        return
    old = out.with_name(f".{out.name}.{os.getpid()}.old")
    out.rename(old)
    try:
        stage.rename(out)
    except OSError:
        old.rename(out)
        raise
    shutil.rmtree(old)
