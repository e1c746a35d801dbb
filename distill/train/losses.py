"""What makes a waveform wrong, besides what a discriminator notices."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.student.prosody import ENERGY_SCALE, F0_CENTRE, F0_FLOOR_HZ

RESOLUTIONS = (512, 1024, 2048)
PHASE_FFT = 512
FLOOR = 1e-5


def mel_matrix(n_fft: int, sample_rate: int, n_mels: int) -> Tensor:
    """Triangular mel filters (HTK scale, area-normalised), float [n_fft / 2 + 1, n_mels]."""
    top = 2595 * math.log10(1 + sample_rate / 2 / 700)
    edges = 700 * (10 ** (torch.linspace(0, top, n_mels + 2) / 2595) - 1)
    bins = torch.linspace(0, sample_rate / 2, n_fft // 2 + 1)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    triangles = torch.minimum(rising, falling).clamp_min(0)
    return triangles / triangles.sum(0).clamp_min(1e-6)


class SpectralLoss(nn.Module):
    """Multi-resolution STFT loss (spectral convergence and log magnitude), log-mel L1, and a complex term.

    The complex term makes sense because the teacher's source has no randomness: its waveform is a function of what the
    student is given. It only helps once magnitudes are nearly right, so its weight is ramped by the caller.
    """

    def __init__(self, sample_rate: int = 24_000, n_mels: int = 100) -> None:
        super().__init__()
        for n_fft in RESOLUTIONS:
            self.register_buffer(f"window{n_fft}", torch.hann_window(n_fft), persistent=False)
        self.register_buffer("mel", mel_matrix(1024, sample_rate, n_mels), persistent=False)

    def forward(self, wave: Tensor, target: Tensor, phase_weight: float = 0.0) -> tuple[Tensor, dict[str, float]]:
        """``wave``, ``target`` [batch, samples] -> scalar loss and its parts."""
        convergence = log_magnitude = mel = phase = wave.new_zeros(())
        for n_fft in RESOLUTIONS:
            ours, theirs = self._stft(wave, n_fft), self._stft(target, n_fft)
            a, b = ours.abs().clamp_min(FLOOR), theirs.abs().clamp_min(FLOOR)
            convergence = convergence + torch.linalg.norm(b - a) / torch.linalg.norm(b)
            log_magnitude = log_magnitude + F.l1_loss(a.log(), b.log())
            if n_fft == 1024:
                mel = F.l1_loss((a.transpose(1, 2) @ self.mel).log(), (b.transpose(1, 2) @ self.mel).log())
            if n_fft == PHASE_FFT and phase_weight > 0:
                phase = (ours - theirs).abs().mean() / b.mean()
        count = len(RESOLUTIONS)
        loss = (convergence + log_magnitude) / count + mel + phase_weight * phase
        parts = {"convergence": convergence / count, "log_magnitude": log_magnitude / count, "mel": mel, "phase": phase}
        return loss, {name: float(value.detach()) for name, value in parts.items()}

    def _stft(self, wave: Tensor, n_fft: int) -> Tensor:
        window = getattr(self, f"window{n_fft}")
        return torch.stft(wave, n_fft, n_fft // 4, window=window, return_complex=True)


def prosody_loss(log_f0: Tensor, energy: Tensor, voicing: Tensor, f0_hz: Tensor, true_energy: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """L1 on log F0 where voiced, L1 on scaled energy, cross-entropy on voicing; all [batch, frames], ``mask`` likewise."""

    voiced = (f0_hz > F0_FLOOR_HZ).to(log_f0) * mask
    target = f0_hz.clamp_min(F0_FLOOR_HZ).log() - F0_CENTRE
    total = mask.sum()
    return {
        "f0": ((log_f0 - target).abs() * voiced).sum() / voiced.sum().clamp_min(1),
        "energy": ((energy - true_energy / ENERGY_SCALE).abs() * mask).sum() / total,
        "voicing": (F.binary_cross_entropy_with_logits(voicing, voiced, reduction="none") * mask).sum() / total,
    }
