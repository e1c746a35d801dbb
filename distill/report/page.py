"""The HTML page, everything inside it: audio as FLAC, pictures as PNG, no script, nothing fetched."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

import soundfile

from distill.evaluate import results
from distill.evaluate.clip import Clip
from distill.evaluate.errors import EvaluationError, require
from distill.evaluate.measures import MEASURES
from distill.evaluate.results import Pooled, Row, Scores
from distill.report import pictures
from distill.report.losses import Series

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 78rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .8rem .25rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
small, .heard { opacity: .75; } .wide { overflow-x: auto; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1rem; margin: .4rem 0 1.6rem; }
.pair > div { background: var(--soft); padding: .6rem; border-radius: .4rem; } .said { margin: 1.4rem 0 .2rem; }
.heard { margin-top: .4rem; } img { width: 100%; height: auto; display: block; }
audio { width: 100%; height: 2.2rem; margin: .3rem 0; } code { word-break: break-all; }
"""
LOSSES = (
    "By step; dark is the running mean. Durations, F0, energy and voicing are the text side's losses; convergence, log magnitude, mel and "
    "phase the decoder's against the teacher's audio; discriminator, fooling and matching the adversarial stage's. Gradient is its norm, "
    "rate the learning rate."
)
ERROR_OF = {"zh": "pinyin", "mixed": "pinyin", "en": "wer"}
NAMES = {"zh": "Mandarin", "en": "English", "mixed": "Mandarin with English"}


def render(folder: Path, *, title: str, examples: int = 10, losses: Series | None = None) -> str:
    """The report of the evaluation in ``folder``.

    Args:
        folder: what :func:`distill.evaluate.evaluate` wrote.
        title: heading of the page.
        examples: sentences a language that are shown with sound, spread from the last system's best to its worst.
        losses: see :func:`distill.report.losses.read_log`.

    Raises:
        MissingExtra: matplotlib is absent.
        EvaluationError: the evaluation or one of its WAV files cannot be read.
    """
    require("report", ["matplotlib", "PIL"])
    scores = results.load(folder)
    body = [f"<h1>{escape(title)}</h1>", *_about(scores)]
    for lang in scores.langs:
        body += [f"<h2>{escape(NAMES.get(lang, lang))}</h2>", *_summary(scores, lang)]
        for key in _spread(scores, lang, examples):
            body += _example(scores, folder, key)
        body += _all_sentences(scores, lang)
    if losses:
        body += [f"<h2>Training</h2><p>{LOSSES}</p>", f'<img alt="losses" src="{_data("image/png", pictures.curves(losses))}">']
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return f"<!doctype html><html lang=en><head>{head}<style>{STYLE}</style></head><body>\n" + "\n".join(body) + "\n</body></html>\n"


def _about(scores: Scores) -> Iterator[str]:
    reference = f"<b>{escape(scores.reference)}</b>"
    yield "<p>Sentences nobody trained on. Brackets hold the value with 95 % confidence (bootstrap over sentences); below it stands the "
    yield f"difference to {reference} on the same sentences, where the measure is not itself a comparison with {reference}.</p>"
    yield "<p>Pictures show the spectrogram, F0 in blue and, on it, the F0 of "
    yield f'{reference} in white, each sound where this voice makes it.</p><div class="wide"><table>'
    for name, identity in {**scores.systems, **scores.listeners}.items():
        yield f"<tr><th>{escape(name)}</th><td><small>{_identity(identity)}</small></td></tr>"
    yield "</table></div>"
    if scores.without:
        yield f"<p><b>Not scored:</b> {escape(', '.join(scores.without))}.</p>"


def _identity(text: str) -> str:
    """A teacher describes itself as JSON."""
    try:
        parts = dict(json.loads(text))
    except (ValueError, TypeError):
        return f"<code>{escape(text)}</code>"
    return "<br>".join(f"{escape(str(name))}: <code>{escape(str(value))}</code>" for name, value in parts.items())


def _summary(scores: Scores, lang: str) -> Iterator[str]:
    columns = {system: {each.measure.name: each for each in results.pooled(scores, system, lang)} for system in scores.systems}
    heads = "".join(f"<th>{escape(system)}</th>" for system in columns)
    yield f'<div class="wide"><table><tr><th>{len(scores.of(scores.reference, lang))} sentences</th>{heads}</tr>'
    for measure in MEASURES:
        if any(measure.name in column for column in columns.values()):
            cells = "".join(
                f"<td>{_cell(None if measure.relative and system == scores.reference else column.get(measure.name))}</td>"
                for system, column in columns.items()
            )
            unit = f", {measure.unit}" if measure.unit else ""
            yield f"<tr><td>{escape(measure.label)}{unit} <small>({measure.better} is better)</small></td>{cells}</tr>"
    yield "</table></div>"


def _cell(each: Pooled | None) -> str:
    if each is None:
        return "–"
    value, bounds = results.shown(each.value, each.measure).split(" ", 1)
    gap = ""
    if each.over_reference and not each.measure.relative:
        gap = f"<br><small>{results.shown(each.over_reference, each.measure, '+')}</small>"
    return f"<b>{value}</b> {bounds}{gap}"


def _spread(scores: Scores, lang: str, count: int) -> list[str]:
    """Keys of ``count`` sentences, evenly spread over those of the last system from best to worst."""

    def badness(row: Row) -> tuple[float, float]:
        errors, total = row.measures.get(ERROR_OF[lang], (0.0, 1.0))
        return errors / total, -row.measures.get("mos", (0.0, 1.0))[0]

    ranked = sorted(scores.of(list(scores.systems)[-1], lang), key=badness)
    count = min(count, len(ranked))
    return [ranked[round(i * (len(ranked) - 1) / max(1, count - 1))].key for i in range(count)]


def _example(scores: Scores, folder: Path, key: str) -> Iterator[str]:
    rows = [row for system in scores.systems for row in scores.rows if (row.system, row.key) == (system, key)]
    clips = {row.system: _read(folder / row.wav) for row in rows}
    longest_s = max(row.seconds for row in rows)
    yield f'<p class="said"><small>{escape(key)}</small> {escape(rows[0].text)}</p><div class="pair">'
    for row in rows:
        clip = clips[row.system]
        heard = f'<div class="heard">heard: {escape(row.heard)}</div>' if row.heard is not None else ""
        reference = None if row.system == scores.reference else clips[scores.reference]
        picture = _data("image/png", pictures.voiceprint(clip, longest_s, reference))
        yield (
            f"<div><b>{escape(row.system)}</b>"
            f'<audio controls preload="none" src="{_data("audio/flac", _flac(clip))}"></audio>'
            f'<img alt="spectrogram and F0" src="{picture}">{heard}<small>{escape(_numbers(row, scores))}</small></div>'
        )
    yield "</div>"


def _all_sentences(scores: Scores, lang: str) -> Iterator[str]:
    yield '<details><summary>All sentences</summary><div class="wide"><table>'
    yield "<tr><th></th><th>system</th><th>heard</th><th>numbers</th></tr>"
    for row in sorted((row for row in scores.rows if row.lang == lang), key=lambda row: row.key):
        first = f"<small>{escape(row.key)}</small> {escape(row.text)}" if row.system == next(iter(scores.systems)) else ""
        cells: Sequence[str] = (first, escape(row.system), escape(row.heard or ""), f"<small>{escape(_numbers(row, scores))}</small>")
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    yield "</table></div></details>"


def _numbers(row: Row, scores: Scores) -> str:
    parts = []
    for measure in MEASURES:
        if measure.name in row.measures and not (measure.relative and row.system == scores.reference):
            amount, total = row.measures[measure.name]
            unit = f" {measure.unit}" if measure.unit else ""
            parts.append(f"{measure.label} {measure.scale * amount / total:.{measure.decimals}f}{unit}")
    return ", ".join(parts)


def _read(path: Path) -> Clip:
    try:
        return Clip.read(path)
    except (OSError, soundfile.SoundFileError) as error:
        raise EvaluationError(f"{path} cannot be read ({error}); run the evaluation again") from error


def _flac(clip: Clip) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, clip.audio, clip.sample_rate, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
