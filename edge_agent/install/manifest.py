"""What was laid out, kept beside it, so that exactly that can be taken away."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from edge_agent import state_file
from edge_agent.install.errors import InstallError

MANIFEST = PurePosixPath("usr/share/edge-agent/manifest.json")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of ours: the SHA-256 it was written with, and whether people edit it."""

    sha256: str
    is_config: bool


@dataclass(slots=True)
class Manifest:
    """Files by path relative to the prefix, and the folders that were not there before."""

    files: dict[PurePosixPath, Entry] = field(default_factory=dict)
    folders: set[PurePosixPath] = field(default_factory=set)

    def write(self, prefix: Path) -> None:
        """Keep it.

        Raises:
            OSError: it could not be written.
        """
        files = [{"path": str(path), "sha256": entry.sha256, "config": entry.is_config} for path, entry in sorted(self.files.items())]
        state_file.write(prefix / MANIFEST, {"files": files, "folders": sorted(map(str, self.folders))})

    @classmethod
    def read(cls, prefix: Path) -> Manifest | None:
        """The manifest of what is in ``prefix``, None if there is none.

        Raises:
            InstallError: it is not one, or it names paths that are none of ours to touch.
        """
        path = prefix / MANIFEST
        try:
            found = state_file.read(path)
            if found is None:
                return None
            files = {_inside(each["path"]): Entry(str(each["sha256"]), bool(each["config"])) for each in found["files"]}
            return cls(files, {_inside(folder) for folder in found["folders"]})
        except (KeyError, TypeError, ValueError) as error:
            raise InstallError(f"{path} is damaged ({error}); remove the files by hand, or install again") from error


def _inside(text: str) -> PurePosixPath:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"{text!r} is not a path below the prefix")
    return path
