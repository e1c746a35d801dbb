"""One optimiser step of each kind."""

from __future__ import annotations

import torch
from torch import Tensor

from distill.student.model import MobileSoVITS, duration_loss
from distill.student.prosody import ENERGY_SCALE
from distill.student.source import harmonic_source
from distill.student.text import expand
from distill.train.config import Stage, TrainConfig
from distill.train.data import AudioBatch, TextBatch
from distill.train.discriminator import Discriminator, adversarial_losses
from distill.train.losses import SpectralLoss, prosody_loss


def text_losses(model: MobileSoVITS, batch: TextBatch, condition: Tensor) -> dict[str, Tensor]:
    """Duration, F0, energy and voicing losses of whole segments, with the teacher's durations."""
    features, log_units = model.text(batch.ids, batch.mask, condition)
    expanded = _expand_all(features, batch)
    log_f0, energy, voicing = model.prosody(expanded, condition, batch.frame_mask)
    parts = prosody_loss(log_f0.float(), energy.float(), voicing.float(), batch.f0_hz, batch.energy, batch.frame_mask[..., 0])
    return {"duration": duration_loss(log_units.float(), batch.units, batch.mask[..., 0]), **parts}


def crop_wave(model: MobileSoVITS, batch: AudioBatch, condition: Tensor, crop_frames: int, generator: torch.Generator) -> Tensor:
    """The student's waveform of each crop, from the teacher's durations, F0 and energy: [batch, crop_frames * hop]."""
    config = model.config
    features, _ = model.text(batch.text.ids, batch.text.mask, condition)
    expanded, f0, energy, before = [], [], [], []
    for row, start in enumerate(batch.start.tolist()):
        frames = batch.text.frames[row]
        end = start + crop_frames
        expanded.append(expand(features[row], frames)[start:end])
        f0.append(batch.text.f0_hz[row, start:end])
        energy.append(batch.text.energy[row, start:end])
        before.append(batch.text.f0_hz[row, :start].double().sum() * config.hop / config.sample_rate)
    f0_hz, energies = torch.stack(f0), torch.stack(energy)
    with torch.no_grad():
        source = harmonic_source(f0_hz, config.sample_rate, config.hop, torch.stack(before)[:, None])
        noise = torch.randn(source.shape, generator=generator).to(source)
        # a little uncertainty in what the text side will predict, so that the decoder does not hang on exact values
        energies = energies + 0.02 * ENERGY_SCALE * torch.randn(energies.shape, generator=generator).to(source)
    parameters = model.decoder(model.decoder_input(torch.stack(expanded), f0_hz, energies), condition)
    return model.head(parameters, source, noise)


class Stepper:
    """Holds what all steps share and accumulates gradients for one of them."""

    def __init__(self, config: TrainConfig, model: MobileSoVITS, discriminator: Discriminator, speaker: Tensor) -> None:
        self.config, self.model, self.discriminator, self.speaker = config, model, discriminator, speaker
        self.spectral = SpectralLoss(model.config.sample_rate).to(speaker.device)
        self.autocast = {"device_type": speaker.device.type, "dtype": torch.bfloat16}

    def text(self, batch: TextBatch) -> dict[str, float]:
        """Gradients of a text batch."""
        with torch.autocast(**self.autocast):
            condition = self.model.condition(self.speaker.expand(len(batch.ids), -1))
            parts = text_losses(self.model, batch, condition)
        sum(parts.values()).backward()
        return {name: float(value.detach()) for name, value in parts.items()}

    def audio(self, batch: AudioBatch, stage: Stage, stage_step: int, generator: torch.Generator) -> dict[str, float]:
        """Gradients of an audio batch; in a ``gan`` stage also the discriminator's, left in its parameters."""
        config = self.config
        with torch.autocast(**self.autocast):
            condition = self.model.condition(self.speaker.expand(len(batch.audio), -1))
            wave = crop_wave(self.model, batch, condition, config.crop_frames, generator)
        edge = config.edge_frames * self.model.config.hop
        wave, target = wave[:, edge:-edge], batch.audio[:, edge:-edge]
        ramp = min(1.0, max(0.0, (stage_step - stage.phase_from) / 500)) if stage.phase_weight else 0.0
        loss, parts = self.spectral(wave, target, stage.phase_weight * ramp)
        loss = stage.spectral_weight * loss
        if stage.kind == "gan":
            length = config.adversarial_frames * self.model.config.hop
            first = int(torch.randint(0, wave.shape[1] - length + 1, (), generator=generator))
            piece = wave[:, first : first + length]
            with torch.autocast(**self.autocast):
                against, slope, game = adversarial_losses(self.discriminator, piece, target[:, first : first + length])
            against.backward()
            # the slope is the generator's whole adversarial gradient; its inner product carries it through `piece`
            loss = loss + stage.adversarial_weight * (piece * slope).sum()
            parts |= {"discriminator": float(against.detach()), "fooling": float(game[0]), "matching": float(game[1])}
        loss.backward()
        return parts


def _expand_all(features: Tensor, batch: TextBatch) -> Tensor:
    width = batch.frame_mask.shape[1]
    rows = [expand(features[row], batch.frames[row]) for row in range(len(features))]
    return torch.stack([torch.nn.functional.pad(row, (0, 0, 0, width - len(row))) for row in rows])
