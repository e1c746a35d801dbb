"""An ALSA softvol control that other programs play through, set by ``amixer`` (of the package alsa-utils)."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from edge_agent.ducking.mixer import Memory, MixerError

_RANGE = re.compile(r"type=INTEGER,.*?,min=(-?\d+),max=(-?\d+)")
_VALUES = re.compile(r":\s*values=(-?\d+(?:,-?\d+)*)")
_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class _Control:
    values: tuple[int, ...]
    low: int


class SoftvolMixer:
    """See :class:`edge_agent.ducking.Mixer`.

    Args:
        card: the ALSA control device, such as ``hw:0`` or ``default``.
        control: the control's name, as the softvol definition gives it.
        memory: where its own volume is kept while it is lowered.
        amixer: the program.
    """

    def __init__(self, card: str, control: str, memory: Path, *, amixer: str = "amixer") -> None:
        self._card, self._control, self._amixer = card, control, amixer
        self._memory = Memory(memory)
        self._own: tuple[int, ...] | None = None
        self._set: tuple[int, ...] | None = None
        """What the control was last seen at by our doing; None while a change of ours was not seen through."""

    @property
    def lowered(self) -> bool:
        return self._own is not None

    def recover(self) -> None:
        kept = self._memory.recall()
        if kept is not None and kept.get("control") == [self._card, self._control]:
            own = tuple(int(value) for value in kept["own"])
            if _left_by_us(self._read().values, own):
                self._write(own)
        if kept is not None:
            self._memory.forget()

    def set(self, part: float) -> None:
        control = self._read()
        if self._own is None:
            self._memory.keep({"control": [self._card, self._control], "own": list(control.values)})
            self._own = self._set = control.values
        elif not self._is_ours(control.values, self._own):
            return  # a person has moved it: it is theirs
        lowered = tuple(control.low + round((value - control.low) * part) for value in self._own)
        if lowered != control.values:
            self._write(lowered)
            self._set = self._read().values

    def restore(self) -> None:
        if self._own is None:
            return
        now = self._read().values
        if self._is_ours(now, self._own) and now != self._own:
            self._write(self._own)
        self._own = self._set = None
        self._memory.forget()

    def close(self) -> None:
        """Nothing is held open."""

    def _is_ours(self, now: tuple[int, ...], own: tuple[int, ...]) -> bool:
        """Whether nobody has moved the control since we did; after a change of ours that was not seen through, as good as can be told."""
        if self._set is None:
            self._set = now if _left_by_us(now, own) else own
        return now == self._set

    def _read(self) -> _Control:
        told = self._run("cget")
        span, values = _RANGE.search(told), _VALUES.search(told)
        if span is None or values is None:
            raise MixerError(f"{self._control!r} of {self._card} is no volume control; see: amixer -D {self._card} contents")
        return _Control(tuple(int(value) for value in values[1].split(",")), int(span[1]))

    def _write(self, values: tuple[int, ...]) -> None:
        self._set = None
        self._run("cset", ",".join(map(str, values)))

    def _run(self, verb: str, *arguments: str) -> str:
        command = [self._amixer, "-D", self._card, verb, f"name='{self._control}'", *arguments]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_WITHIN_S, check=False, env=os.environ | {"LC_ALL": "C"}
            )
        except FileNotFoundError:
            raise MixerError(f"{self._amixer} is not installed: install the package alsa-utils") from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise MixerError(f"{self._amixer} did not work: {error}") from error
        if done.returncode:
            told = " ".join(done.stderr.split())
            hint = "it exists once something has played through its softvol device"
            raise MixerError(f"the control {self._control!r} of {self._card} cannot be used: {told} ({hint})")
        return done.stdout


def _left_by_us(now: tuple[int, ...], own: tuple[int, ...]) -> bool:
    """Between its own volume and nothing it was: lowering is never caught in the act of raising above."""
    return len(now) == len(own) and all(one <= other for one, other in zip(now, own, strict=True))
