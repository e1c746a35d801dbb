"""What is due once a day, beside a daemon that goes on speaking: recordings, journal, leftovers, room on the disk."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping

from edge_agent.clock import SystemClock
from edge_agent.config import Config
from edge_agent.database import DatabaseBusy
from edge_agent.journal import Journal
from edge_agent.phrases import PhraseCache
from edge_agent.service.doctor import Finding, examine
from edge_agent.service.doctor.storage import check_disk

DAY_S = 86_400.0
KEEP_ASIDE_S = 30 * DAY_S
"""Damaged databases were set aside so that somebody could look at them; after a month nobody will."""
KEEP_TEMPORARY_S = DAY_S
"""No write takes as long: what wrote this is dead."""

_ASIDE = re.compile(r".+\.db\.aside-\d{8}T\d{6}Z(\.\d+)?(-wal|-shm)?")
_TEMPORARY = re.compile(r"\..+\.tmp")


def maintain(config: Config) -> Iterator[Finding]:
    """Do everything, one after the other; what fails is a finding and stops nothing else."""
    return examine(config, dict(TASKS))


def tend_cache(config: Config) -> Iterator[Finding]:
    """Verify every recording; opening the cache has already dropped files without a row and brought it back to its budget."""
    if not config.cache.enabled or not config.paths.phrases.exists():
        yield Finding.ok("cache", "nothing to do")
        return
    cache = PhraseCache(config.paths.phrases, budget_bytes=config.cache.budget_bytes, floor_bytes=config.cache.floor_bytes)
    try:
        dropped, stats = cache.verify(), cache.stats()
    finally:
        cache.close()
    data = {"entries": stats.entries, "bytes": stats.n_bytes, "dropped": dropped}
    if stats.degraded:
        yield Finding.warn("cache", stats.degraded, "Free disk space, or give the service's user write access.", **data)
    elif dropped:
        what = f"{dropped} recordings were damaged and are dropped; {stats.entries} are whole"
        yield Finding.warn("cache", what, "They are made again when wanted. If it recurs, the disk is failing: replace it.", **data)
    else:
        yield Finding.ok("cache", f"{stats.entries} recordings, every one whole", **data)


def tend_journal(config: Config) -> Iterator[Finding]:
    """Check and prune the journal, unless the daemon runs: then it is the daemon's, which does both itself."""
    path = config.paths.journal
    if not path.exists():
        yield Finding.ok("journal", "there is none yet")
        return
    clock = SystemClock()
    try:
        journal = Journal(path, clock=clock, reserve_bytes=config.journal.reserve_bytes)
    except DatabaseBusy:
        yield Finding.ok("journal", "in use by the daemon, which checked it when it started and prunes it every six hours", busy=True)
        return
    try:
        forgotten = journal.prune(clock.now() - config.journal.retention_s)
        if journal.recovered_from is not None:
            what = f"was damaged ({journal.recovery_reason}) and is set aside as {journal.recovered_from}"
            yield Finding.fail("journal", what, "What waited in it is lost. If it recurs, the disk is failing: replace it.")
        else:
            yield Finding.ok("journal", f"whole; {forgotten} announcements that ended long ago are forgotten", forgotten=forgotten)
    finally:
        journal.close()


def tend_leftovers(config: Config) -> Iterator[Finding]:
    """Delete what interrupted writes and repaired databases have left, and nothing that is not ours."""
    now, deleted, n_bytes = time.time(), 0, 0
    for folder in (config.paths.state_dir, config.paths.cache_dir, config.paths.phrases):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            keep_s = _keep_s(path.name)
            if keep_s is None or path.is_symlink() or not path.is_file():
                continue
            status = path.stat()
            if now - status.st_mtime > keep_s:
                path.unlink()
                deleted, n_bytes = deleted + 1, n_bytes + status.st_size
    yield Finding.ok("leftovers", f"{deleted} files deleted, {n_bytes / 2**20:.1f} MiB", deleted=deleted, bytes=n_bytes)


def _keep_s(name: str) -> float | None:
    if _ASIDE.fullmatch(name):
        return KEEP_ASIDE_S
    return KEEP_TEMPORARY_S if _TEMPORARY.fullmatch(name) else None


TASKS: Mapping[str, Callable[[Config], Iterator[Finding]]] = {
    "cache": tend_cache,
    "journal": tend_journal,
    "leftovers": tend_leftovers,
    "disk": check_disk,
}
