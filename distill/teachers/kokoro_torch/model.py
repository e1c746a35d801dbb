"""The whole of it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from distill.teachers.kokoro_torch.albert import Albert
from distill.teachers.kokoro_torch.config import KOKORO_82M, KokoroConfig
from distill.teachers.kokoro_torch.decoder import Decoder
from distill.teachers.kokoro_torch.prosody import ProsodyPredictor
from distill.teachers.kokoro_torch.text import TextEncoder


@dataclass(frozen=True, slots=True)
class Spoken:
    """``units`` float32 [tokens] of 25 ms and ``rounded`` int64 [tokens], ``f0_hz`` and ``energy`` [2 * sum of rounded],
    ``audio`` [600 * sum of rounded] or None."""

    units: Tensor
    rounded: Tensor
    f0_hz: Tensor
    energy: Tensor
    audio: Tensor | None


class Kokoro(nn.Module):
    """Parameter names are the checkpoint's, but for those of ALBERT. ``with_audio`` False leaves the decoder out."""

    def __init__(self, config: KokoroConfig = KOKORO_82M, *, with_audio: bool = True) -> None:
        super().__init__()
        self.config = config
        self.bert = Albert(config)
        self.bert_encoder = nn.Linear(config.bert_hidden, config.hidden)
        self.predictor = ProsodyPredictor(config)
        if with_audio:
            self.text_encoder = TextEncoder(config)
            self.decoder = Decoder(config)
        self.with_audio = with_audio

    def forward(self, ids: Tensor, style: Tensor) -> Spoken:
        """Speak one phoneme string.

        Args:
            ids: int64 [tokens], 0 at both ends, at most ``config.positions``.
            style: float32 [2 * style]: timbre, then prosody.
        """
        ids, (timbre, manner) = ids[None], style[None].chunk(2, 1)
        features, units = self.predictor.durations(self.bert_encoder(self.bert(ids)).mT, manner)
        rounded = units.round().clamp(min=1).long()[0]
        f0_hz, energy = self.predictor.tracks(features.repeat_interleave(rounded, 1), manner)
        audio = None
        if self.with_audio:
            text = self.text_encoder(ids).repeat_interleave(rounded, 2)
            audio = self.decoder(text, f0_hz, energy, timbre)[0]
        return Spoken(units[0], rounded, f0_hz[0], energy[0], audio)
