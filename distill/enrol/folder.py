"""The folder an enrolment leaves: whole, or not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distill.enrol.errors import EnrolmentError
from distill.staged import staged_folder

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
    try:
        with staged_folder(out) as stage:
            yield stage
    except OSError as error:
        raise EnrolmentError(f"{error.filename or out} cannot be written: {error.strerror}") from error
