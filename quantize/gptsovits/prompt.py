"""A reference, its text and the models that listen, to what a voice keeps of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from edge_agent.synthesis.gptsovits import symbols
from edge_agent.synthesis.gptsovits.readings import Reading, read
from edge_agent.text import TextError, normalise
from quantize.gptsovits import listening, verification
from quantize.gptsovits.bake import Prompt
from quantize.gptsovits.checkpoint import Checkpoints
from quantize.gptsovits.config import BERT_DIM
from quantize.gptsovits.errors import ReferenceRefused
from quantize.gptsovits.reference import Recording

MAX_PHONES = 512
ENDS = ",.!?;:…—，。！？；：、~～-"


@dataclass(frozen=True, slots=True)
class Listeners:
    """What listens to a reference. Without ``hubert`` a voice has the speaker's sound, but nothing of how the reference is
    spoken; ``speaker_net`` is for Pro models only; ``bert`` for Chinese only."""

    hubert: Path | None = None
    bert: Path | None = None
    speaker_net: Path | None = None


def make(models: Checkpoints, recording: Recording, text: str, listeners: Listeners) -> Prompt:
    """Listen once, so that a device never has to.

    Args:
        text: what is said in ``recording``, in Mandarin or English.

    Raises:
        ReferenceRefused: a model that is needed is missing, or the text cannot be read.
        CheckpointRefused: the network for speakers is damaged or another one.
    """
    sovits = models.sovits
    if sovits.config.pro and listeners.speaker_net is None:
        raise ReferenceRefused(f"a {models.version} voice needs the network for speakers: give --sv pretrained_eres2netv2w24s4ep4.ckpt")
    reading = _read(text)
    phones = torch.tensor(_encoded(reading, models.version))
    if reading.chinese() and listeners.hubert and listeners.bert is None:
        raise ReferenceRefused("the reference text is Chinese, which the model hears through a text model: give --bert DIR")
    with torch.inference_mode():
        spectrum = sovits.spectrum(recording.levelled(sovits.config.sample_rate))
        vectors = []
        if listeners.speaker_net and sovits.config.pro:
            vectors = [verification.vector(listeners.speaker_net, recording.levelled(16_000))]
        speaker = sovits.speaker([spectrum], vectors)
        if listeners.hubert is None:
            nothing = torch.empty(0, dtype=torch.int64)
            return Prompt(nothing, nothing, torch.empty(BERT_DIM, 0), speaker)
        tokens, _ = sovits.prompt_tokens(listening.speech_features(listeners.hubert, recording.at(listening.HUBERT_RATE_HZ)))
        features = listening.TextReader(listeners.bert).features(reading) if reading.chinese() else listening.no_features(reading)
    return Prompt(tokens, phones, features, speaker)


def _read(text: str) -> Reading:
    """The original ends a reference's text with a full stop where it has no mark."""
    text = text.strip()
    if not text:
        raise ReferenceRefused("the reference text is empty; give what is said in the recording")
    try:
        return read(normalise(text if text[-1] in ENDS else f"{text}."))
    except TextError as error:
        raise ReferenceRefused(f"the reference text cannot be read: {error}") from error


def _encoded(reading: Reading, version: str) -> list[int]:
    try:
        ids = symbols.encode(reading.phones, version[:2])
    except TextError as error:
        raise ReferenceRefused(f"the reference text cannot be said by this voice: {error}") from error
    if len(ids) > MAX_PHONES:
        raise ReferenceRefused(f"the reference text has {len(ids)} phonemes, which no {10:g} s of speech have: it is not that recording's")
    return ids
