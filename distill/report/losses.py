"""The training log as series."""

from __future__ import annotations

import json
import math
from pathlib import Path

from distill.evaluate.errors import EvaluationError

LOG_FILE = "log.jsonl"

Series = dict[str, tuple[list[int], list[float]]]
"""Steps and values of each logged quantity."""


def read_log(run: Path) -> Series:
    """``run``/log.jsonl by quantity. After a resume steps are logged again: the later entry counts.

    Raises:
        EvaluationError: no log, or a damaged line other than the last, which a power cut may have left half written.
    """
    path = run / LOG_FILE
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        raise EvaluationError(f"{path} is no training log: {error}") from error
    entries: dict[int, dict[str, float]] = {}
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            entries[int(entry["step"])] = {k: float(v) for k, v in entry.items() if k != "step"}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if number < len(lines):
                raise EvaluationError(f"{path} line {number} is damaged ({error}): {line[:80]!r}") from error
    series: Series = {}
    for step in sorted(entries):
        for name, value in entries[step].items():
            steps, values = series.setdefault(name, ([], []))
            if math.isfinite(value):
                steps.append(step)
                values.append(value)
    return series
