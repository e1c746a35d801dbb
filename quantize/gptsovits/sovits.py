"""The second stage whole: semantic tokens, phonemes and a reference to sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from quantize.gptsovits.config import CODE_DIM, MRTE_DIM, N_CODES, SPEAKER_DIM, SovitsConfig
from quantize.gptsovits.decoder import Decoder
from quantize.gptsovits.flow import Flow
from quantize.gptsovits.prior import Prior
from quantize.gptsovits.style import StyleEncoder

NOISE_SCALE = 0.5


@dataclass(frozen=True, slots=True)
class Speaker:
    """``ge`` float32 [speaker] is given to flow and decoder, ``ge512`` float32 [512] to the prior; the same but for Pro."""

    ge: Tensor
    ge512: Tensor


@dataclass(frozen=True, slots=True)
class Decoded:
    """``wave`` [samples]; ``encoded``, ``mean``, ``log_std`` and ``z`` [latent, frames]."""

    wave: Tensor
    encoded: Tensor
    mean: Tensor
    log_std: Tensor
    z: Tensor


class Sovits(nn.Module):
    """Parameter names are the checkpoint's, but for ``codebook``. What training alone needs is left out."""

    def __init__(self, config: SovitsConfig) -> None:
        super().__init__()
        self.config = config
        self.codebook = nn.Parameter(torch.empty(N_CODES, CODE_DIM))
        self.ssl_proj = nn.Conv1d(CODE_DIM, CODE_DIM, 2, stride=2)
        self.enc_p = Prior(config)
        self.flow = Flow(config)
        self.dec = Decoder(config)
        self.ref_enc = StyleEncoder(config.spec_bins, config.speaker)
        if config.pro:
            self.sv_emb = nn.Linear(SPEAKER_DIM, config.speaker)
            self.ge_to512 = nn.Linear(config.speaker, MRTE_DIM)
            self.prelu = nn.PReLU(config.speaker)

    def spectrum(self, wave: Tensor) -> Tensor:
        """Magnitudes float32 [n_fft // 2 + 1, frames] of a recording [samples] at ``config.sample_rate``."""
        c = self.config
        pad = (c.n_fft - c.hop) // 2
        padded = nn.functional.pad(wave[None, None], (pad, pad), mode="reflect")[0, 0]
        window = torch.hann_window(c.n_fft)
        power = torch.stft(padded, c.n_fft, c.hop, window=window, center=False, return_complex=True).abs().square()
        return (power + 1e-8).sqrt()

    def speaker(self, spectra: Sequence[Tensor], vectors: Sequence[Tensor] = ()) -> Speaker:
        """The voice of one or more references, averaged.

        Args:
            spectra: of :meth:`spectrum`, one a reference.
            vectors: speaker-verification vectors float32 [20480], one a reference, for Pro only.
        """
        each = [self.ref_enc(spectrum[: self.config.spec_bins]) for spectrum in spectra]
        if not self.config.pro:
            ge = torch.stack(each).mean(0)
            return Speaker(ge, ge)
        vectors = [self.sv_emb(vector) for vector in vectors]
        # PReLU's channels lie in the second dimension.
        each = [self.prelu((one + vector)[None])[0] for one, vector in zip(each, vectors, strict=True)]
        ge = torch.stack(each).mean(0)
        return Speaker(ge, self.ge_to512(ge))

    def prompt_tokens(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Nearest codes of speech ``features`` float32 [768, frames at 50 Hz].

        Returns:
            tokens int64 [frames // 2], and by how much the second nearest is farther, in squared distance.
        """
        x = self.ssl_proj(features[None])[0].T.double()
        codebook = self.codebook.double()
        distances = x.square().sum(-1, keepdim=True) - 2 * x @ codebook.T + codebook.square().sum(-1)
        nearest = distances.topk(2, largest=False)
        return nearest.indices[:, 0], (nearest.values[:, 1] - nearest.values[:, 0]).float()

    def content(self, tokens: Tensor) -> Tensor:
        """``tokens`` int64 [n] -> [2 n, width], what the prior takes."""
        return self.enc_p.ssl_proj(self.codebook[tokens].repeat_interleave(2, 0))

    def forward(
        self, tokens: Tensor, phones: Tensor, speaker: Speaker, *, noise: Tensor | None = None, noise_scale: float = NOISE_SCALE,
        speed: float = 1.0,
    ) -> Decoded:  # fmt: skip
        """Speak ``tokens`` int64 [n] of the text ``phones`` int64 [p].

        Args:
            noise: standard normal float32 [latent, frames]; None for the prior's mean.
            speed: above 1 is faster; frames are ``int(2 n / speed) + 1`` unless it is 1.
        """
        encoded, mean, log_std = (each.T for each in self.enc_p(self.content(tokens), phones, speaker.ge512, stretched(len(tokens), speed)))
        z_p = mean if noise is None else mean + noise * log_std.exp() * noise_scale
        z = self.flow(z_p[None], speaker.ge)
        return Decoded(self.dec(z, speaker.ge), encoded, mean, log_std, z[0])


def stretched(n_tokens: int, speed: float) -> int | None:
    """Frames that so many tokens take at that speed; None where nothing is stretched."""
    return None if speed == 1 else int(2 * n_tokens / speed) + 1
