"""Frame-wise transforms of the output head: analysis of the source, synthesis of the voice."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ShortFrames(nn.Module):
    """Hann-windowed short frames, ``hop`` apart, the first centred half a hop after the first sample.

    Analysis is a real FFT; synthesis a windowed inverse transform and overlap-add, normalised by the constant window
    sum (hop = n_fft / 4). Both keep a whole number of frames for a whole number of hops, so windows of an utterance
    can be made separately and joined.
    """

    def __init__(self, n_fft: int, hop: int) -> None:
        super().__init__()
        self.n_fft, self.hop = n_fft, hop
        self.lead = n_fft // 2 - hop // 2
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    def analyse(self, wave: Tensor) -> Tensor:
        """[batch, samples] -> complex [batch, samples / hop, n_fft / 2 + 1]."""
        padded = F.pad(wave, (self.lead, self.n_fft - self.hop - self.lead))
        return torch.fft.rfft(padded.unfold(-1, self.n_fft, self.hop) * self.window)

    def synthesise(self, spectrum: Tensor) -> Tensor:
        """Complex [batch, frames, bins] -> [batch, frames * hop]."""
        frames = torch.fft.irfft(spectrum, self.n_fft) * (self.window / 1.5)
        return overlap_add(frames, self.hop)[:, self.lead : self.lead + frames.shape[1] * self.hop]


def overlap_add(frames: Tensor, hop: int) -> Tensor:
    """[batch, n, n_fft] -> [batch, (n - 1) * hop + n_fft]; n_fft must be a multiple of hop."""
    batch, count, n_fft = frames.shape
    parts = n_fft // hop
    pieces = frames.view(batch, count, parts, hop)
    total = sum(F.pad(pieces[:, :, k], (0, 0, k, parts - 1 - k)) for k in range(parts))
    return total.reshape(batch, (count + parts - 1) * hop)
