"""Corpus items in memory, and batches that are a pure function of (seed, step)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from distill.corpus.shards import CorpusError, Item, read_shard
from distill.student.config import StudentConfig
from distill.train.group import Group


@dataclass(frozen=True, slots=True)
class TextBatch:
    """Padded whole segments: ``ids`` [batch, tokens], ``mask`` [batch, tokens, 1], ``units`` float and ``frames`` int64
    [batch, tokens]; ``f0_hz`` and ``energy`` [batch, frames], ``frame_mask`` [batch, frames, 1]."""

    ids: Tensor
    mask: Tensor
    units: Tensor
    frames: Tensor
    f0_hz: Tensor
    energy: Tensor
    frame_mask: Tensor

    def to(self, device: str) -> TextBatch:
        return TextBatch(*(getattr(self, f.name).to(device) for f in fields(self)))


@dataclass(frozen=True, slots=True)
class AudioBatch:
    """A :class:`TextBatch` and a crop of each item: ``start`` [batch] first frame, ``audio`` [batch, crop * hop]; ``f0_hz``
    is cut by the user with the same start so that the source keeps its phase from the segment's beginning."""

    text: TextBatch
    start: Tensor
    audio: Tensor

    def to(self, device: str) -> AudioBatch:
        return AudioBatch(self.text.to(device), self.start.to(device), self.audio.to(device))


def load_items(folders: Sequence[Path], keep: Callable[[Item], bool]) -> list[Item]:
    """All items of all shards that ``keep`` accepts, in shard order.

    Raises:
        CorpusError: nothing was found, or a shard is damaged.
    """
    items = [item for folder in folders for path in sorted(folder.glob("shard-*.npz")) for item in read_shard(path) if keep(item)]
    if not items:
        raise CorpusError(f"no usable items in {', '.join(map(str, folders))}; build the corpus first")
    return items


def text_batch(items: Sequence[Item]) -> TextBatch:
    """Pad items to one batch."""
    tokens, frames = max(len(i.ids) for i in items), max(int(i.frames.sum()) for i in items)
    size = len(items)
    ids, token_frames = torch.zeros(size, tokens, dtype=torch.long), torch.zeros(size, tokens, dtype=torch.long)
    mask, units = torch.zeros(size, tokens, 1), torch.ones(size, tokens)
    f0_hz, energy, frame_mask = torch.zeros(size, frames), torch.zeros(size, frames), torch.zeros(size, frames, 1)
    for row, item in enumerate(items):
        n, m = len(item.ids), int(item.frames.sum())
        ids[row, :n], mask[row, :n], units[row, :n] = torch.from_numpy(item.ids), 1, torch.from_numpy(item.units)
        token_frames[row, :n] = torch.from_numpy(item.frames)
        f0_hz[row, :m], energy[row, :m] = torch.from_numpy(item.f0_hz[:m]), torch.from_numpy(item.energy[:m])
        frame_mask[row, :m] = 1
    return TextBatch(ids, mask, units, token_frames, f0_hz, energy, frame_mask)


class TextBatches:
    """Random batches of segments of similar length; each process of ``group`` gets its share."""

    def __init__(self, items: Sequence[Item], size: int, seed: int, group: Group) -> None:
        self._items = sorted(items, key=lambda item: len(item.ids))
        self._size, self._seed, self._group = size, seed, group

    def __call__(self, step: int) -> TextBatch:
        rng = np.random.default_rng((self._seed, 1, step))
        span = 4 * self._size  # a window of similar lengths, so that little is padding
        start = int(rng.integers(0, max(1, len(self._items) - span)))
        window = self._items[start : start + span]
        chosen = rng.choice(len(window), size=min(self._size, len(window)), replace=False)
        return text_batch(self._group.share([window[i] for i in chosen]))


class AudioBatches:
    """Random crops, each segment as likely as it is long times its language's weight (1 where ``language_weights`` has
    none); each process of ``group`` gets its share."""

    def __init__(
        self,
        items: Sequence[Item],
        size: int,
        crop_frames: int,
        seed: int,
        config: StudentConfig,
        group: Group,
        language_weights: Mapping[str, float] | None = None,
    ) -> None:
        self._items = [item for item in items if int(item.frames.sum()) > crop_frames]
        if not self._items:
            raise CorpusError(f"no item with audio is longer than a crop of {crop_frames} frames")
        factors = language_weights or {}
        weights = np.array([int(item.frames.sum()) * factors.get(item.line.lang, 1.0) for item in self._items], np.float64)
        self._weights = weights / weights.sum()
        self._size, self._crop, self._seed, self._hop, self._group = size, crop_frames, seed, config.hop, group

    def __call__(self, step: int) -> AudioBatch:
        rng = np.random.default_rng((self._seed, 2, step))
        chosen = [self._items[i] for i in rng.choice(len(self._items), size=self._size, p=self._weights)]
        starts = [int(rng.integers(0, int(item.frames.sum()) - self._crop + 1)) for item in chosen]
        chosen, starts = self._group.share(chosen), self._group.share(starts)
        audio = np.stack(
            [item.audio[start * self._hop : (start + self._crop) * self._hop] for item, start in zip(chosen, starts, strict=True)]
        )
        wave = torch.from_numpy(audio.astype(np.float32) / 32767)
        return AudioBatch(text_batch(chosen), torch.tensor(starts), wave)
