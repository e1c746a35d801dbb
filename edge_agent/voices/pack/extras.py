"""What a pack brings besides its voice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.voices.pack.chime import Recording, read_chime
from edge_agent.voices.pack.errors import PackError
from edge_agent.voices.pack.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Extras:
    """``phrases`` to have ready, ``templates`` as patterns, ``chimes`` by name: those of a verified pack, so all make sense."""

    phrases: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    chimes: Mapping[str, Recording] = field(default_factory=dict)


def read_extras(manifest: Manifest, folder: Path) -> Extras:
    """Those of a voice whose manifest, and the chimes that lie in ``folder``, were verified.

    Raises:
        PackError: a chime cannot be read.
    """
    try:
        chimes = {name: read_chime(name, (folder / path).read_bytes()) for name, path in manifest.chimes.items()}
    except OSError as error:
        raise PackError("unreadable", f"a chime of voice {manifest.id} cannot be read: {error}") from error
    return Extras(manifest.phrases, manifest.templates, chimes)
