"""The answer for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from distill.enrol.check import Quality
from distill.enrol.limits import LIMITS, Verdict

WIDTH = 100
CLOSING = {
    Verdict.OK: "ok: fit to train a voice on",
    Verdict.WARN: "warn: can be used; what is marked costs quality",
    Verdict.FAIL: "fail: not fit to train a voice on",
}


def render(quality: Quality) -> str:
    """A line a measure, the worst recording's where recordings differ, and beneath it what to do."""
    return "\n".join(_lines(quality))


def _lines(quality: Quality) -> Iterator[str]:
    several = len(quality.findings) > 1
    for found, measure in quality.worst():
        limit = LIMITS[measure.name]
        where = f"  {found.recording.path.name}" if several and found is not None and measure.verdict is not Verdict.OK else ""
        yield f"{measure.verdict.word:4}  {limit.label}: {measure.shown}, wanted {limit.wanted}{where}"
        yield from wrap(measure.advice, WIDTH, initial_indent="      -> ", subsequent_indent="         ")
    yield ""
    yield CLOSING[quality.verdict]
