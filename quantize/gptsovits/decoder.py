"""Latents to samples: HiFi-GAN's generator (Kong et al. 2020), weight norm folded."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quantize.gptsovits.config import SovitsConfig

SLOPE = 0.1
LAST_SLOPE = 0.01
"""Before the last convolution the slope is another one."""


class ResBlock(nn.Module):
    def __init__(self, width: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(
            nn.Conv1d(width, width, kernel, dilation=dilation, padding=dilation * (kernel // 2)) for dilation in dilations
        )
        self.convs2 = nn.ModuleList(nn.Conv1d(width, width, kernel, padding=kernel // 2) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        for wide, narrow in zip(self.convs1, self.convs2, strict=True):
            x = x + narrow(F.leaky_relu(wide(F.leaky_relu(x, SLOPE)), SLOPE))
        return x


class Decoder(nn.Module):
    """Parameter names are the checkpoint's. ``cond`` is None once the voice is in the first bias."""

    def __init__(self, config: SovitsConfig) -> None:
        super().__init__()
        self.blocks_each = len(config.res_kernels)
        widths = [config.up_channels >> step for step in range(len(config.up_rates) + 1)]
        self.conv_pre = nn.Conv1d(config.latent, widths[0], 7, padding=3)
        self.cond: nn.Linear | None = nn.Linear(config.speaker, widths[0])
        self.ups = nn.ModuleList(
            nn.ConvTranspose1d(wide, narrow, kernel, rate, padding=(kernel - rate) // 2)
            for wide, narrow, kernel, rate in zip(widths, widths[1:], config.up_kernels, config.up_rates, strict=False)
        )
        self.resblocks = nn.ModuleList(
            ResBlock(width, kernel, dilations)
            for width in widths[1:]
            for kernel, dilations in zip(config.res_kernels, config.res_dilations, strict=True)
        )
        self.conv_post = nn.Conv1d(widths[-1], 1, 7, padding=3, bias=False)

    def forward(self, z: Tensor, ge: Tensor | None) -> Tensor:
        """``z`` float32 [1, latent, frames]; ``ge`` [speaker], None once :meth:`folded` -> samples [frames * hop] in -1..1."""
        x = self.conv_pre(z)
        if ge is not None:
            x = x + self.cond(ge)[None, :, None]
        for index, up in enumerate(self.ups):
            x = up(F.leaky_relu(x, SLOPE))
            blocks = self.resblocks[index * self.blocks_each : (index + 1) * self.blocks_each]
            x = sum(block(x) for block in blocks) / self.blocks_each
        return self.conv_post(F.leaky_relu(x, LAST_SLOPE)).tanh()[0, 0]

    def folded(self, ge: Tensor) -> Decoder:
        """This module for one voice: the condition goes into a bias, exactly."""
        new = copy.deepcopy(self)
        with torch.no_grad():
            new.conv_pre.bias += self.cond(ge)
        new.cond = None
        return new
