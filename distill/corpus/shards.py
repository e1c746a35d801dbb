"""The corpus on disk: numbered shards, each whole or absent."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from distill.corpus.texts import Line
from distill.teachers import Utterance
from edge_agent.errors import EdgeAgentError

FORMAT = 1
LINES_PER_SHARD = 50


class CorpusError(EdgeAgentError):
    """A shard is missing, cut off, or of another corpus."""


@dataclass(frozen=True, slots=True)
class Item:
    """A line with what the teacher said of it; ``audio`` int16 [samples] or None. Shapes as in :class:`Utterance`.

    ``units`` and ``frames`` are None only in takes that wait for their durations (:mod:`distill.align`).
    """

    line: Line
    ids: NDArray[np.int64]
    units: NDArray[np.float32] | None
    frames: NDArray[np.int64] | None
    f0_hz: NDArray[np.float32]
    energy: NDArray[np.float32]
    audio: NDArray[np.int16] | None


def shard_path(folder: Path, number: int) -> Path:
    return folder / f"shard-{number:05d}.npz"


def write_shard(folder: Path, number: int, rows: list[tuple[Line, Utterance]]) -> None:
    """Write one shard by temporary file, fsync and rename: a cut-off run leaves no half shard behind.

    Raises:
        CorpusError: it cannot be written.
    """
    arrays: dict[str, np.ndarray] = {}
    for i, (_, said) in enumerate(rows):
        arrays |= {f"{i}.ids": said.ids.astype(np.int16), f"{i}.f0_hz": said.f0_hz, f"{i}.energy": said.energy}
        if said.frames is not None:
            arrays |= {f"{i}.units": said.units.astype(np.float32), f"{i}.frames": said.frames.astype(np.int16)}
        if said.audio is not None:
            arrays[f"{i}.audio"] = np.round(np.clip(said.audio, -1, 1) * 32767).astype(np.int16)
    lines = [[line.text, line.lang, line.phonemes, line.split] for line, _ in rows]
    arrays["lines"] = np.frombuffer(json.dumps({"format": FORMAT, "lines": lines}).encode(), np.uint8)
    temporary = folder / f".shard-{number:05d}-{os.getpid()}.tmp"
    try:
        with temporary.open("wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(shard_path(folder, number))
    except OSError as error:
        raise CorpusError(f"{shard_path(folder, number)} cannot be written: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def read_shard(path: Path) -> Iterator[Item]:
    """The items of one shard.

    Raises:
        CorpusError: the file is damaged or of another format; delete it and build the corpus again.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            head = json.loads(arrays["lines"].tobytes())
            if head["format"] != FORMAT:
                raise CorpusError(f"{path} has corpus format {head['format']}, this program reads {FORMAT}")
            for i, line in enumerate(head["lines"]):
                frames = arrays.get(f"{i}.frames")
                yield Item(
                    Line(*line), arrays[f"{i}.ids"].astype(np.int64), arrays.get(f"{i}.units"),
                    None if frames is None else frames.astype(np.int64), arrays[f"{i}.f0_hz"], arrays[f"{i}.energy"],
                    arrays.get(f"{i}.audio"),
                )
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise CorpusError(f"{path} is damaged ({error}); delete it and run the corpus command again") from error
