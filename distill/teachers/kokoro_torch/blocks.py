"""Blocks that take the style in."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_SLOPE = 0.2


class AdaptiveNorm(nn.Module):
    """Normalised over time (AdaIN) or, ``over_channels``, over channels; gain and bias come from the style.

    ``x`` float32 [batch, channels, time], ``style`` [batch, style].
    """

    def __init__(self, style: int, channels: int, *, over_channels: bool = False) -> None:
        super().__init__()
        self.fc = nn.Linear(style, 2 * channels)
        self.over_channels = over_channels

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        gain, bias = self.fc(style)[..., None].chunk(2, 1)
        if self.over_channels:
            return (1 + gain) * F.layer_norm(x.mT, x.shape[1:2]).mT + bias
        return (1 + gain) * F.instance_norm(x) + bias


class StyledBlock(nn.Module):
    """Residual block of predictors and decoder; ``doubled`` has twice as many frames come out."""

    def __init__(self, inside: int, outside: int, style: int, *, doubled: bool = False) -> None:
        super().__init__()
        self.norm1 = AdaptiveNorm(style, inside)
        self.norm2 = AdaptiveNorm(style, outside)
        self.conv1 = nn.Conv1d(inside, outside, 3, padding=1)
        self.conv2 = nn.Conv1d(outside, outside, 3, padding=1)
        self.conv1x1 = nn.Conv1d(inside, outside, 1, bias=False) if inside != outside else None
        self.pool = nn.ConvTranspose1d(inside, inside, 3, 2, 1, 1, groups=inside) if doubled else None

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        inner = F.leaky_relu(self.norm1(x, style), _SLOPE)
        if self.pool is not None:
            inner, x = self.pool(inner), x.repeat_interleave(2, -1)
        inner = self.conv2(F.leaky_relu(self.norm2(self.conv1(inner), style), _SLOPE))
        return (inner + (x if self.conv1x1 is None else self.conv1x1(x))) / math.sqrt(2)


class SnakeBlock(nn.Module):
    """Residual block of the vocoder: three pairs of convolutions, the first dilated, after periodic activations."""

    def __init__(self, channels: int, kernel: int, style: int) -> None:
        super().__init__()
        dilations = (1, 3, 5)
        self.convs1 = nn.ModuleList(nn.Conv1d(channels, channels, kernel, padding=d * (kernel // 2), dilation=d) for d in dilations)
        self.convs2 = nn.ModuleList(nn.Conv1d(channels, channels, kernel, padding=kernel // 2) for _ in dilations)
        self.adain1 = nn.ModuleList(AdaptiveNorm(style, channels) for _ in dilations)
        self.adain2 = nn.ModuleList(AdaptiveNorm(style, channels) for _ in dilations)
        self.alpha1 = nn.ParameterList(torch.ones(1, channels, 1) for _ in dilations)
        self.alpha2 = nn.ParameterList(torch.ones(1, channels, 1) for _ in dilations)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        for n in range(len(self.convs1)):
            inner = self.convs1[n](snake(self.adain1[n](x, style), self.alpha1[n]))
            x = x + self.convs2[n](snake(self.adain2[n](inner, style), self.alpha2[n]))
        return x


def snake(x: Tensor, alpha: Tensor) -> Tensor:
    """Periodic activation (arXiv 2006.08195)."""
    return x + torch.sin(alpha * x).square() / alpha
