"""Whether this program can speak a voice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent import __version__
from edge_agent.voices.pack.errors import PackError
from edge_agent.voices.pack.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Program:
    """``phonemes`` maps the engines there are to the digest of the phoneme table each speaks, or to None if it takes any."""

    version: str
    phonemes: Mapping[str, str | None]

    @classmethod
    def current(cls) -> Program:
        """The one that runs."""
        from edge_agent.synthesis.loader import ENGINES
        from edge_agent.synthesis.mobilesovits.card import symbols_sha256

        return cls(__version__, {**dict.fromkeys(ENGINES), "mobilesovits": symbols_sha256()})

    def check(self, manifest: Manifest) -> None:
        """
        Raises:
            PackError: ``unknown_engine``, ``engine_too_old`` or ``front_end_differs``.
        """
        if _numbers(self.version) < _numbers(manifest.engine_min):
            wanted = f"voice {manifest.id} needs version {manifest.engine_min} of this program or a later one"
            raise PackError("engine_too_old", f"{wanted}, and this is {self.version}; update the program first")
        if manifest.engine not in self.phonemes:
            known = ", ".join(sorted(self.phonemes))
            raise PackError("unknown_engine", f"voice {manifest.id} needs the engine {manifest.engine}; this program has {known}")
        if self.phonemes[manifest.engine] not in (None, manifest.symbols_sha256):
            raise PackError("front_end_differs", f"voice {manifest.id} was made for another phoneme table; build the voice again")


def _numbers(version: str) -> tuple[int, ...]:
    """Of a version such as 1.4.0 or 1.4.0.dev3, to compare: 1.4 is 1.4.0."""
    numbers: list[int] = []
    for part in version.split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
