"""F0, energy and voicing on the frame grid."""

from __future__ import annotations

from torch import Tensor, nn

from distill.student.blocks import ConvNeXt
from distill.student.config import StudentConfig

F0_CENTRE = 5.3  # natural logarithm of 200 Hz: centres the voices' log F0
F0_FLOOR_HZ = 40.0  # below this a frame is unvoiced: the teacher's F0 in silence is 5 to 12 Hz, never 0
ENERGY_SCALE = 5.0  # the teacher's log energy spans about -10 to 10


class Prosody(nn.Module):
    """Expanded text features to log F0 (centred), energy (scaled) and a voicing logit."""

    def __init__(self, config: StudentConfig) -> None:
        super().__init__()
        self.inp = nn.Linear(config.text_dim + 2, config.prosody_dim)
        self.blocks = nn.ModuleList(
            [
                ConvNeXt(config.prosody_dim, config.prosody_hidden, config.condition_dim)
                for _ in range(config.prosody_blocks)
            ]
        )
        self.norm = nn.LayerNorm(config.prosody_dim)
        self.out = nn.Linear(config.prosody_dim, 3)

    def forward(self, x: Tensor, condition: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """``x`` [batch, frames, text_dim + 2] -> log F0 - F0_CENTRE, energy / ENERGY_SCALE, voicing logit, each [batch, frames]."""
        x = self.inp(x)
        for block in self.blocks:
            x = block(x, condition, mask)
        log_f0, energy, voicing = self.out(self.norm(x)).unbind(-1)
        return log_f0, energy, voicing
