"""What a voice is called and where it comes from: the part of its card that no file of weights can tell."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quantize.errors import QuantizeError

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
_FOLDERS = re.compile(r"(?<![^=])/(?:.*/)?")


@dataclass(frozen=True, slots=True)
class About:
    """``teacher``, ``licence`` and ``data`` are sentences for people; ``scores`` is the summary of an evaluation; ``commit``
    and ``command`` are what made the voice. ``cloned_from`` are the SHA-256 of the recordings whose voice it is, as far as they are on
    this computer; None: nobody's was cloned. A voice with it is packed only with the consent of whose it is.

    Raises:
        QuantizeError: the id cannot be a folder's name, or there is no language, or one is no BCP 47 code.
    """

    voice_id: str
    display_name: str
    languages: tuple[str, ...]
    teacher: str = "not stated"
    licence: str = "not stated"
    data: str = "not stated"
    commit: str = "not stated"
    command: str = "not stated"
    scores: dict[str, Any] = field(default_factory=dict)
    cloned_from: tuple[str, ...] | None = None

    @property
    def origin(self) -> dict[str, Any]:
        """What every card's ``made`` begins with."""
        told = {name: getattr(self, name) for name in ("teacher", "licence", "data", "scores", "commit", "command")}
        return told if self.cloned_from is None else {**told, "cloned_from": list(self.cloned_from)}

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.voice_id):
            raise QuantizeError(f"voice id {self.voice_id!r}: expected 1 to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or digit")
        if not self.display_name.strip() or not self.languages:
            raise QuantizeError("a voice needs a name and at least one language")
        if not all(map(_LANGUAGE.fullmatch, self.languages)):
            raise QuantizeError(f"languages {', '.join(map(repr, self.languages))}: expected codes such as zh or en-GB")


def command(given: Sequence[str]) -> str:
    """A command of ``python -m quantize``, absolute paths without their folders: those mean nothing elsewhere."""
    return "python -m quantize " + shlex.join(_FOLDERS.sub("", each) for each in given)


def commit() -> str:
    """The revision this program was taken from; ``-dirty`` if tracked files differ from it."""
    asked = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "not under version control"
