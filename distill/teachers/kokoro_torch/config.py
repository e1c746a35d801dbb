"""Sizes of the model."""

from __future__ import annotations

from dataclasses import dataclass

SAMPLE_RATE = 24_000
N_FFT = 20
HOP = 5
N_BINS = N_FFT // 2 + 1
MEL_UPSAMPLING = (10, 6)
"""Of the vocoder, over two frames a duration unit: 2 * 10 * 6 * HOP = 600 samples a unit of 25 ms."""
SAMPLES_PER_FRAME = 300
"""One value of F0 and energy stands for so many."""
N_HARMONICS = 9
"""Of the source, with the fundamental."""


@dataclass(frozen=True, slots=True)
class KokoroConfig:
    """Channels and counts; kernels and strides are the same for all sizes."""

    tokens: int = 178
    positions: int = 512
    style: int = 128
    hidden: int = 512
    max_units: int = 50
    bert_embedding: int = 128
    bert_hidden: int = 768
    bert_inner: int = 2048
    bert_heads: int = 12
    bert_layers: int = 12
    decoder: int = 1024
    text_residual: int = 64


KOKORO_82M = KokoroConfig()
