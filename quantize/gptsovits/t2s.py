"""The text-to-semantic transformer: phonemes and the reference's tokens to the next token.

One sequence, text first. Text sees all text and no tokens; a token sees all text and the tokens up to itself. Both parts
count their positions from 0. Parameter names are the checkpoint's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quantize.gptsovits.config import BERT_DIM, T2SConfig


@dataclass(slots=True)
class Cache:
    """``keys`` and ``values`` float32 [layers, heads, capacity, head dim], of which ``length`` positions are filled."""

    keys: Tensor
    values: Tensor
    length: int = 0

    @classmethod
    def of(cls, config: T2SConfig, capacity: int) -> Cache:
        shape = (config.layers, config.heads, capacity, config.width // config.heads)
        return cls(torch.zeros(shape), torch.zeros(shape))


def positions(start: int, count: int, width: int) -> Tensor:
    """Sines and cosines in turn, float32 [count, width] of positions ``start`` and on."""
    place = torch.arange(start, start + count, dtype=torch.float32)[:, None]
    speed = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * -(math.log(10000.0) / width))
    angle = place * speed
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(1)


class SelfAttention(nn.Module):
    """Names as of a checkpoint: one projection for queries, keys and values, one out."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * width))
        self.out_proj = nn.Linear(width, width)

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[length, width] -> queries, keys, values, each [heads, length, head dim]."""
        split = F.linear(x, self.in_proj_weight, self.in_proj_bias).reshape(x.shape[0], 3, self.heads, -1)
        q, k, v = split.permute(1, 2, 0, 3)
        return q, k, v

    def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        """``mask`` bool [queries, keys], true where a query may look -> [queries, width]."""
        mixed = F.scaled_dot_product_attention(q[None], k[None], v[None], attn_mask=mask)[0]
        return self.out_proj(mixed.transpose(0, 1).flatten(1))


class Layer(nn.Module):
    """Attention and feed-forward, each normalised after its residual."""

    def __init__(self, config: T2SConfig) -> None:
        super().__init__()
        self.self_attn = SelfAttention(config.width, config.heads)
        self.linear1 = nn.Linear(config.width, config.ffn)
        self.linear2 = nn.Linear(config.ffn, config.width)
        self.norm1 = nn.LayerNorm(config.width)
        self.norm2 = nn.LayerNorm(config.width)

    def finish(self, x: Tensor, attended: Tensor) -> Tensor:
        x = self.norm1(x + attended)
        return self.norm2(x + self.linear2(F.relu(self.linear1(x))))


class TextToSemantic(nn.Module):
    """Batch of one throughout: the device speaks one sentence at a time, and a teacher has no hurry."""

    def __init__(self, config: T2SConfig) -> None:
        super().__init__()
        self.config = config
        self.bert_proj = nn.Linear(BERT_DIM, config.width)
        self.ar_text_embedding = _Embedding(config.phones, config.width)
        self.ar_text_position = _Scale()
        self.ar_audio_embedding = _Embedding(config.vocab, config.width)
        self.ar_audio_position = _Scale()
        self.h = nn.Module()
        self.h.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.ar_predict_layer = nn.Linear(config.width, config.vocab, bias=False)

    @property
    def layers(self) -> nn.ModuleList:
        return self.h.layers

    def embed_text(self, phones: Tensor, features: Tensor) -> Tensor:
        """``phones`` int64 [n], ``features`` float32 [1024, n] of the text model (zeros where there are none) -> [n, width]."""
        x = self.ar_text_embedding.word_embeddings(phones) + self.bert_proj(features.T)
        return x + self.ar_text_position.alpha * positions(0, len(phones), self.config.width)

    def embed_tokens(self, tokens: Tensor, start: int) -> Tensor:
        """``tokens`` int64 [n], the first of them the ``start``-th of its sequence -> [n, width]."""
        y = self.ar_audio_embedding.word_embeddings(tokens)
        return y + self.ar_audio_position.alpha * positions(start, len(tokens), self.config.width)

    def prefill(self, text: Tensor, tokens: Tensor, cache: Cache) -> Tensor:
        """Fill an empty ``cache``.

        Args:
            text: [n, width] of :meth:`embed_text`.
            tokens: int64 [prompt], which may be empty.

        Returns:
            raw logits float32 [vocab] of the token that follows.
        """
        x = torch.cat([text, self.embed_tokens(tokens, 0)])
        return self._run(x, cache, prefix_mask(len(text), len(tokens)))

    def step(self, token: Tensor, position: int, cache: Cache) -> Tensor:
        """The token just chosen, int64 [1], the ``position``-th after the text's end -> raw logits [vocab] of the next."""
        return self._run(self.embed_tokens(token, position), cache, None)

    def _run(self, x: Tensor, cache: Cache, mask: Tensor | None) -> Tensor:
        end = cache.length + len(x)
        for index, layer in enumerate(self.layers):
            q, k, v = layer.self_attn.project(x)
            cache.keys[index, :, cache.length : end] = k
            cache.values[index, :, cache.length : end] = v
            attended = layer.self_attn.attend(q, cache.keys[index, :, :end], cache.values[index, :, :end], mask)
            x = layer.finish(x, attended)
        cache.length = end
        return self.ar_predict_layer(x[-1])


def prefix_mask(n_text: int, n_tokens: int) -> Tensor:
    """bool [n_text + n_tokens] squared: text sees text; a token sees text and tokens up to itself."""
    total = n_text + n_tokens
    mask = torch.ones(total, total, dtype=torch.bool).tril()
    mask[:, :n_text] = True
    return mask


class _Embedding(nn.Module):
    def __init__(self, count: int, width: int) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(count, width, _weight=torch.empty(count, width))


class _Scale(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(1))
