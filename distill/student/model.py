"""MobileSoVITS: text, prosody, decoder, head, in one module."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.student.config import StudentConfig
from distill.student.decoder import Decoder, Head
from distill.student.prosody import ENERGY_SCALE, F0_CENTRE, F0_FLOOR_HZ, Prosody
from distill.student.source import harmonic_source
from distill.student.text import TextEncoder, expand

MAX_UNITS = 60  # 1.5 s for one phoneme: longer is a failure, not speech


@dataclass(frozen=True, slots=True)
class Spoken:
    """One synthesized segment: ``wave`` [samples], ``units`` int64 [tokens] of 25 ms, ``f0_hz`` and ``energy`` [frames]."""

    wave: Tensor
    units: Tensor
    f0_hz: Tensor
    energy: Tensor


class MobileSoVITS(nn.Module):
    """The student. Every part takes the speaker's condition vector made by :meth:`condition`."""

    def __init__(self, config: StudentConfig) -> None:
        super().__init__()
        self.config = config
        self.speaker = nn.Sequential(nn.Linear(config.speaker_dim, 128), nn.GELU(), nn.Linear(128, config.condition_dim))
        self.text = TextEncoder(config)
        self.prosody = Prosody(config)
        self.decoder = Decoder(config)
        self.head = Head(config)

    def condition(self, speaker: Tensor) -> Tensor:
        """Unit-norm speaker vectors [batch, speaker_dim] -> [batch, condition_dim]."""
        return self.speaker(speaker)

    def decoder_input(self, expanded: Tensor, f0_hz: Tensor, energy: Tensor) -> Tensor:
        """Join text [.., frames, text_dim + 2] with log F0 (0 where unvoiced), voicing and energy [.., frames]."""
        voiced = f0_hz > F0_FLOOR_HZ
        log_f0 = torch.where(voiced, f0_hz.clamp_min(F0_FLOOR_HZ).log() - F0_CENTRE, torch.zeros_like(f0_hz))
        return torch.cat([expanded, torch.stack([2 * log_f0, voiced.to(log_f0), energy / ENERGY_SCALE], -1)], -1)

    @torch.no_grad()
    def speak(self, ids: Tensor, speaker: Tensor, *, speed: float = 1.0, seed: int = 0) -> Spoken:
        """Phoneme ids int64 [tokens] with boundaries, speaker [speaker_dim] -> :class:`Spoken`, deterministic for a seed."""
        condition = self.condition(speaker[None])
        features, log_units = self.text(ids[None], torch.ones(1, len(ids), 1, device=ids.device), condition)
        units = torch.clamp(torch.round(log_units[0].exp() / speed), 1, MAX_UNITS).long()
        expanded = expand(features[0], 2 * units)[None]
        log_f0, energy, voicing = self.prosody(expanded, condition)
        f0_hz = torch.where(voicing > 0, (log_f0 + F0_CENTRE).exp(), torch.zeros_like(log_f0))
        energy = energy * ENERGY_SCALE
        source = harmonic_source(f0_hz, self.config.sample_rate, self.config.hop)
        noise = torch.randn(source.shape, generator=torch.Generator().manual_seed(seed)).to(source)
        parameters = self.decoder(self.decoder_input(expanded, f0_hz, energy), condition)
        return Spoken(self.head(parameters, source, noise)[0], units, f0_hz[0], energy[0])


def duration_loss(predicted: Tensor, units: Tensor, mask: Tensor) -> Tensor:
    """L1 between log-durations; ``predicted`` [batch, tokens] log units, ``units`` float [batch, tokens], ``mask`` likewise."""
    return (F.l1_loss(predicted, units.clamp_min(0.3).log(), reduction="none") * mask).sum() / mask.sum()
