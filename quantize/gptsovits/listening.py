"""HuBERT and BERT from folders of their publishers: they listen to a reference and read its text, on the workstation only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from edge_agent.synthesis.gptsovits.readings import Reading
from quantize.gptsovits.config import BERT_DIM, CODE_DIM
from quantize.gptsovits.errors import ReferenceRefused

HUBERT_RATE_HZ = 16_000
PAUSE = 9600
"""Samples of silence that the original puts after a reference."""

UNUSED_LAYERS = 2
UNUSED_TENSORS = ("masked_spec_embed", "pooler.", "cls.")


def speech_features(folder: Path, wave: Tensor) -> Tensor:
    """What HuBERT hears, float32 [768, frames at 50 Hz].

    Args:
        folder: of chinese-hubert-base: ``config.json`` and the weights.
        wave: float32 [samples] at 16 kHz, not normalised.

    Raises:
        ReferenceRefused: the folder holds no such model.
    """
    from transformers import HubertModel

    model = _loaded(HubertModel, folder)
    if model.config.hidden_size != CODE_DIM:
        raise ReferenceRefused(f"{folder} holds a HuBERT of {model.config.hidden_size} features, expected {CODE_DIM} (chinese-hubert-base)")
    with torch.inference_mode():
        return model(F.pad(wave, (0, PAUSE))[None]).last_hidden_state[0].T.contiguous()


class TextReader:
    """A BERT in memory.

    Args:
        folder: of chinese-roberta-wwm-ext-large: ``config.json``, ``vocab.txt`` and the weights.

    Raises:
        ReferenceRefused: the folder holds no such model.
    """

    def __init__(self, folder: Path) -> None:
        from transformers import BertModel

        self._ids = _vocabulary(folder)
        self._model = _loaded(BertModel, folder)
        width = self._model.config.hidden_size
        if width != BERT_DIM:
            raise ReferenceRefused(f"{folder} holds a BERT of {width} features, expected {BERT_DIM} (chinese-roberta-wwm-ext-large)")

    def features(self, reading: Reading) -> Tensor:
        """A column for every phoneme of ``reading``, float32 [1024, phones]: those of its character, zeros where it is not Chinese."""
        found = no_features(reading)
        for stretch in reading.chinese():
            ids = [self._ids.get(character, self._ids["[UNK]"]) for character in stretch.text]
            whole = torch.tensor([[self._ids["[CLS]"], *ids, self._ids["[SEP]"]]])
            with torch.inference_mode():
                rows = self._model(whole, output_hidden_states=True).hidden_states[-1 - UNUSED_LAYERS][0, 1:-1]
            columns = rows.repeat_interleave(torch.tensor(stretch.counts), 0).T
            found[:, stretch.start : stretch.start + columns.shape[1]] = columns
        return found


def no_features(reading: Reading) -> Tensor:
    """What a model is told of text that is not Chinese, float32 [1024, phones]."""
    return torch.zeros(BERT_DIM, len(reading.phones))


def _loaded(kind: Any, folder: Path) -> Any:
    """A model in float32 with all its weights; nothing is fetched, and no code of the folder is run."""
    if not (folder / "config.json").is_file():
        raise ReferenceRefused(f"{folder} holds no config.json: give the folder of the model as its publishers ship it")
    try:
        model, loading = kind.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, dtype=torch.float32, output_loading_info=True
        )
    except (OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError) as error:
        raise ReferenceRefused(f"{folder} holds no {kind.__name__} that can be loaded: {str(error)[:300]}") from error
    missing = [name for name in loading["missing_keys"] if not name.startswith(UNUSED_TENSORS)]
    if missing:
        raise ReferenceRefused(f"{folder}: {len(missing)} tensors of {kind.__name__} are missing, the first is {min(missing)}")
    return model.eval()


def _vocabulary(folder: Path) -> dict[str, int]:
    try:
        tokens = (folder / "vocab.txt").read_text("utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise ReferenceRefused(f"{folder}/vocab.txt cannot be read: {error}") from error
    ids = {token.rstrip("\r"): number for number, token in enumerate(tokens)}
    lacking = [mark for mark in ("[CLS]", "[SEP]", "[UNK]") if mark not in ids]
    if lacking:
        raise ReferenceRefused(f"{folder}/vocab.txt lacks {lacking[0]}: it is no vocabulary of a BERT model")
    return ids
