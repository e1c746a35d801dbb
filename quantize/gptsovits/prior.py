"""Semantic tokens, phonemes and a voice to the prior of the latents: ``enc_p`` of a checkpoint."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quantize.gptsovits.attention import Attention, Encoder
from quantize.gptsovits.config import CODE_DIM, MRTE_DIM, SovitsConfig

MRTE_HEADS = 4


class Mrte(nn.Module):
    """Content looks at the text, then takes on the voice."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cross_attention = Attention(MRTE_DIM, MRTE_HEADS, None)
        self.c_pre = nn.Linear(width, MRTE_DIM)
        self.text_pre = nn.Linear(width, MRTE_DIM)
        self.c_post = nn.Linear(MRTE_DIM, width)

    def forward(self, content: Tensor, text: Tensor, ge: Tensor | None) -> Tensor:
        """``content`` [frames, width], ``text`` [phones, width], ``ge`` [512] unless folded -> [frames, width]."""
        content = self.c_pre(content)
        mixed = self.cross_attention(content, self.text_pre(text)) + content
        return self.c_post(mixed if ge is None else mixed + ge)


class Prior(nn.Module):
    """Parameter names are the checkpoint's."""

    def __init__(self, config: SovitsConfig) -> None:
        super().__init__()
        self.latent = config.latent

        def encoder(layers: int) -> Encoder:
            return Encoder(config.width, config.ffn, config.heads, layers, config.kernel)

        self.ssl_proj = nn.Linear(CODE_DIM, config.width)
        self.encoder_ssl = encoder(config.layers // 2)
        self.text_embedding = nn.Embedding(config.phones, config.width, _weight=torch.empty(config.phones, config.width))
        self.encoder_text = encoder(config.layers)
        self.mrte = Mrte(config.width)
        self.encoder2 = encoder(config.layers // 2)
        self.proj = nn.Linear(config.width, 2 * config.latent)

    def forward(
        self, content: Tensor, phones: Tensor, ge: Tensor | None, frames: int | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Prior of one sentence.

        Args:
            content: float32 [n, width], two frames for a token, of :meth:`Prior.ssl_proj`.
            phones: int64 [p] of the new text only.
            ge: float32 [512] voice vector; None once :meth:`folded`.
            frames: stretch to so many frames, which changes the speed.

        Returns:
            what the encoders gave [frames, width]; mean and log standard deviation of the latents, each [frames, latent].
        """
        text = self.encoder_text(self.text_embedding(phones))
        y = self.encoder2(self.mrte(self.encoder_ssl(content), text, ge))
        if frames is not None:
            y = F.interpolate(y.T[None], size=frames, mode="linear")[0].T
        mean, log_std = self.proj(y).split(self.latent, -1)
        return y, mean, log_std

    def folded(self, ge: Tensor) -> Prior:
        """This module for one voice. Exact: what follows the addition is linear."""
        new = copy.deepcopy(self)
        with torch.no_grad():
            new.mrte.c_post.bias += self.mrte.c_post.weight @ ge
        return new
