"""The two building blocks of the student: ConvNeXt with FiLM, and self-attention. All tensors are ``[batch, time, channels]``."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ConvNeXt(nn.Module):
    """Depthwise convolution over time, LayerNorm with FiLM, and two matmuls over channels (the part INT8 is for)."""

    def __init__(self, dim: int, hidden: int, condition_dim: int, kernel: int = 7) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(dim, dim, (1, kernel), padding=(0, kernel // 2), groups=dim)
        self.norm = nn.LayerNorm(dim)
        self.film = nn.Linear(condition_dim, 2 * dim)
        self.expand = nn.Linear(dim, hidden)
        self.project = nn.Linear(hidden, dim)
        self.scale = nn.Parameter(torch.full((dim,), 0.1))
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)

    def forward(self, x: Tensor, condition: Tensor, mask: Tensor | None = None) -> Tensor:
        """``x`` float [batch, time, dim], ``condition`` [batch, condition_dim], ``mask`` [batch, time, 1] -> like ``x``."""
        if mask is not None:
            x = x * mask
        # A height-one channels-last image: [batch, time, dim] already has that layout, so nothing is copied.
        y = self.depthwise(x.transpose(1, 2).unsqueeze(2)).squeeze(2).transpose(1, 2)
        gain, bias = self.film(condition).unsqueeze(1).chunk(2, -1)
        y = self.norm(y) * (1 + gain) + bias
        return x + self.scale * self.project(F.gelu(self.expand(y), approximate="tanh"))


class SelfAttention(nn.Module):
    """Pre-norm multi-head attention; position comes from the convolutions around it."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """``x`` [batch, time, dim], ``mask`` [batch, time, 1] with 1 on real tokens -> like ``x``."""
        batch, time, dim = x.shape
        q, k, v = self.qkv(self.norm(x)).view(batch, time, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        bias = (1 - mask.transpose(1, 2)).unsqueeze(1) * -1e4
        weights = torch.softmax(q @ k.transpose(-1, -2) / (dim // self.heads) ** 0.5 + bias, -1)
        return x + self.out((weights @ v).transpose(1, 2).reshape(batch, time, dim))
