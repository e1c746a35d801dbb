"""The answer as one HTML page: nothing fetched, no script, pictures as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from distill.enrol.check import Quality
from distill.enrol.frames import BAND_HZ
from distill.enrol.limits import LIMITS
from distill.enrol.look import Findings
from distill.enrol.measures import Measure
from distill.enrol.text import CLOSING

STYLE = """
:root { color-scheme: light dark; --line: #8884; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
th, td { padding: .3rem .8rem .3rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
.ok b { color: #1a7f37; } .warn b { color: #b25e00; } .fail b { color: #cf222e; } small { opacity: .75; }
svg { width: 100%; height: 7rem; background: #8881; margin: .3rem 0; }
polyline { fill: none; stroke-width: 1; vector-effect: non-scaling-stroke; }
"""
LOWEST_DB = -110
MOST_PICTURES = 50
WIDTH, HEIGHT = 600, 100


def render(quality: Quality, title: str) -> str:
    """The page; pictures of the first :data:`MOST_PICTURES` recordings."""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    body = "\n".join(_body(quality, title))
    return f"<!doctype html><html lang=en><head>{head}<style>{STYLE}</style></head><body>\n{body}\n</body></html>\n"


def _body(quality: Quality, title: str) -> Iterator[str]:
    yield f"<h1>{escape(title)}</h1>"
    yield f'<p class="{quality.verdict.word}"><b>{escape(CLOSING[quality.verdict])}</b></p>'
    yield from _table([(measure, found) for found, measure in quality.worst()])
    for found, measures in zip(quality.findings[:MOST_PICTURES], quality.per_recording, strict=False):
        recording = found.recording
        yield f"<h2>{escape(recording.path.name)}</h2>"
        yield f"<p><small>{recording.seconds:.1f} s, {found.speech_s:.1f} s of speech, SHA-256 {recording.sha256}</small></p>"
        yield from _pictures(found)
        yield "<details><summary>Measures of this recording</summary>"
        yield from _table([(measure, None) for measure in measures])
        yield "</details>"


def _table(rows: Sequence[tuple[Measure, Findings | None]]) -> Iterator[str]:
    yield "<table><tr><th></th><th>measure</th><th>value</th><th>wanted</th><th>what to do</th></tr>"
    for measure, found in rows:
        limit = LIMITS[measure.name]
        where = f"<br><small>{escape(found.recording.path.name)}</small>" if found else ""
        cells = (measure.shown, limit.wanted, measure.advice)
        yield (
            f'<tr class="{measure.verdict.word}"><td><b>{measure.verdict.word}</b></td><td>{escape(limit.label)}{where}</td>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            + "</tr>"
        )
    yield "</table>"


def _pictures(found: Findings) -> Iterator[str]:
    yield f"<small>Level over {found.recording.seconds:.1f} s, 0 to {LOWEST_DB} dB of full scale</small>"
    yield _svg([(found.timeline_db, "#2f6fab")])
    if found.bandwidth is not None:
        top = len(found.bandwidth.speech_db) * BAND_HZ
        yield f"<small>Spectrum of speech (blue) and pauses (orange), 0 to {top} Hz</small>"
        curves = [(found.bandwidth.speech_db, "#2f6fab")]
        if found.bandwidth.pause_db is not None:
            curves.append((found.bandwidth.pause_db, "#c8781e"))
        yield _svg(curves)


def _svg(curves: Sequence[tuple[NDArray[np.float32], str]]) -> str:
    lines = []
    for levels_db, colour in curves:
        x = np.linspace(0, WIDTH, len(levels_db))
        y = np.clip(levels_db / LOWEST_DB, 0, 1) * HEIGHT
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        lines.append(f'<polyline points="{points}" stroke="{colour}"/>')
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none">{"".join(lines)}</svg>'
