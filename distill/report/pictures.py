"""Pictures as PNG bytes. matplotlib's object interface only: nothing global, no display."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from distill.evaluate import pitch, spectrum
from distill.evaluate.alignment import frame_map
from distill.evaluate.clip import FRAMES_PER_S, Clip
from distill.report.losses import Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 100
COLOURS = 64
COLUMNS = 4
TOP_F0_HZ = 450.0
TICKS_HZ = (500, 1000, 2000, 4000, 8000)
AVERAGE_POINTS = 15


def voiceprint(clip: Clip, longest_s: float, reference: Clip | None = None) -> bytes:
    """Mel spectrogram with the F0 curve on it; clips of one sentence share the time axis 0..``longest_s``. The F0 of a
    ``reference`` that says the same is drawn in white, each frame where this clip says it."""
    levels, f0_hz = _analysed(clip)
    figure = _figure(6.4, 1.9)
    axes = figure.add_axes((0.06, 0.17, 0.87, 0.8))
    top_mel = _mel(min(clip.sample_rate / 2, 12_000))
    extent = (0, len(levels) / FRAMES_PER_S, 0, top_mel)
    axes.imshow(
        levels.T, origin="lower", aspect="auto", extent=extent, cmap="magma", vmin=levels.max() - spectrum.RANGE_DB, vmax=levels.max()
    )
    axes.set_facecolor("black")
    axes.set_xlim(0, longest_s)
    axes.set_yticks([_mel(hz) for hz in TICKS_HZ], [f"{hz / 1000:g}" for hz in TICKS_HZ])
    axes.set_ylim(0, top_mel)
    axes.set_ylabel("kHz", fontsize=7, labelpad=1)
    axes.set_xlabel("s", fontsize=7, labelpad=0)
    axes.tick_params(labelsize=7)
    overlay = axes.twinx()
    if reference is not None:
        their_levels, their_f0_hz = _analysed(reference)
        at = frame_map(reference, clip, their_levels, levels)
        _draw_f0(overlay, at, their_f0_hz, "#ffffffb0", 0.9)
    _draw_f0(overlay, np.arange(len(f0_hz)), f0_hz, "#5ce1ff", 1.4)
    overlay.set_ylim(0, TOP_F0_HZ)
    overlay.tick_params(labelsize=7)
    overlay.set_ylabel("F0, Hz", fontsize=7)
    return _png(figure)


def _analysed(clip: Clip) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    wave = clip.wave()
    levels = spectrum.band_levels(spectrum.power(wave, clip.sample_rate), clip.sample_rate)
    return levels, pitch.track(wave, clip.sample_rate)


def _draw_f0(axes: Axes, frames: NDArray[np.int64], f0_hz: NDArray[np.float32], colour: str, width: float) -> None:
    axes.plot((frames + 0.5) / FRAMES_PER_S, np.where(f0_hz > 0, f0_hz, np.nan), color=colour, linewidth=width)


def _mel(hz: float) -> float:
    return 2595 * float(np.log10(1 + hz / 700))


def curves(series: Series) -> bytes:
    """One small plot a quantity over training steps, raw and smoothed."""
    rows = max(1, -(-len(series) // COLUMNS))
    figure = _figure(12.8, 1.9 * rows)
    grid = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axes, (name, (steps, values)) in zip(grid, series.items(), strict=False):
        _curve(axes, name, np.array(steps), np.array(values))
    for axes in grid[len(series) :]:
        axes.set_axis_off()
    figure.tight_layout()
    return _png(figure)


def _curve(axes: Axes, name: str, steps: NDArray[np.int64], values: NDArray[np.float64]) -> None:
    axes.plot(steps, values, color="#9bb8d3", linewidth=0.7)
    if len(values) >= 2 * AVERAGE_POINTS:
        smooth = np.convolve(values, np.ones(AVERAGE_POINTS) / AVERAGE_POINTS, "valid")
        half = AVERAGE_POINTS // 2
        axes.plot(steps[half : half + len(smooth)], smooth, color="#1f4e79", linewidth=1.3)
    if len(values) and values.min() > 0 and values.max() > 20 * values.min():
        axes.set_yscale("log")
    axes.set_title(name.replace("_", " "), fontsize=8)
    axes.tick_params(labelsize=6, which="both")


def _figure(width_in: float, height_in: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), dpi=DPI)


def _png(figure: Figure) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    file = io.BytesIO()
    picture.quantize(COLOURS).save(file, format="PNG", optimize=True)  # a third of the size of true colour
    return file.getvalue()
