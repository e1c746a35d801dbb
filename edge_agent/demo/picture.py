"""Waveform and spectrogram of what was played."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

PX = 1 / 100


def draw(wav: Path, png: Path, title: str) -> float:
    """Draw ``wav`` into ``png``; the length of its sound in seconds (silence before and after left out).

    Raises:
        soundfile.LibsndfileError: the file is not a sound file.
    """
    # Matplotlib is wanted by nothing but the demonstration, and takes a second to import.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    samples, rate = soundfile.read(wav, dtype="float32", always_2d=True)
    mono = samples.mean(1)
    loud = np.flatnonzero(np.abs(mono) > 1e-3)
    seconds = (loud[-1] - loud[0]) / rate if len(loud) else 0.0
    figure = Figure(figsize=(1200 * PX, 600 * PX), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    top, bottom = figure.subplots(2, 1, sharex=True)
    top.plot(np.arange(len(mono)) / rate, mono, linewidth=0.4)
    top.set(ylabel="amplitude", ylim=(-1, 1), title=f"{seconds:.2f} s played through ALSA at {rate} Hz")
    # digital silence has no logarithm: a noise far below hearing stands for it
    dither = np.random.default_rng(0).normal(0, 1e-7, len(mono))
    bottom.specgram(mono + dither, NFFT=1024, noverlap=768, Fs=rate, vmin=-120, vmax=-20)
    bottom.set(ylabel="Hz", xlabel="s", ylim=(0, 12_000))
    figure.savefig(png, metadata={"Title": title})
    return float(seconds)
