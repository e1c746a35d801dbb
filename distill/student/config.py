"""Shape of a MobileSoVITS student."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class StudentConfig:
    """Widths and depths; everything a checkpoint needs to be rebuilt.

    The frame grid is 80 per second (``hop`` samples at ``sample_rate``), twice the teacher's duration unit. Each
    frame carries ``hop / head_hop`` sub-frames of the output STFT.
    """

    text_dim: int = 192
    text_hidden: int = 576
    text_blocks: int = 8
    text_heads: int = 4
    attention_after: tuple[int, ...] = (2, 5)
    duration_blocks: int = 3
    prosody_dim: int = 192
    prosody_hidden: int = 384
    prosody_blocks: int = 6
    decoder_dim: int = 384
    decoder_hidden: int = 1152
    decoder_blocks: int = 8
    speaker_dim: int = 256
    condition_dim: int = 64
    n_symbols: int = 256
    sample_rate: int = 24_000
    hop: int = 300
    head_fft: int = 400
    head_hop: int = 100
    head_bands: int = 101

    @property
    def sub_frames(self) -> int:
        return self.hop // self.head_hop

    @property
    def bins(self) -> int:
        return self.head_fft // 2 + 1

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> StudentConfig:
        return cls(**{**values, "attention_after": tuple(values["attention_after"])})


SIZES: dict[str, StudentConfig] = {
    "S": StudentConfig(
        text_dim=160, text_hidden=480, text_blocks=5, attention_after=(1, 4), duration_blocks=2, prosody_dim=160, prosody_hidden=320,
        prosody_blocks=3, decoder_dim=256, decoder_hidden=768,
    ),
    "M": StudentConfig(),
}
"""S has 5.70 million parameters, M has 12.18."""
