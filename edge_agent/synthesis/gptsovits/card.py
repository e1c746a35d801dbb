"""What a GPT-SoVITS voice says of itself: ``voice.json``, and the constants beside it."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_agent.synthesis.golden import Golden
from edge_agent.synthesis.gptsovits.sampling import Sampling
from edge_agent.synthesis.gptsovits.symbols import SIZES, table
from edge_agent.synthesis.voice_json import (
    NAME,
    VoiceError,
    check_digests,
    check_symbols,
    read_card,
    table_sha256,
    text,
    warn_of_front_end,
)

ENGINE, SCHEMA = "gptsovits", 1
VARIANT = "cpu"
GRAPHS = ("prefill", "step", "text", "prior", "flow", "decoder")
BERT, VOCABULARY, PROMPT = "bert", "vocab.txt", "prompt.npz"
MAX_PROMPT_TOKENS, MAX_REFERENCE_PHONES = 512, 512
MAX_GOLDEN_TOKENS = 1000


@dataclass(frozen=True, slots=True)
class Prompt:
    """The reference as the transformer sees it: its ``tokens`` int64 [p], and its text embedded, float32 [r, width]."""

    tokens: NDArray[np.int64]
    reference: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class VoiceCard:
    """The part of ``voice.json`` that the engine needs; the rest is for people.

    ``family`` names the phoneme table; ``graphs`` maps a graph's name to a file, ``bert`` among them where the voice has a
    Chinese text model; ``shared_weights`` where graphs use the tensors of the weight file as they lie there;
    ``golden_tokens`` is what the golden phrase is said with, and ``golden_likeliest`` the likeliest token in the place of each;
    ``seed`` starts all noise.
    """

    voice_id: str
    display_name: str
    languages: tuple[str, ...]
    version: str
    family: str
    sample_rate: int
    hop: int
    n_codes: int
    loudness_lufs: float
    front_end_version: str
    sampling: Sampling
    seed: int
    shared_weights: bool
    graphs: dict[str, str]
    sha256: dict[str, str]
    golden: Golden
    golden_tokens: tuple[int, ...]
    golden_likeliest: tuple[int, ...]
    digest: str

    @classmethod
    def load(cls, folder: Path) -> VoiceCard:
        """Read and check ``voice.json`` and the digests of the files it names.

        Raises:
            VoiceError: something is missing or different from what the card says.
        """
        values, card = read_card(folder, ENGINE, SCHEMA, cls._of)
        _check_shape(card, folder / NAME)
        check_symbols(folder, values, symbols_sha256(card.family))
        _check_graphs(card, folder)
        check_digests(folder, card.sha256)
        warn_of_front_end(card.voice_id, card.front_end_version)
        return card

    @classmethod
    def _of(cls, values: dict[str, Any], digest: str) -> VoiceCard:
        shape = values["shape"]
        return cls(
            voice_id=text(values, "voice_id"),
            display_name=text(values, "display_name"),
            languages=tuple(values["languages"]),
            version=text(values, "version"),
            family=text(values, "family"),
            sample_rate=int(shape["sample_rate"]),
            hop=int(shape["hop"]),
            n_codes=int(shape["n_codes"]),
            loudness_lufs=float(values["loudness_lufs"]),
            front_end_version=text(values, "front_end_version"),
            sampling=Sampling(**values["sampling"]),
            seed=int(values["seed"]),
            shared_weights=bool(values["shared_weights"]),
            graphs={str(graph): str(file) for graph, file in values["graphs"][VARIANT].items()},
            sha256={str(file): str(wanted) for file, wanted in values["sha256"].items()},
            golden=Golden.from_json(values["golden"]),
            golden_tokens=tuple(int(token) for token in values["golden_tokens"]),
            golden_likeliest=tuple(int(token) for token in values["golden_likeliest"]),
            digest=digest,
        )


def read_prompt(path: Path, card: VoiceCard) -> Prompt:
    """
    Raises:
        VoiceError: the file holds something else than a reference that fits the voice.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            tokens, reference = arrays["tokens"].astype(np.int64), arrays["reference"].astype(np.float32)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise VoiceError(f"{path} cannot be read: {error}; install the voice again") from error
    good = tokens.ndim == 1 and reference.ndim == 2 and len(tokens) <= MAX_PROMPT_TOKENS and len(reference) <= MAX_REFERENCE_PHONES
    if not good or ((tokens < 0) | (tokens >= card.n_codes)).any() or not np.isfinite(reference).all():
        raise VoiceError(f"{path} holds no reference of this voice: tokens {tokens.shape}, text {reference.shape}")
    return Prompt(tokens, np.ascontiguousarray(reference))


def symbols_sha256(family: str) -> str:
    """Digest of a phoneme table: a voice's ids mean these sounds and no others."""
    return table_sha256(table(family))


def _check_shape(card: VoiceCard, path: Path) -> None:
    # a voice may come from anywhere: these sizes decide how much memory is asked for
    good = 8_000 <= card.sample_rate <= 48_000 and 0 < card.hop <= card.sample_rate and 1 <= card.n_codes <= 65_536
    if not good or not -70 <= card.loudness_lufs <= 0 or card.family not in SIZES or not 0 <= card.seed < 2**63:
        raise VoiceError(
            f"{path} has an impossible shape: {card.sample_rate} Hz, hop {card.hop}, {card.n_codes} codes, family {card.family!r}, "
            f"loudness {card.loudness_lufs} LUFS, seed {card.seed}"
        )
    tokens = card.golden_tokens
    if not 1 <= len(tokens) == len(card.golden_likeliest) <= MAX_GOLDEN_TOKENS or any(not 0 <= token < card.n_codes for token in tokens):
        raise VoiceError(f"{path} has golden_tokens that no sentence of this voice can have")


def _check_graphs(card: VoiceCard, folder: Path) -> None:
    lacking = [name for name in GRAPHS if card.graphs.get(name) not in card.sha256]
    if BERT in card.graphs:
        lacking += [name for name in (card.graphs[BERT], VOCABULARY) if name not in card.sha256]
    if lacking or PROMPT not in card.sha256:
        raise VoiceError(f"{folder}/voice.json names no file, or no digest of it, for {', '.join([*lacking, PROMPT])}")
