"""The port of everything that judges a clip with a model, and the memory that makes it pay only once a clip."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Protocol

from distill.evaluate.clip import Clip
from distill.evaluate.sentences import Lang
from distill.staged import staged_file

LISTENING_RATE = 16_000


class Listener(Protocol):
    """Judges audio alone: a language may be given, the text never is."""

    name: str
    """``recognition``, ``mos`` or ``speaker``."""

    identity: str
    """Changes whenever the same clip could be answered differently: goes into what answers are remembered by."""

    def listen(self, clip: Clip, lang: Lang) -> Any:
        """An answer that survives JSON: what was heard, a score, or a vector."""
        ...


class Remembering:
    """A listener whose answers are kept in files, so that an interrupted or repeated evaluation goes on where it was.

    Args:
        listener: who is asked when there is no answer yet.
        folder: one small JSON file an answer, written by rename.
    """

    def __init__(self, listener: Listener, folder: Path) -> None:
        self.name, self.identity = listener.name, listener.identity
        self._listener = listener
        self._folder = folder / listener.name

    def listen(self, clip: Clip, lang: Lang) -> Any:
        key = hashlib.sha256(f"{self.identity}|{lang}|{clip.digest}".encode()).hexdigest()
        path = self._folder / f"{key}.json"
        try:
            return json.loads(path.read_text("utf-8"))["answer"]
        except (OSError, ValueError, KeyError, TypeError):  # none yet, or cut off while copied: the answer can always be had again
            answer = self._listener.listen(clip, lang)
        with staged_file(path) as file:
            file.write_text(json.dumps({"answer": answer}, ensure_ascii=False), "utf-8")
        return answer
