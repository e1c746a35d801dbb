"""Frame features to waveform: ConvNeXt backbone and the harmonic-plus-noise head with a short window."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from distill.student.blocks import ConvNeXt
from distill.student.config import StudentConfig
from distill.student.stft import ShortFrames

MAX_LOG_MAGNITUDE = 6.0


def band_matrix(bands: int, bins: int) -> Tensor:
    """Linear interpolation from bands to STFT bins, float [bands, bins]."""
    position = torch.linspace(0, bands - 1, bins)
    low = position.floor().long().clamp(max=bands - 2)
    weight = position - low
    matrix = torch.zeros(bands, bins)
    matrix[low, torch.arange(bins)] = 1 - weight
    matrix[low + 1, torch.arange(bins)] += weight
    return matrix


class Decoder(nn.Module):
    """Expanded text, F0, voicing and energy to the parameters of the output STFT."""

    def __init__(self, config: StudentConfig) -> None:
        super().__init__()
        self.config = config
        dim = config.decoder_dim
        self.inp = nn.Linear(config.text_dim + 2 + 3, dim)
        self.norm_in = nn.LayerNorm(dim)
        self.blocks = nn.ModuleList(
            [ConvNeXt(dim, config.decoder_hidden, config.condition_dim) for _ in range(config.decoder_blocks)]
        )
        self.norm_out = nn.LayerNorm(dim)
        self.out = nn.Linear(dim, config.sub_frames * (config.bins + 3 * config.head_bands))
        with torch.no_grad():
            self.out.weight.mul_(0.5)
            self.out.bias.zero_()

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """``x`` [batch, frames, text_dim + 5] -> [batch, frames * sub_frames, bins + 3 * bands]."""
        x = self.norm_in(self.inp(x))
        for block in self.blocks:
            x = block(x, condition)
        with torch.autocast(x.device.type, enabled=False):  # phases and log magnitudes need more than eight bits
            y = self.out(self.norm_out(x.float()))
        return y.view(x.shape[0], -1, self.config.bins + 3 * self.config.head_bands)


class Head(nn.Module):
    """Output STFT = exp(m) (v S/|S| r + (1 - v) Z): free magnitude m; phase of the harmonic source S rotated by r on
    bands, mixed by a voicing mask v with noise Z."""

    def __init__(self, config: StudentConfig) -> None:
        super().__init__()
        self.config = config
        self.frames = ShortFrames(config.head_fft, config.head_hop)
        self.register_buffer("bands", band_matrix(config.head_bands, config.bins), persistent=False)

    def forward(self, parameters: Tensor, source: Tensor, noise: Tensor) -> Tensor:
        """``parameters`` as the decoder gives; ``source``, ``noise`` [batch, samples] -> waveform [batch, samples]."""
        with torch.autocast(parameters.device.type, enabled=False):
            return self._wave(parameters.float(), source, noise)

    def _wave(self, parameters: Tensor, source: Tensor, noise: Tensor) -> Tensor:
        bins, bands = self.config.bins, self.config.head_bands
        log_magnitude, real, imag, voicing = parameters.split([bins, bands, bands, bands], -1)
        with torch.no_grad():
            spectrum = self.frames.analyse(source)
            unit = spectrum / spectrum.abs().clamp_min(1e-5)
            hiss = self.frames.analyse(noise)
            hiss = hiss / (self.frames.window.square().sum() * torch.pi / 4).sqrt()  # mean magnitude 1 for unit variance
        rotation = torch.complex(1 + real @ self.bands, imag @ self.bands)
        mask = torch.sigmoid(voicing) @ self.bands
        magnitude = log_magnitude.clamp(max=MAX_LOG_MAGNITUDE).exp()
        return self.frames.synthesise(magnitude * (mask * unit * rotation + (1 - mask) * hiss))
