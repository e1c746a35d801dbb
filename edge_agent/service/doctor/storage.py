"""Disk, clock and cache."""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from edge_agent.config import Config
from edge_agent.phrases import CacheError, PhraseCache
from edge_agent.service.doctor.finding import Finding

_MIB = 1024 * 1024
_TIMEX_BYTES = 256
_UNSYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)
_MOST_CHECKED = 500


def check_disk(config: Config) -> Iterator[Finding]:
    for name, folder, floor_bytes in (
        ("state", config.paths.state_dir, config.journal.reserve_bytes),
        ("cache", config.paths.cache_dir, config.cache.floor_bytes),
    ):
        there = _nearest(folder)
        free_mib = shutil.disk_usage(there).free // _MIB
        data = {"folder": str(folder), "free_mib": free_mib}
        if problem := _write_problem(there):
            fix = f"Give the service's user write access to {there}, or set paths.{name}_dir."
            yield Finding.fail("disk", f"{folder} cannot be written: {problem}", fix, **data)
        elif free_mib * _MIB < floor_bytes:
            what = f"{folder} has {free_mib} MiB free, less than the {floor_bytes // _MIB} MiB kept in reserve"
            if name == "state":
                yield Finding.fail("disk", what, "Free some space: no announcement is accepted now.", **data)
            else:
                yield Finding.warn("disk", what, "Free some space: no more phrases are kept now.", **data)
        else:
            yield Finding.ok("disk", f"{folder} can be written, {free_mib} MiB free", **data)


def check_clock(_config: Config) -> Iterator[Finding]:
    now = time.strftime("%Y-%m-%d %H:%M:%S %Z")
    if time.time() < Path(__file__).stat().st_mtime - 86_400:
        fix = "Set it (timedatectl set-ntp true): lifetimes, schedules, quiet hours and TLS depend on it."
        yield Finding.fail("clock", f"{now} is before this program was installed", fix)
    elif not _synchronised():
        fix = "Switch time synchronisation on: timedatectl set-ntp true"
        yield Finding.warn("clock", f"{now}, not synchronised", fix, synchronised=False)
    else:
        yield Finding.ok("clock", f"{now}, synchronised", synchronised=True)


def check_cache(config: Config) -> Iterator[Finding]:
    folder = config.paths.phrases
    if not config.cache.enabled or not folder.exists():
        yield Finding.ok("cache", "switched off" if not config.cache.enabled else "empty; it fills with the first announcement")
        return
    try:
        cache = PhraseCache(folder, budget_bytes=config.cache.budget_bytes, floor_bytes=config.cache.floor_bytes)
    except CacheError as error:
        yield Finding.fail("cache", str(error), f"Stop the daemon, move {folder} away and start it again.")
        return
    try:
        stats = cache.stats()
        entries = cache.entries(_MOST_CHECKED)
        missing = sum(entry.key not in cache for entry in entries)
    except CacheError as error:
        yield Finding.fail("cache", str(error), f"Stop the daemon, move {folder} away and start it again.")
        return
    finally:
        cache.close()
    data = {"entries": stats.entries, "bytes": stats.n_bytes, "missing": missing}
    if stats.degraded:
        yield Finding.warn("cache", stats.degraded, "Free disk space, or give the service's user write access.", **data)
    elif missing:
        what = f"{missing} of {len(entries)} recordings looked at are missing or cut short"
        yield Finding.warn("cache", what, "Nothing to do: they are made again when wanted. Check the disk if it recurs.", **data)
    else:
        yield Finding.ok("cache", f"{stats.entries} phrases in {stats.n_bytes // _MIB} MiB, files as indexed", **data)


def _nearest(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _write_problem(folder: Path) -> str | None:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error.strerror or str(error)
    return None


def _synchronised() -> bool:
    # With its first field zero, adjtimex only reads; its answer tells whether anything disciplines the kernel's clock.
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return 0 <= state != _UNSYNCHRONISED
