"""PL-BERT: an ALBERT over phonemes (arXiv 1909.11942, 2301.08810), one layer passed again and again."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from distill.teachers.kokoro_torch.config import KokoroConfig

_EPS = 1e-12


class Albert(nn.Module):
    """Token ids int64 [batch, tokens] to float32 [batch, tokens, bert_hidden]."""

    def __init__(self, config: KokoroConfig) -> None:
        super().__init__()
        self.passes = config.bert_layers
        self.words = nn.Embedding(config.tokens, config.bert_embedding)
        self.positions = nn.Embedding(config.positions, config.bert_embedding)
        self.types = nn.Embedding(2, config.bert_embedding)
        self.norm = nn.LayerNorm(config.bert_embedding, eps=_EPS)
        self.widen = nn.Linear(config.bert_embedding, config.bert_hidden)
        self.layer = AlbertLayer(config)

    def forward(self, ids: Tensor) -> Tensor:
        places = torch.arange(ids.shape[1], device=ids.device)
        x = self.widen(self.norm(self.words(ids) + self.positions(places) + self.types.weight[0]))
        for _ in range(self.passes):
            x = self.layer(x)
        return x


class AlbertLayer(nn.Module):
    """Attention and feed-forward, each normalised after its residual."""

    def __init__(self, config: KokoroConfig) -> None:
        super().__init__()
        width = config.bert_hidden
        self.heads = config.bert_heads
        self.query, self.key, self.value, self.dense = (nn.Linear(width, width) for _ in range(4))
        self.attention_norm = nn.LayerNorm(width, eps=_EPS)
        self.ffn = nn.Linear(width, config.bert_inner)
        self.ffn_output = nn.Linear(config.bert_inner, width)
        self.norm = nn.LayerNorm(width, eps=_EPS)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.query, self.key, self.value))
        heard = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        x = self.attention_norm(x + self.dense(heard))
        return self.norm(x + self.ffn_output(F.gelu(self.ffn(x), approximate="tanh")))
