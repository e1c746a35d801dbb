"""A student with everything constant for one voice folded away, cut where the device's host code takes over."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.student.blocks import ConvNeXt
from distill.student.decoder import MAX_LOG_MAGNITUDE
from distill.student.model import MobileSoVITS


class FoldedBlock(nn.Module):
    """:class:`ConvNeXt` for one speaker: FiLM is folded into LayerNorm, the residual scale into the second matmul."""

    def __init__(self, block: ConvNeXt, condition: Tensor) -> None:
        super().__init__()
        self.depthwise = block.depthwise
        self.norm = copy.deepcopy(block.norm)
        self.expand = block.expand
        self.project = copy.deepcopy(block.project)
        with torch.no_grad():
            gain, bias = block.film(condition).chunk(2, -1)
            self.norm.weight.mul_(1 + gain)
            self.norm.bias.copy_(block.norm.bias * (1 + gain) + bias)
            self.project.weight.mul_(block.scale[:, None])
            self.project.bias.mul_(block.scale)

    def forward(self, x: Tensor) -> Tensor:
        y = self.depthwise(x.transpose(1, 2).unsqueeze(2)).squeeze(2).transpose(1, 2)
        return x + self.project(F.gelu(self.expand(self.norm(y)), approximate="tanh"))


def _fold(blocks: nn.ModuleList, condition: Tensor) -> nn.ModuleList:
    return nn.ModuleList([FoldedBlock(block, condition) for block in blocks])


class TextGraph(nn.Module):
    """ids int64 [1, tokens] -> features float32 [1, tokens, text_dim], units float32 [1, tokens] (25 ms, unrounded)."""

    def __init__(self, model: MobileSoVITS, condition: Tensor) -> None:
        super().__init__()
        text = model.text
        self.embedding, self.norm, self.duration, self.attention = text.embedding, text.norm, text.duration, text.attention
        self.blocks = _fold(text.blocks, condition)
        self.duration_blocks = _fold(text.duration_blocks, condition)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        x = self.embedding(ids)
        for index, block in enumerate(self.blocks):
            x = block(x)
            if str(index) in self.attention:
                x = _attend(self.attention[str(index)], x)
        features = self.norm(x)
        y = features
        for block in self.duration_blocks:
            y = block(y)
        return features, self.duration(y).squeeze(-1).exp()


def _attend(layer: nn.Module, x: Tensor) -> Tensor:
    """Self-attention without a mask, in shapes that export with a free length."""
    heads, width = layer.heads, x.shape[-1] // layer.heads
    q, k, v = layer.qkv(layer.norm(x)).chunk(3, -1)
    q, k, v = (part.reshape(1, -1, heads, width).transpose(1, 2) for part in (q, k, v))
    weights = torch.softmax(q @ k.transpose(-1, -2) / width**0.5, -1)
    return x + layer.out((weights @ v).transpose(1, 2).reshape(1, -1, heads * width))


class ProsodyGraph(nn.Module):
    """expanded float32 [1, frames, text_dim + 2] -> float32 [1, frames, 3]: centred log F0, scaled energy, voicing logit."""

    def __init__(self, model: MobileSoVITS, condition: Tensor) -> None:
        super().__init__()
        self.inp, self.norm, self.out = model.prosody.inp, model.prosody.norm, model.prosody.out
        self.blocks = _fold(model.prosody.blocks, condition)

    def forward(self, expanded: Tensor) -> Tensor:
        x = self.inp(expanded)
        for block in self.blocks:
            x = block(x)
        return self.out(self.norm(x))


class DecoderGraph(nn.Module):
    """One window of frames to windowed sub-frames of audio, ready for overlap-add.

    ``x`` float32 [1, frames, text_dim + 5]; ``source`` float32 [1, 3 frames, n_fft] unwindowed samples of the harmonic
    source; ``noise`` float32 [1, 3 frames, 2 bins] real and imaginary spectrum of the noise -> [1, 3 frames, n_fft].
    Fourier transforms are matmuls with fixed bases, so that one graph runs on every provider.
    """

    def __init__(self, model: MobileSoVITS, condition: Tensor) -> None:
        super().__init__()
        config = model.config
        self.bins, self.bands_count, self.sub_frames = config.bins, config.head_bands, config.sub_frames
        decoder = model.decoder
        self.inp, self.norm_in, self.norm_out, self.out = decoder.inp, decoder.norm_in, decoder.norm_out, decoder.out
        self.blocks = _fold(decoder.blocks, condition)
        window = model.head.frames.window
        identity = torch.eye(config.head_fft)
        forward = torch.fft.rfft(identity * window)
        self.register_buffer("forward_basis", torch.cat([forward.real, forward.imag], -1))
        half = torch.eye(config.bins)
        inverse = [torch.fft.irfft(torch.complex(half, 0 * half), config.head_fft)]
        inverse.append(torch.fft.irfft(torch.complex(0 * half, half), config.head_fft))
        self.register_buffer("inverse_basis", torch.cat(inverse, 0) * (window / 1.5))
        self.register_buffer("bands", model.head.bands.clone())

    def forward(self, x: Tensor, source: Tensor, noise: Tensor) -> Tensor:
        x = self.norm_in(self.inp(x))
        for block in self.blocks:
            x = block(x)
        parameters = self.out(self.norm_out(x)).reshape(1, -1, self.bins + 3 * self.bands_count)
        log_magnitude, banded = parameters.split([self.bins, 3 * self.bands_count], -1)
        spread = banded.reshape(1, -1, 3, self.bands_count)
        rotation_real = 1 + spread[:, :, 0] @ self.bands
        rotation_imag = spread[:, :, 1] @ self.bands
        mask = torch.sigmoid(spread[:, :, 2]) @ self.bands
        real, imag = (source @ self.forward_basis).split([self.bins, self.bins], -1)
        scale = mask / torch.sqrt(real * real + imag * imag + 1e-10)
        noise_real, noise_imag = noise.split([self.bins, self.bins], -1)
        magnitude = log_magnitude.clamp(max=MAX_LOG_MAGNITUDE).exp()
        out_real = magnitude * (scale * (real * rotation_real - imag * rotation_imag) + (1 - mask) * noise_real)
        out_imag = magnitude * (scale * (real * rotation_imag + imag * rotation_real) + (1 - mask) * noise_imag)
        return torch.cat([out_real, out_imag], -1) @ self.inverse_basis
