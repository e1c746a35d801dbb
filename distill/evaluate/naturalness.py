"""How natural a clip sounds: DistillMOS, a mean opinion score from 1 to 5 predicted from audio alone (Microsoft, MIT)."""

from __future__ import annotations

import contextlib
from functools import cached_property
from importlib import metadata
from typing import Any

from distill.evaluate import _shims
from distill.evaluate.clip import Clip
from distill.evaluate.errors import require
from distill.evaluate.listeners import LISTENING_RATE
from distill.evaluate.sentences import Lang


class Naturalness:
    """Listener that answers with a DistillMOS score; its weights come inside the package.

    Raises:
        MissingExtra: torch or distillmos is absent.
    """

    name = "mos"

    def __init__(self) -> None:
        require(self.name, ["torch", "distillmos"])

    @cached_property
    def identity(self) -> str:
        return f"distillmos {metadata.version('distillmos')}"

    def listen(self, clip: Clip, lang: Lang) -> float:
        import torch

        with torch.no_grad():
            return float(self._model(torch.from_numpy(clip.wave(LISTENING_RATE)[None])))

    @cached_property
    def _model(self) -> Any:
        _shims.for_distillmos()
        import distillmos

        with contextlib.redirect_stdout(None):  # it prints where its weights are
            return distillmos.ConvTransformerSQAModel().eval()
