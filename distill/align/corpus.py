"""Takes without durations become corpus shards with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from distill.align.learn import AlignConfig, Spoken, align, fit
from distill.align.model import Aligner
from distill.align.search import AlignmentError
from distill.corpus.shards import Item, read_shard, write_shard
from distill.teachers import Utterance
from distill.teachers.audio_only import mel_power

OUTLIER = 5.0
"""Median absolute deviations below the median: there the audio does not say what the phonemes do."""


def align_corpus(takes: Path, folder: Path, config: AlignConfig) -> int:
    """Give every take in ``takes`` its durations and write the shards that ``folder`` lacks; returns how many takes fit too
    badly and were left out.

    Raises:
        AlignmentError: there are no usable takes.
        CorpusError: a shard is damaged.
    """
    paths = sorted(takes.glob("shard-*.npz"))
    if not paths:
        raise AlignmentError(f"no takes in {takes}; have the teacher read the corpus first")
    missing = [path for path in paths if not (folder / path.name).exists()]
    if not missing:
        return 0
    shards = {path: [(item, _spoken(item)) for item in read_shard(path)] for path in paths}
    everything = [spoken for rows in shards.values() for _, spoken in rows]
    model = fit(everything, config)
    found = {path: [(item, _aligned(model, spoken)) for item, spoken in rows] for path, rows in shards.items()}
    fits = np.array([fit_ for rows in found.values() for _, (_, fit_) in rows])
    middle = np.median(fits)
    least = middle - OUTLIER * np.median(np.abs(fits - middle))
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        rows = [(item.line, _utterance(item, frames)) for item, (frames, fit_) in found[path] if frames is not None and fit_ >= least]
        write_shard(folder, int(path.stem.removeprefix("shard-")), rows)
    return int((fits < least).sum())


def _spoken(item: Item) -> Spoken:
    return Spoken.of(item.ids, mel_power(item.audio.astype(np.float32) / 32767))


def _aligned(model: Aligner, spoken: Spoken) -> tuple[NDArray[np.int64] | None, float]:
    try:
        return align(model, spoken)
    except AlignmentError:
        return None, -np.inf


def _utterance(item: Item, frames: NDArray[np.int64]) -> Utterance:
    wave = item.audio.astype(np.float32) / 32767
    return Utterance(item.line.phonemes, item.ids, wave, (frames / 2).astype(np.float32), frames, item.f0_hz, item.energy)
