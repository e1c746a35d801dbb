"""Scores on disk (``scores.json``) and pooled."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from distill.evaluate import bootstrap
from distill.evaluate.bootstrap import Interval
from distill.evaluate.errors import EvaluationError
from distill.evaluate.measures import MEASURES, Measure
from distill.evaluate.text_errors import Counted
from distill.staged import staged_file

FORMAT = 1
FILE = "scores.json"


@dataclass(frozen=True, slots=True)
class Row:
    """One sentence by one system. ``wav`` is relative to the result file; ``heard`` None if nothing listened."""

    system: str
    key: str
    lang: str
    text: str
    wav: str
    seconds: float
    heard: str | None
    measures: dict[str, Counted]


@dataclass(frozen=True, slots=True)
class Scores:
    """An evaluation. ``systems`` maps names to identities, in the order given; ``listeners`` likewise, those left out
    are named in ``without``."""

    reference: str
    systems: dict[str, str]
    listeners: dict[str, str]
    without: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)

    @property
    def langs(self) -> list[str]:
        return list(dict.fromkeys(row.lang for row in self.rows))

    def of(self, system: str, lang: str) -> list[Row]:
        """The rows of one system and language, by sentence."""
        return sorted((row for row in self.rows if (row.system, row.lang) == (system, lang)), key=lambda row: row.key)


@dataclass(frozen=True, slots=True)
class Pooled:
    """A measure over ``n`` sentences, scaled to its unit, and how far it lies from the reference's."""

    measure: Measure
    n: int
    value: Interval
    over_reference: Interval | None


def pooled(scores: Scores, system: str, lang: str) -> list[Pooled]:
    """Every measure that ``system`` has in ``lang``, in the order of :data:`distill.evaluate.measures.MEASURES`."""
    rows, reference = scores.of(system, lang), {row.key: row for row in scores.of(scores.reference, lang)}
    found = []
    for measure in MEASURES:
        counted = {row.key: row.measures[measure.name] for row in rows if measure.name in row.measures}
        if not counted:
            continue
        shared = [key for key in counted if measure.name in reference[key].measures]
        gap = None
        if system != scores.reference and shared:
            ours, theirs = [counted[key] for key in shared], [reference[key].measures[measure.name] for key in shared]
            gap = _scaled(measure, bootstrap.difference(*zip(*ours, strict=True), *zip(*theirs, strict=True)))
        value = _scaled(measure, bootstrap.ratio(*zip(*counted.values(), strict=True)))
        found.append(Pooled(measure, len(counted), value, gap))
    return found


def save(scores: Scores, folder: Path) -> Path:
    """Write ``scores.json``, rows and summary, by rename."""
    folder.mkdir(parents=True, exist_ok=True)
    summary = {
        f"{system}/{lang}": {
            each.measure.name: {
                "n": each.n,
                "unit": each.measure.unit,
                **asdict(each.value),
                "over_reference": each.over_reference and asdict(each.over_reference),
            }
            for each in pooled(scores, system, lang)
        }
        for system in scores.systems
        for lang in scores.langs
    }
    document = {"format": FORMAT, "summary": summary, **asdict(scores)}
    with staged_file(folder / FILE) as file:
        file.write_text(json.dumps(document, ensure_ascii=False, indent=1), "utf-8")
    return folder / FILE


def load(folder: Path) -> Scores:
    """Read what :func:`save` wrote.

    Raises:
        EvaluationError: missing, damaged or of another format.
    """
    path = folder / FILE
    try:
        document = json.loads(path.read_text("utf-8"))
        if document["format"] != FORMAT:
            raise EvaluationError(f"{path} has format {document['format']}, this program reads {FORMAT}")
        rows = [Row(**{**row, "measures": _counted(row["measures"].items())}) for row in document["rows"]]
        return Scores(
            document["reference"], document["systems"], document["listeners"], tuple(document["without"]), rows
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(f"{path} cannot be read ({error}); run the evaluation again") from error


def table(scores: Scores) -> str:
    """The summary as text: a line for each measure, a column for each system."""
    lines: list[Sequence[str]] = []
    for lang in scores.langs:
        columns = {system: {each.measure.name: each for each in pooled(scores, system, lang)} for system in scores.systems}
        count = len(scores.of(scores.reference, lang))
        lines.append([f"{lang}, {count} sentences", *columns])
        for measure in MEASURES:
            if any(measure.name in column for column in columns.values()):
                label = f"  {measure.label}{', ' + measure.unit if measure.unit else ''}"
                lines.append([label, *(_cell(column.get(measure.name)) for column in columns.values())])
    return aligned(lines)


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Cells under each other."""
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)


def shown(interval: Interval, measure: Measure, sign: str = "") -> str:
    """``1.3 [0.5, 2.4]``."""
    value, low, high = (f"{x:{sign}.{measure.decimals}f}" for x in (interval.value, interval.low, interval.high))
    return f"{value} [{low}, {high}]"


def _cell(each: Pooled | None) -> str:
    if each is None:
        return "-"
    gap = f"  ({shown(each.over_reference, each.measure, '+')})" if each.over_reference else ""
    return shown(each.value, each.measure) + gap


def _scaled(measure: Measure, interval: Interval) -> Interval:
    return Interval(*(measure.scale * x for x in (interval.value, interval.low, interval.high)))


def _counted(items: Iterable[tuple[str, Sequence[float]]]) -> dict[str, Counted]:
    return {name: (float(amount), float(total)) for name, (amount, total) in items}
