"""Kokoro-82M in torch (Apache-2.0; StyleTTS 2, arXiv 2306.07691, with the vocoder of iSTFTNet, arXiv 2203.02395), for GPUs."""

from distill.teachers.kokoro_torch.config import KOKORO_82M, KokoroConfig
from distill.teachers.kokoro_torch.model import Kokoro, Spoken
from distill.teachers.kokoro_torch.weights import WeightsError, read_weights

__all__ = ["KOKORO_82M", "Kokoro", "KokoroConfig", "Spoken", "WeightsError", "read_weights"]
