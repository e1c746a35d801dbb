"""Latents of the prior to latents of the decoder: residual couplings of a normalising flow, reversed (VITS)."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from quantize.gptsovits.config import FLOW_KERNEL, FLOW_LAYERS, SovitsConfig

N_COUPLINGS = 4


class WaveNet(nn.Module):
    """Gated convolutions without dilation. ``cond_layer`` is None once the voice is in the biases."""

    def __init__(self, width: int, speaker: int) -> None:
        super().__init__()
        self.cond_layer: nn.Linear | None = nn.Linear(speaker, 2 * width * FLOW_LAYERS)
        self.in_layers = nn.ModuleList(
            nn.Conv1d(width, 2 * width, FLOW_KERNEL, padding=FLOW_KERNEL // 2) for _ in range(FLOW_LAYERS)
        )
        self.res_skip_layers = nn.ModuleList(
            nn.Conv1d(width, 2 * width if index < FLOW_LAYERS - 1 else width, 1) for index in range(FLOW_LAYERS)
        )

    def forward(self, x: Tensor, ge: Tensor | None) -> Tensor:
        """``x`` [1, width, frames], ``ge`` [speaker] unless folded -> [1, width, frames]."""
        conditions = self.conditions(ge) if ge is not None else [None] * FLOW_LAYERS
        total = None
        for within, out, condition in zip(self.in_layers, self.res_skip_layers, conditions, strict=True):
            mixed = within(x)
            if condition is not None:
                mixed = mixed + condition[None, :, None]
            tanh, sigmoid = mixed.chunk(2, 1)
            given = out(tanh.tanh() * sigmoid.sigmoid())
            if given.shape[1] > x.shape[1]:
                residual, given = given.chunk(2, 1)
                x = x + residual
            total = given if total is None else total + given
        return total

    def conditions(self, ge: Tensor) -> tuple[Tensor, ...]:
        """What the voice adds to each layer's input, [2 width] each."""
        return self.cond_layer(ge).chunk(FLOW_LAYERS)


class Coupling(nn.Module):
    """One half of the channels moves the other."""

    def __init__(self, config: SovitsConfig) -> None:
        super().__init__()
        half = config.latent // 2
        self.pre = nn.Conv1d(half, config.width, 1)
        self.enc = WaveNet(config.width, config.speaker)
        self.post = nn.Conv1d(config.width, half, 1)

    def forward(self, x: Tensor, ge: Tensor | None) -> Tensor:
        kept, moved = x.chunk(2, 1)
        return torch.cat([kept, moved - self.post(self.enc(self.pre(kept), ge))], 1)


class Flow(nn.Module):
    """``flows`` are couplings; before each one, in this direction, channels change places."""

    def __init__(self, config: SovitsConfig) -> None:
        super().__init__()
        self.flows = nn.ModuleDict({str(2 * index): Coupling(config) for index in range(N_COUPLINGS)})

    def forward(self, z_p: Tensor, ge: Tensor | None) -> Tensor:
        """``z_p`` float32 [1, latent, frames]; ``ge`` [speaker], None once :meth:`folded` -> z, the same shape."""
        x = z_p
        for coupling in reversed(self.flows.values()):
            x = coupling(x.flip(1), ge)
        return x

    def folded(self, ge: Tensor) -> Flow:
        """This module for one voice: the condition goes into the biases, exactly."""
        new = copy.deepcopy(self)
        with torch.no_grad():
            for coupling in new.flows.values():
                for layer, condition in zip(coupling.enc.in_layers, coupling.enc.conditions(ge), strict=True):
                    layer.bias += condition
                coupling.enc.cond_layer = None
        return new
