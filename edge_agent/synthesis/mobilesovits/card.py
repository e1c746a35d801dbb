"""What a MobileSoVITS voice says of itself: ``voice.json``."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.errors import EdgeAgentError
from edge_agent.synthesis.golden import Golden
from edge_agent.text import FRONT_END_VERSION
from edge_agent.text.symbols import SYMBOLS

log = logging.getLogger(__name__)

SCHEMA = 1
GRAPHS = ("text", "prosody", "decoder")
PLAIN = "cpu"
"""The variant every voice has; others, by provider, are taken where the voice has them."""
BY_PROVIDER = {"CUDAExecutionProvider": "gpu", "TensorrtExecutionProvider": "trt"}


class VoiceError(EdgeAgentError):
    """A voice folder is incomplete, damaged, or made for another program."""


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
        path = folder / "voice.json"
        try:
            raw = path.read_bytes()
            values: dict[str, Any] = json.loads(raw)
            found = values.get("engine"), values.get("schema")
        except (OSError, ValueError, AttributeError, RecursionError) as error:
            raise VoiceError(f"{path} cannot be read: {error}; install the voice again") from error
        if found != ("mobilesovits", SCHEMA):
            raise VoiceError(f"{path} describes a voice for {found[0]} schema {found[1]}; this engine reads mobilesovits schema {SCHEMA}")
        try:
            card = cls._of(values, hashlib.sha256(raw).hexdigest())
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise VoiceError(f"{path} lacks or garbles {error}; it was not made by this project's quantize command") from error
        if values.get("symbols_sha256") != symbols_sha256():
            raise VoiceError(f"{path} was made for another phoneme table; build the voice again with this program")
        _check_shape(card, path)
        _check_files(card, folder)
        made_for = card.front_end_version
        if made_for.partition("-")[0] != FRONT_END_VERSION.partition("-")[0]:
            log.warning("voice made for another front end voice=%s made_for=%s here=%s", card.voice_id, made_for, FRONT_END_VERSION)
        return card

    @classmethod
    def _of(cls, values: dict[str, Any], digest: str) -> VoiceCard:
        shape = values["shape"]
        return cls(
            voice_id=_text(values, "voice_id"),
            display_name=_text(values, "display_name"),
            languages=tuple(values["languages"]),
            sample_rate=int(shape["sample_rate"]),
            hop=int(shape["hop"]),
            head_fft=int(shape["head_fft"]),
            head_hop=int(shape["head_hop"]),
            context_frames=int(shape["context_frames"]),
            loudness_lufs=float(values["loudness_lufs"]),
            front_end_version=_text(values, "front_end_version"),
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
    return hashlib.sha256(json.dumps(sorted(SYMBOLS.items())).encode()).hexdigest()


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


def _check_files(card: VoiceCard, folder: Path) -> None:
    if PLAIN not in card.graphs:
        raise VoiceError(f"{folder}/voice.json has no {PLAIN} graphs, which every voice must have")
    for variant, files in card.graphs.items():
        lacking = [name for name in GRAPHS if files.get(name) not in card.sha256]
        if lacking:
            raise VoiceError(f"{folder}/voice.json names no file, or no digest of it, for {', '.join(lacking)} of {variant}")
    for name, wanted in card.sha256.items():
        if "/" in name or "\\" in name or name.startswith("."):
            raise VoiceError(f"{folder}/voice.json names {name!r}, which is not a plain file name")
        try:
            found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except (OSError, ValueError) as error:  # ValueError: a name with a zero byte in it
            raise VoiceError(f"{folder / name} cannot be read: {error}; install the voice again") from error
        if found != wanted:
            raise VoiceError(f"{folder / name} is not the file the voice was made with; install the voice again")


def _text(values: dict[str, Any], name: str) -> str:
    if not isinstance(values[name], str) or not values[name]:
        raise TypeError(name)
    return values[name]
