"""What a MobileSoVITS voice says of itself: ``voice.json``."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.errors import EdgeAgentError

SCHEMA = 1
GRAPHS = ("text", "prosody", "decoder")


class VoiceError(EdgeAgentError):
    """A voice folder is incomplete, damaged, or made for another program."""


@dataclass(frozen=True, slots=True)
class VoiceCard:
    """The part of ``voice.json`` that the engine needs; the rest is for people.

    ``files`` maps a graph's name to its file; ``text_dim``, ``bins`` and ``context_frames`` (how far the decoder looks to
    either side) come from the student's shape. ``loudness_lufs`` is the voice's ordinary loudness before any gain.
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
    files: dict[str, str]
    sha256: dict[str, str]
    digest: str

    @classmethod
    def load(cls, folder: Path) -> VoiceCard:
        """Read and check ``voice.json`` and the digests of the files it names.

        Raises:
            VoiceError: something is missing or different from what the card says.
        """
        path = folder / "voice.json"
        try:
            raw = path.read_bytes()
            values: dict[str, Any] = json.loads(raw)
        except (OSError, ValueError) as error:
            raise VoiceError(f"{path} cannot be read: {error}; install the voice again") from error
        if values.get("schema") != SCHEMA or values.get("engine") != "mobilesovits":
            found = f"{values.get('engine')} schema {values.get('schema')}"
            raise VoiceError(f"{path} describes a voice for {found}; this engine reads mobilesovits schema {SCHEMA}")
        try:
            shape = values["shape"]
            card = cls(
                values["voice_id"], values["display_name"], tuple(values["languages"]), int(shape["sample_rate"]),
                int(shape["hop"]), int(shape["head_fft"]), int(shape["head_hop"]), int(shape["context_frames"]),
                float(values["loudness_lufs"]), values["front_end_version"], dict(values["files"]), dict(values["sha256"]),
                hashlib.sha256(raw).hexdigest(),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise VoiceError(f"{path} lacks or garbles {error}; it was not made by this project's quantize command") from error
        missing = [name for name in GRAPHS if name not in card.files]
        if missing:
            raise VoiceError(f"{path} names no file for {', '.join(missing)}")
        card._verify(folder)
        return card

    def _verify(self, folder: Path) -> None:
        for name in self.files.values():
            if "/" in name or name.startswith("."):
                raise VoiceError(f"{folder}/voice.json names {name!r}, which is not a plain file name")
            try:
                found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
            except OSError as error:
                raise VoiceError(f"{folder / name} cannot be read: {error}; install the voice again") from error
            if found != self.sha256.get(name):
                raise VoiceError(f"{folder / name} is not the file the voice was made with; install the voice again")
