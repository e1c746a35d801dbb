"""From the text feature, F0 and energy to audio."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from distill.teachers.kokoro_torch.blocks import SnakeBlock, StyledBlock
from distill.teachers.kokoro_torch.config import MEL_UPSAMPLING, N_BINS, KokoroConfig
from distill.teachers.kokoro_torch.source import HarmonicSource, inverse, spectrum

_KERNELS = (3, 7, 11)
_SOURCE_KERNELS = (7, 11)


class Decoder(nn.Module):
    """Frames of 25 ms to audio of 600 samples each."""

    def __init__(self, config: KokoroConfig) -> None:
        super().__init__()
        width, style = config.decoder, config.style
        beside = config.text_residual + 2
        self.F0_conv, self.N_conv = (nn.Conv1d(1, 1, 3, 2, 1) for _ in range(2))
        self.asr_res = nn.Conv1d(config.hidden, config.text_residual, 1)
        self.encode = StyledBlock(config.hidden + 2, width, style)
        last = StyledBlock(width + beside, width // 2, style, doubled=True)
        self.decode = nn.ModuleList([*(StyledBlock(width + beside, width, style) for _ in range(3)), last])
        self.generator = Generator(width // 2, style)

    def forward(self, text: Tensor, f0_hz: Tensor, energy: Tensor, style: Tensor) -> Tensor:
        """``text`` float32 [batch, hidden, units], ``f0_hz`` and ``energy`` [batch, 2 * units] to audio [batch, 600 * units]."""
        tracks = [self.F0_conv(f0_hz[:, None]), self.N_conv(energy[:, None])]
        beside = [self.asr_res(text), *tracks]
        x = self.encode(torch.cat([text, *tracks], 1), style)
        for block in self.decode:
            x = block(torch.cat([x, *beside], 1), style)
        return self.generator(x, f0_hz, style)


class Generator(nn.Module):
    """iSTFTNet: a harmonic source, two steps of upsampling, an inverse STFT."""

    def __init__(self, width: int, style: int) -> None:
        super().__init__()
        sizes = [width // 2, width // 4]
        self.m_source = HarmonicSource()
        self.noise_convs = nn.ModuleList([nn.Conv1d(2 * N_BINS, sizes[0], 12, 6, 3), nn.Conv1d(2 * N_BINS, sizes[1], 1)])
        self.noise_res = nn.ModuleList(SnakeBlock(size, k, style) for size, k in zip(sizes, _SOURCE_KERNELS, strict=True))
        self.ups = nn.ModuleList(
            nn.ConvTranspose1d(2 * size, size, 2 * rate, rate, rate // 2) for size, rate in zip(sizes, MEL_UPSAMPLING, strict=True)
        )
        self.resblocks = nn.ModuleList(SnakeBlock(size, kernel, style) for size in sizes for kernel in _KERNELS)
        self.conv_post = nn.Conv1d(sizes[1], 2 * N_BINS, 7, padding=3)

    def forward(self, x: Tensor, f0_hz: Tensor, style: Tensor) -> Tensor:
        """``x`` float32 [batch, width, frames] and ``f0_hz`` [batch, frames] to audio [batch, 300 * frames]."""
        head = self.head(x, spectrum(self.m_source(f0_hz)), style)
        return inverse(head[:, :N_BINS].exp(), head[:, N_BINS:].sin())

    def head(self, x: Tensor, source: Tensor, style: Tensor) -> Tensor:
        """Log magnitudes, and phases before their sine, [batch, 22, 60 * frames + 1] from a ``source`` spectrum of that shape."""
        for n, (up, conv, res) in enumerate(zip(self.ups, self.noise_convs, self.noise_res, strict=True)):
            x = up(F.leaky_relu(x, 0.1))
            if n == len(self.ups) - 1:
                x = F.pad(x, (1, 0), mode="reflect")
            x = x + res(conv(source), style)
            blocks = self.resblocks[n * len(_KERNELS) : (n + 1) * len(_KERNELS)]
            x = sum(block(x, style) for block in blocks) / len(_KERNELS)
        return self.conv_post(F.leaky_relu(x))
