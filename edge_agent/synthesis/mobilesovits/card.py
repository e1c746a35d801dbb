"""What a MobileSoVITS voice says of itself: ``voice.json``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.synthesis.golden import Golden
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
from edge_agent.text.symbols import SYMBOLS

ENGINE, SCHEMA = "mobilesovits", 1
GRAPHS = ("text", "prosody", "decoder")
PLAIN = "cpu"
"""The variant every voice has; others, by provider, are taken where the voice has them."""
BY_PROVIDER = {"CUDAExecutionProvider": "gpu", "TensorrtExecutionProvider": "trt"}


@dataclass(frozen=True, slots=True)
class VoiceCard:
    """The part of ``voice.json`` that the engine needs; the rest is for people.

    ``graphs`` maps a variant (``cpu``, ``gpu``, ``fp16``, ``trt``) and a graph's name to a file; ``context_frames`` is
    how far the decoder looks to either side; ``loudness_lufs`` the voice's ordinary loudness before any gain; ``golden``
    what a processor that computes rightly says; ``sha256`` covers every file of the folder; ``digest`` names this very
    pack.
    """

    voice_id: str
    display_name: str
    languages: tuple[str, ...]
    sample_rate: int
    hop: int
    head_fft: int
    head_hop: int
    context_frames: int
    loudness_lufs: float
    front_end_version: str
    graphs: dict[str, dict[str, str]]
    sha256: dict[str, str]
    golden: Golden
    digest: str

    @classmethod
    def load(cls, folder: Path) -> VoiceCard:
        """Read and check ``voice.json`` and the digests of the files it names.

        A voice made for other reading conventions is loaded with a warning: it speaks, with some sounds mistaken.

        Raises:
            VoiceError: something is missing or different from what the card says.
        """
        values, card = read_card(folder, ENGINE, SCHEMA, cls._of)
        check_symbols(folder, values, symbols_sha256())
        _check_shape(card, folder / NAME)
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
            sample_rate=int(shape["sample_rate"]),
            hop=int(shape["hop"]),
            head_fft=int(shape["head_fft"]),
            head_hop=int(shape["head_hop"]),
            context_frames=int(shape["context_frames"]),
            loudness_lufs=float(values["loudness_lufs"]),
            front_end_version=text(values, "front_end_version"),
            graphs={variant: {str(graph): str(file) for graph, file in files.items()} for variant, files in values["graphs"].items()},
            sha256={str(file): str(wanted) for file, wanted in values["sha256"].items()},
            golden=Golden.from_json(values["golden"]),
            digest=digest,
        )

    def variant_for(self, provider: str) -> str:
        """The variant that suits an ONNX Runtime provider."""
        wanted = BY_PROVIDER.get(provider, PLAIN)
        return wanted if wanted in self.graphs else PLAIN


def symbols_sha256() -> str:
    """Digest of the phoneme table: a voice's ids mean these sounds and no others."""
    return table_sha256(SYMBOLS)


def _check_shape(card: VoiceCard, path: Path) -> None:
    # a voice may come from anywhere: these sizes decide how much memory is asked for
    if not (
        8_000 <= card.sample_rate <= 48_000
        and 0 < card.head_hop <= card.hop <= card.sample_rate
        and card.hop % card.head_hop == 0
        and card.head_fft == 4 * card.head_hop
        and 0 <= card.context_frames <= 1000
        and -70 <= card.loudness_lufs <= 0
    ):
        raise VoiceError(
            f"{path} has an impossible shape: {card.sample_rate} Hz, hop {card.hop}, {card.head_fft}/{card.head_hop}, "
            f"context {card.context_frames}, loudness {card.loudness_lufs} LUFS"
        )


def _check_graphs(card: VoiceCard, folder: Path) -> None:
    if PLAIN not in card.graphs:
        raise VoiceError(f"{folder}/voice.json has no {PLAIN} graphs, which every voice must have")
    for variant, files in card.graphs.items():
        lacking = [name for name in GRAPHS if files.get(name) not in card.sha256]
        if lacking:
            raise VoiceError(f"{folder}/voice.json names no file, or no digest of it, for {', '.join(lacking)} of {variant}")
