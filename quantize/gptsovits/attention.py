"""Self-attention with learned relative positions, and the encoder built of it (VITS; Shaw et al. 2018)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quantize.gptsovits.config import WINDOW


class Attention(nn.Module):
    """Scaled dot-product attention; parameter names are the checkpoint's.

    Args:
        window: reach of the relative positions, None where there are none.
    """

    def __init__(self, width: int, heads: int, window: int | None) -> None:
        super().__init__()
        self.heads, self.window = heads, window
        self.conv_q, self.conv_k, self.conv_v, self.conv_o = (nn.Linear(width, width) for _ in range(4))
        if window is not None:
            self.emb_rel_k = nn.Parameter(torch.empty(1, 2 * window + 1, width // heads))
            self.emb_rel_v = nn.Parameter(torch.empty(1, 2 * window + 1, width // heads))

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """``x`` [length, width] looks at ``context`` [other length, width] -> [length, width]."""
        q = self._split(self.conv_q(x)) * (x.shape[-1] // self.heads) ** -0.5
        k, v = self._split(self.conv_k(context)), self._split(self.conv_v(context))
        scores = q @ k.transpose(-1, -2)
        if self.window is not None:
            scores = scores + spread(q @ self.emb_rel_k.transpose(-1, -2), self.window)
        weights = scores.softmax(-1)
        mixed = weights @ v
        if self.window is not None:
            mixed = mixed + gather(weights, self.window) @ self.emb_rel_v
        return self.conv_o(mixed.transpose(0, 1).reshape(-1, x.shape[-1]))

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(-1, self.heads, x.shape[-1] // self.heads).transpose(0, 1)


def spread(near: Tensor, window: int) -> Tensor:
    """Scores by distance [heads, n, 2 window + 1] to scores by place [heads, n, n], 0 beyond the window.

    Rows padded to n + 2 window and read on as rows one shorter slide one place further with every row.
    """
    n = near.shape[1]
    flat = F.pad(near, (0, n - 1)).reshape(-1, n * (n + 2 * window))
    return flat[:, : n * (n + 2 * window - 1)].reshape(-1, n, n + 2 * window - 1)[:, :, window : window + n]


def gather(weights: Tensor, window: int) -> Tensor:
    """The inverse of :func:`spread`: weights by place [heads, n, n] to weights by distance [heads, n, 2 window + 1]."""
    n = weights.shape[1]
    flat = F.pad(weights, (window, window)).reshape(-1, n * (n + 2 * window))
    return F.pad(flat, (0, n)).reshape(-1, n, n + 2 * window + 1)[:, :, : 2 * window + 1]


class FeedForward(nn.Module):
    def __init__(self, width: int, hidden: int, kernel: int) -> None:
        super().__init__()
        self.conv_1 = nn.Conv1d(width, hidden, kernel, padding=kernel // 2)
        self.conv_2 = nn.Conv1d(hidden, width, kernel, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        """[length, width] -> the same."""
        return self.conv_2(F.relu(self.conv_1(x.T[None])))[0].T


class Encoder(nn.Module):
    """Layers of attention and convolutions, each normalised after its residual; [length, width] -> the same."""

    def __init__(self, width: int, hidden: int, heads: int, layers: int, kernel: int) -> None:
        super().__init__()
        self.attn_layers = nn.ModuleList(Attention(width, heads, WINDOW) for _ in range(layers))
        self.norm_layers_1 = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))
        self.ffn_layers = nn.ModuleList(FeedForward(width, hidden, kernel) for _ in range(layers))
        self.norm_layers_2 = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))

    def forward(self, x: Tensor) -> Tensor:
        layers = zip(self.attn_layers, self.norm_layers_1, self.ffn_layers, self.norm_layers_2, strict=True)
        for attention, norm_1, feed_forward, norm_2 in layers:
            x = norm_1(x + attention(x, x))
            x = norm_2(x + feed_forward(x))
        return x
