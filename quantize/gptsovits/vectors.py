"""Folders of test vectors: two small checkpoints, inputs, and what the original makes of them."""

from __future__ import annotations

import hashlib
import json
import lzma
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edge_agent.synthesis.gptsovits import Sampling
from quantize.gptsovits.checkpoint import Checkpoints, load
from quantize.gptsovits.errors import CheckpointRefused

ARRAYS = ("inputs", "t2s_expected", "sampling_expected", "sovits_expected")
MAX_UNPACKED_BYTES = 1 << 30
MAX_META_BYTES = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")


class VectorsRefused(CheckpointRefused):
    """A folder is not of the layout, or what it holds is damaged."""


@dataclass(frozen=True, slots=True)
class T2SCase:
    """``prompted`` is whether the reference goes before the text."""

    name: str
    prompted: bool
    how: Sampling
    early_stop: int


@dataclass(frozen=True, slots=True)
class Vectors:
    """``version`` is what the folder says its checkpoints are; ``arrays`` are tensors, by file and name."""

    folder: Path
    version: str
    checkpoints: Checkpoints
    arrays: Mapping[str, Mapping[str, Tensor]]
    t2s_cases: tuple[T2SCase, ...]

    def get(self, file: str, name: str) -> Tensor:
        """
        Raises:
            VectorsRefused: it is not there.
        """
        if name not in self.arrays[file]:
            raise VectorsRefused(self.folder.name, f"{file}.npz holds no {name}")
        return self.arrays[file][name]

    def expected(self, case: str) -> dict[str, Tensor]:
        """What the second stage is to make in a case."""
        return {name.split("/", 1)[1]: value for name, value in self.arrays["sovits_expected"].items() if name.startswith(f"{case}/")}


def folders(path: Path) -> list[Path]:
    """``path`` itself, or those within it that hold vectors.

    Raises:
        VectorsRefused: there is none.
    """
    found = [each for each in (path, *sorted(path.glob("*"))) if (each / "meta.json").is_file()]
    if not found:
        raise VectorsRefused(path.name, "holds no folder of vectors (with a meta.json, inputs.npz and what is expected)")
    return found


@contextmanager
def opened(folder: Path) -> Iterator[Vectors]:
    """Vectors and models of one folder.

    Raises:
        VectorsRefused, CheckpointRefused: something is missing, damaged or not what it claims.
    """
    meta = _meta(folder)
    with TemporaryDirectory() as place:
        s1 = _checked(folder / _file(folder, meta, "s1_file"), meta.get("s1_sha256"))
        s2 = _unpacked(folder / _file(folder, meta, "s2_file"), meta.get("s2_sha256_unpacked"), Path(place))
        arrays = {name: _arrays(folder / f"{name}.npz") for name in ARRAYS}
        yield Vectors(folder, str(meta.get("version")), load(s1, s2), arrays, _t2s_cases(folder, meta))


def _meta(folder: Path) -> dict[str, Any]:
    try:
        with (folder / "meta.json").open("rb") as file:
            meta = json.loads(file.read(MAX_META_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise VectorsRefused(folder.name, f"meta.json cannot be read: {error}") from error
    if not isinstance(meta, dict):
        raise VectorsRefused(folder.name, "meta.json is no object")
    return meta


def _file(folder: Path, meta: Mapping[str, Any], field: str) -> str:
    name = meta.get(field)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise VectorsRefused(folder.name, f"meta.json: {field} is no plain file name")
    return name


def _checked(path: Path, sha256: Any) -> Path:
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise VectorsRefused(path.parent.name, f"{path.name} cannot be read: {error.strerror}") from error
    if sha256 not in (None, found):
        raise VectorsRefused(path.parent.name, f"{path.name} is damaged: its SHA-256 is {found}")
    return path


def _unpacked(path: Path, sha256: Any, place: Path) -> Path:
    if path.suffix != ".xz":
        return _checked(path, sha256)
    target = place / path.stem
    try:
        with lzma.open(path) as packed:
            target.write_bytes(packed.read(MAX_UNPACKED_BYTES))
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise VectorsRefused(path.parent.name, f"{path.name} cannot be unpacked: {error}") from error
    return _checked(target, sha256)


def _arrays(path: Path) -> dict[str, Tensor]:
    try:
        with path.open("rb") as file, np.load(file) as stored:
            return {name: torch.from_numpy(np.array(stored[name])) for name in stored.files}
    except (OSError, ValueError, EOFError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise VectorsRefused(path.parent.name, f"{path.name} cannot be read: {error}") from error


def _t2s_cases(folder: Path, meta: Mapping[str, Any]) -> tuple[T2SCase, ...]:
    try:
        return tuple(
            T2SCase(
                name,
                bool(case["prompt"]),
                Sampling(int(case["top_k"]), float(case["top_p"]), float(case["temperature"]), float(case["repetition_penalty"])),
                int(case["early_stop_num"]),
            )
            for name, case in meta["t2s_cases"].items()
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise VectorsRefused(folder.name, f"meta.json: t2s_cases cannot be read ({error!r})") from error
