"""One voice made constant: nothing that listens to a reference is left for the device."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from quantize.gptsovits.checkpoint import Checkpoints, Version
from quantize.gptsovits.config import SovitsConfig
from quantize.gptsovits.sovits import NOISE_SCALE, Decoded, Sovits, Speaker, stretched
from quantize.gptsovits.t2s import TextToSemantic


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a reference gives to a voice.

    ``tokens`` int64 [n] at 25 a second; ``phones`` int64 [p] and ``features`` float32 [1024, p] of its text; ``speaker``
    of one or more recordings.
    """

    tokens: Tensor
    phones: Tensor
    features: Tensor
    speaker: Speaker


class BakedSovits(nn.Module):
    """The second stage for one voice.

    ``table`` [1024, width] is the codebook through its projection; ``prior``, ``flow`` and ``decoder`` have the voice in
    their biases and take ``ge=None``.
    """

    def __init__(self, model: Sovits, speaker: Speaker) -> None:
        super().__init__()
        self.config: SovitsConfig = model.config
        with torch.no_grad():
            self.table = nn.Parameter(model.enc_p.ssl_proj(model.codebook), requires_grad=False)
        self.prior = model.enc_p.folded(speaker.ge512)
        del self.prior.ssl_proj
        self.flow = model.flow.folded(speaker.ge)
        self.decoder = model.dec.folded(speaker.ge)

    def content(self, tokens: Tensor) -> Tensor:
        """``tokens`` int64 [n] -> [2 n, width], what the prior takes."""
        return self.table[tokens].repeat_interleave(2, 0)

    def forward(
        self, tokens: Tensor, phones: Tensor, *, noise: Tensor | None = None, noise_scale: float = NOISE_SCALE, speed: float = 1.0
    ) -> Decoded:
        """As :meth:`Sovits.forward`."""
        encoded, mean, log_std = (each.T for each in self.prior(self.content(tokens), phones, None, stretched(len(tokens), speed)))
        z_p = mean if noise is None else mean + noise * log_std.exp() * noise_scale
        z = self.flow(z_p[None], None)
        return Decoded(self.decoder(z, None), encoded, mean, log_std, z[0])


@dataclass(frozen=True, slots=True)
class Voice:
    """All that a device needs, in float32.

    ``prompt`` int64 [n] tokens; ``reference_rows`` float32 [p, width], the reference's text as the transformer takes it,
    positions included; ``reference_phones`` int64 [p] for the record.
    """

    version: Version
    t2s: TextToSemantic
    sovits: BakedSovits
    prompt: Tensor
    reference_phones: Tensor
    reference_rows: Tensor
    sha256: tuple[str, str]


def bake(checkpoints: Checkpoints, prompt: Prompt) -> Voice:
    """Fold a reference into the models; what it changes is only where constants are added up."""
    with torch.no_grad():
        rows = checkpoints.t2s.embed_text(prompt.phones, prompt.features)
    return Voice(
        version=checkpoints.version,
        t2s=checkpoints.t2s,
        sovits=BakedSovits(checkpoints.sovits, prompt.speaker).eval(),
        prompt=prompt.tokens,
        reference_phones=prompt.phones,
        reference_rows=rows,
        sha256=checkpoints.sha256,
    )
