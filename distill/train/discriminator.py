"""Discriminators small enough for a CPU with bfloat16 matrix units: periods of the waveform, and spectrograms."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SLOPE = 0.1


@dataclass(frozen=True, slots=True)
class DiscriminatorConfig:
    periods: tuple[int, ...] = (2, 3, 5, 7, 11)
    period_channels: tuple[int, ...] = (32, 64, 128, 128)
    ffts: tuple[int, ...] = (512, 1024, 2048)
    fft_channels: tuple[int, ...] = (32, 32, 32, 32)


class PeriodDiscriminator(nn.Module):
    """The waveform folded at a period, strided convolutions along time (HiFi-GAN's idea)."""

    def __init__(self, period: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.period = period
        widths = (1, *channels)
        self.layers = nn.ModuleList(
            [nn.Conv2d(a, b, (5, 1), (3, 1), (2, 0)) for a, b in pairwise(widths)]
        )
        self.out = nn.Conv2d(widths[-1], 1, (3, 1), 1, (1, 0))

    def forward(self, wave: Tensor) -> tuple[Tensor, list[Tensor]]:
        wave = F.pad(wave, (0, -wave.shape[-1] % self.period), "reflect")
        x = wave.view(wave.shape[0], 1, -1, self.period).contiguous(memory_format=torch.channels_last)
        return _run(self.layers, self.out, x)


class SpectrogramDiscriminator(nn.Module):
    """Compressed magnitude spectrogram, convolutions over time and frequency."""

    def __init__(self, n_fft: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.n_fft = n_fft
        widths = (1, *channels)
        self.layers = nn.ModuleList(
            [nn.Conv2d(a, b, (3, 9), (1, 2), (1, 4)) for a, b in pairwise(widths)]
        )
        self.out = nn.Conv2d(widths[-1], 1, 3, 1, 1)
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    def forward(self, wave: Tensor) -> tuple[Tensor, list[Tensor]]:
        spectrum = torch.stft(wave.float(), self.n_fft, self.n_fft // 4, window=self.window, return_complex=True)
        x = (spectrum.abs() + 1e-4).pow(0.3).transpose(1, 2).unsqueeze(1)
        return _run(self.layers, self.out, x.contiguous(memory_format=torch.channels_last))


def _run(layers: nn.ModuleList, out: nn.Module, x: Tensor) -> tuple[Tensor, list[Tensor]]:
    features = []
    for layer in layers:
        x = F.leaky_relu(layer(x), SLOPE)
        features.append(x)
    return out(x), features


class Discriminator(nn.Module):
    """All of them; forward gives a score map and the inner features of each."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.parts = nn.ModuleList(
            [PeriodDiscriminator(p, config.period_channels) for p in config.periods]
            + [SpectrogramDiscriminator(n, config.fft_channels) for n in config.ffts]
        ).to(memory_format=torch.channels_last)

    def forward(self, wave: Tensor) -> list[tuple[Tensor, list[Tensor]]]:
        """``wave`` [batch, samples]."""
        return [part(wave) for part in self.parts]


def adversarial_losses(discriminator: Discriminator, wave: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """One pass over real and made audio for both sides of the game.

    Returns the discriminator's loss, and the gradient with respect to ``wave`` of the generator's two losses: least
    squares and feature matching. The generator's loss reuses the forward pass of the discriminator as it is now, which
    halves the work against updating them in turn.
    """
    made = wave.detach().requires_grad_(True)
    real_outputs, made_outputs = discriminator(target), discriminator(made)
    against = fooling = matching = wave.new_zeros(())
    for (real, real_features), (fake, fake_features) in zip(real_outputs, made_outputs, strict=True):
        against = against + (1 - real.float()).square().mean() + fake.float().square().mean()
        fooling = fooling + (1 - fake.float()).square().mean()
        pairs = zip(real_features, fake_features, strict=True)
        matching = matching + sum(_Distance.apply(b, a.detach()) for a, b in pairs) / len(real_features)
    (slope,) = torch.autograd.grad(fooling + 2 * matching, made, retain_graph=True)
    return against, slope, torch.stack([fooling.detach(), matching.detach()])


class _Distance(torch.autograd.Function):
    """Mean absolute difference of features as they are: ``l1_loss`` would want them in float32, copies that cost a sixth of a step."""

    @staticmethod
    def forward(ctx: Any, made: Tensor, real: Tensor) -> Tensor:
        difference = made - real
        ctx.save_for_backward(difference)
        return difference.abs().sum().float() / difference.numel()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (difference,) = ctx.saved_tensors
        return difference.sign().mul_((gradient / difference.numel()).to(difference.dtype)), None
