"""What became of a stick: for the ear, for the daemon's status, and for the log that goes back onto it."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from edge_agent import __version__
from edge_agent.voices.usb.sentences import CURRENT, EMPTY, INSTALLED_ALREADY, LANGS, NEUTRAL, OLDER, OTHERS, Lang, Sentence, sentence

_MAX_DETAIL_CHARS = 300


@dataclass(frozen=True, slots=True)
class PackResult:
    """What became of one pack. ``reason`` is None if it was installed, ``voice`` and ``seq`` are then known; ``detail`` is for the
    log only."""

    file: str
    reason: str | None
    voice: str | None = None
    seq: int | None = None
    detail: str = ""

    @property
    def sentence(self) -> Sentence:
        return sentence(self.reason)

    @property
    def refused(self) -> bool:
        """Whether somebody should do something about it."""
        return self.reason is not None and self.reason not in NEUTRAL


@dataclass(frozen=True, slots=True)
class StickReport:
    """What became of one stick. ``trouble`` is the reason why it was not read, or not to its end."""

    at: datetime
    packs: tuple[PackResult, ...]
    trouble: str | None = None
    detail: str = ""

    @property
    def installed(self) -> tuple[PackResult, ...]:
        return tuple(pack for pack in self.packs if pack.reason is None)

    @property
    def refused(self) -> tuple[PackResult, ...]:
        """Those about which somebody should do something. Old packs may lie beside new ones."""
        up_to_date = any(pack.reason in (None, INSTALLED_ALREADY) for pack in self.packs)
        return tuple(pack for pack in self.packs if pack.refused and not (up_to_date and pack.reason == OLDER))

    @property
    def ok(self) -> bool:
        """Whether nothing is left to be done about this stick."""
        return self.trouble is None and not self.refused

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """What is to be said of the stick as a whole, the good news first: one or two sentences."""
        said = [sentence(None)] if self.installed else []
        if self.trouble is not None:
            said.append(sentence(self.trouble))
        elif self.refused:
            said.append(self.refused[0].sentence)
        if said:
            return tuple(said)
        if any(pack.reason == INSTALLED_ALREADY for pack in self.packs):
            return (CURRENT,)
        return (OTHERS if self.packs else EMPTY,)

    @property
    def code(self) -> str:
        """The codes of :attr:`sentences`, joined by +."""
        return "+".join(each.code for each in self.sentences)

    def spoken(self, langs: Sequence[Lang]) -> str:
        """The announcement, language by language."""
        return " ".join(each.text(lang) for lang in langs for each in self.sentences)

    def to_dict(self) -> dict[str, Any]:
        """For the daemon, as plain JSON values."""
        packs = [
            {"file": pack.file, "code": pack.sentence.code, "reason": pack.reason or "ok", "voice": pack.voice, "seq": pack.seq}
            for pack in self.packs
        ]
        return {"code": self.code, "ok": self.ok, "packs": packs}

    def log(self, device: str) -> str:
        """The text file for the stick: both languages, lines that end as Windows wants them."""
        lines = [
            f"Edge voice agent {__version__}, device {device} ({platform.machine()})",
            self.at.strftime("%Y-%m-%d %H:%M:%S UTC"),
            "",
            *(line for each in self.sentences for line in _in_full(each)),
        ]
        if self.detail:
            lines += [_one_line(self.detail)]
        for pack in self.packs:
            facts = f" = {pack.voice} {pack.seq}" if pack.voice else ""
            lines += ["", f"{pack.file}{facts}", *(f"  {line}" for line in _in_full(pack.sentence))]
            if pack.detail:
                lines += [f"  {_one_line(pack.detail)}"]
        return "".join(f"{line}\r\n" for line in lines)


def _in_full(said: Sentence) -> list[str]:
    lines = [f"{said.code} {said.text(lang)}" for lang in LANGS]
    todo = [each for each in (said.todo_zh, said.todo_en) if each]
    return [*lines, *(f"    -> {each}" for each in todo)]


def _one_line(text: str) -> str:
    flat = "".join(char if char.isprintable() else " " for char in text)
    return flat if len(flat) <= _MAX_DETAIL_CHARS else f"{flat[: _MAX_DETAIL_CHARS - 1]}…"
