"""Writing what the layout says, and taking it away.

The manifest is on the disk before the first file and names old and new ones, so that an interrupted run is finished, or
undone, by the next. Each file is whole or as it was.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from edge_agent.install.errors import Conflict, NotInstalled, Outside
from edge_agent.install.layout import Item
from edge_agent.install.manifest import MANIFEST, Entry, Manifest
from edge_agent.state_file import sync_folder

NEW = ".edge-agent-new"
"""Ends the name of a new configuration file beside the one that somebody has edited."""


@dataclass(slots=True)
class Report:
    """What was done, as paths relative to the prefix; ``kept`` are edited configuration files, left as they were."""

    written: list[PurePosixPath] = field(default_factory=list)
    removed: list[PurePosixPath] = field(default_factory=list)
    kept: list[PurePosixPath] = field(default_factory=list)


def install(prefix: Path, items: Iterable[Item], *, force: bool = False) -> Report:
    """Bring ``prefix`` to what ``items`` say, from nothing or from an earlier layout.

    Raises:
        Conflict: files that are not ours are in the way, and not ``force``.
        InstallError: the manifest is damaged, or a link leads out of the prefix.
        OSError: a file cannot be written; the manifest names what there is.
    """
    wanted, report = list(items), Report()
    before = Manifest.read(prefix) or Manifest()
    placed = [place for item in wanted if (place := _placed(prefix, item, before, report)) is not None]
    if not force and (conflicts := [_real(prefix, item.path) for item in placed if _is_foreign(prefix, item, before)]):
        raise Conflict(conflicts)
    after = Manifest({item.path: Entry(_digest(item.content), item.is_config) for item in placed}, set(before.folders))
    # An edited file stays ours to know about, with the content it was written with, until it is as we left it.
    after.files |= {path: before.files[path] for path in report.kept if path in before.files}
    folders = {folder for item in (*placed, Item(MANIFEST, b"")) for folder in _missing_folders(prefix, item.path)}
    after.folders |= folders
    for folder in sorted(folders):
        (prefix / folder).mkdir(mode=0o755, exist_ok=True)
    Manifest(before.files | after.files, after.folders).write(prefix)
    for path in sorted(before.files.keys() - after.files.keys()):
        _remove(prefix, path, before.files[path], report)
    for item in placed:
        target = _real(prefix, item.path)
        if _digest_of(target) != _digest(item.content) or (target.stat().st_mode & 0o7777) != item.mode:
            _write(target, item)
            report.written.append(item.path)
    after.write(prefix)
    return report


def uninstall(prefix: Path) -> Report:
    """Take away what :func:`install` wrote; configuration files that were edited stay, and folders that hold anything.

    Raises:
        NotInstalled: there is no manifest.
        InstallError: it is damaged, or a link leads out of the prefix.
        OSError: a file cannot be removed; calling again goes on from there.
    """
    manifest, report = Manifest.read(prefix), Report()
    if manifest is None:
        raise NotInstalled(prefix)
    for path, entry in sorted(manifest.files.items()):
        _remove(prefix, path, entry, report)
    _real(prefix, MANIFEST).unlink()
    for folder in sorted(manifest.folders, reverse=True):
        path = _real(prefix, folder)
        if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
            path.rmdir()
    return report


def _placed(prefix: Path, item: Item, before: Manifest, report: Report) -> Item | None:
    """The item at the place it goes to: beside an edited configuration file, or nowhere if it is what was edited then."""
    target = _real(prefix, item.path)
    on_disk, now = _digest_of(target), _digest(item.content)
    if not item.is_config or on_disk in (None, now):
        return item
    known = before.files.get(item.path)
    if known is not None and on_disk == known.sha256:
        return item
    report.kept.append(item.path)
    if known is not None and known.sha256 == now:
        return None
    return Item(item.path.with_name(item.path.name + NEW), item.content, item.mode)


def _is_foreign(prefix: Path, item: Item, before: Manifest) -> bool:
    on_disk = _digest_of(_real(prefix, item.path))
    return item.path not in before.files and on_disk is not None and on_disk != _digest(item.content)


def _remove(prefix: Path, path: PurePosixPath, entry: Entry, report: Report) -> None:
    target = _real(prefix, path)
    on_disk = _digest_of(target)
    if on_disk is None:
        return
    if entry.is_config and on_disk != entry.sha256:
        report.kept.append(path)
        return
    target.unlink()
    report.removed.append(path)


def _real(prefix: Path, path: PurePosixPath) -> Path:
    """Where ``path`` is, links in its folders followed as far as they stay inside."""
    folder = (prefix / path).parent.resolve()
    if not folder.is_relative_to(prefix.resolve()):
        raise Outside(prefix / path, prefix)
    return folder / path.name


def _missing_folders(prefix: Path, path: PurePosixPath) -> Iterator[PurePosixPath]:
    return (folder for folder in path.parents if folder.parts and not (prefix / folder).exists())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _digest_of(path: Path) -> str | None:
    """None if there is nothing. A link counts as content of its own: whoever made it meant it."""
    if path.is_symlink():
        return f"link to {path.readlink()}"
    return _digest(path.read_bytes()) if path.exists() else None


def _write(target: Path, item: Item) -> None:
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(item.content)
            os.fchmod(file.fileno(), item.mode)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)
