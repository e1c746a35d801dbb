"""Whatever operation on the file system is the last one, or fails: the store holds exactly the old voice or exactly the new one.

Here each operation is the last one once, and every third one fails once. ``EDGE_AGENT_FAULTS=all`` has every one fail, with a full
disk and with an I/O error.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_agent.voices.store import Phrases, Store, StoreError
from tests.rigs import faults
from tests.rigs.depot import Depot

FIRST = b"the first voice" * 9
OLD, NEW, OTHER = b"the old voice" * 9, b"the new voice" * 9, b"another voice" * 9
ERRORS = (("a full disk", errno.ENOSPC), ("a failing disk", errno.EIO))


class Bench:
    """A store with two voices, one of them in two versions, and something to do with it."""

    def __init__(self, folder: Path, depot: Depot, make_store: Callable[..., Store]) -> None:
        self.pristine, self.root, self.phrases = folder / "pristine", folder / "state", folder / "phrases"
        self._make = make_store
        self.pack = depot.pack(8, depot.voice(content=NEW))
        self._known: dict[str, bytes] = {}
        store = make_store(self.pristine)
        store.install(depot.pack(6, depot.voice(content=FIRST)), by="test")
        store.install(depot.pack(3, depot.voice("berta", content=OTHER)), by="test")
        store.install(depot.pack(7, depot.voice(content=OLD)), by="test")
        store.sweep()
        self.reset()

    def reset(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(self.pristine, self.root)
        self.phrases.mkdir(exist_ok=True)
        (self.phrases / "anna").write_bytes(OLD)

    def store(self) -> Store:
        return self._make(self.root, traces=(Phrases(self._clear),))

    def _clear(self, voice_id: str) -> int:
        (self.phrases / voice_id).unlink(missing_ok=True)
        return 1

    def says(self, voice_id: str) -> bytes | None:
        """What the active version of a voice consists of, verified; None if there is no such voice."""
        store = self.store()
        entry = store.state().voices[voice_id]
        if entry.active is None:
            return None
        files = store.layout.version(voice_id, entry.active)
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files.rglob("*")) if path.is_file())).hexdigest()
        if digest not in self._known:
            with store.opened(voice_id, entry.active) as folder:
                self._known[digest] = (folder / "weights.bin").read_bytes()
        return self._known[digest]


ACTIONS: dict[str, tuple[Callable[[Bench], None], set[bytes | None], bytes | None]] = {
    "install": (lambda bench: bench.store().install(bench.pack, by="test"), {OLD, NEW}, NEW),
    "activate": (lambda bench: bench.store().activate("anna", 6, by="test"), {OLD, FIRST}, FIRST),
    "rollback": (lambda bench: bench.store().roll_back("anna", by="test", failed="it crashes", seq=7), {OLD, FIRST}, FIRST),
    "delete": (lambda bench: bench.store().delete("anna", by="test"), {OLD, None}, None),
}


@pytest.fixture
def bench(depot: Depot, make_store) -> Iterator[Bench]:
    # In memory where that can be had: hundreds of stores are made and removed.
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        yield Bench(Path(folder), depot, make_store)


@pytest.mark.parametrize("name", ACTIONS)
def test_killed_or_failing_at_every_operation(bench: Bench, name: str) -> None:
    action, allowed, wanted = ACTIONS[name]
    roots = (bench.root, bench.phrases)
    status, operations = faults.run(lambda: action(bench), roots)
    assert status == 0
    assert len(operations) > 10, operations
    for number in range(1, len(operations) + 1):
        for what, error in (("a kill", None), *failures(number)):
            bench.reset()
            where = f"{what} at operation {number} of {len(operations)} of {name}: {operations[number - 1]}"
            status, _ = faults.run(lambda: action(bench), roots, number, error)
            assert status == faults.KILLED if error is None else status in (0, 1), where
            check_whole(bench, allowed, where)
            if error is None:
                finish(bench, action, wanted, where)


def failures(number: int) -> tuple[tuple[str, int], ...]:
    """How operation ``number`` fails: in both ways if all are asked for, else every third one, in turn."""
    if os.environ.get("EDGE_AGENT_FAULTS") == "all":
        return ERRORS
    return (ERRORS[number // 3 % len(ERRORS)],) if number % 3 == 0 else ()


def check_whole(bench: Bench, allowed: set[bytes | None], where: str) -> None:
    """As the next start finds it: everything verified, nothing lost, nothing left over, the log sound."""
    store = bench.store()
    store.sweep()
    found = bench.says("anna")
    assert found in allowed, where
    assert bench.says("berta") == OTHER, where
    state = store.state()
    entry = state.voices["anna"]
    assert entry.counter == (8 if found == NEW else 7), where
    assert state.chosen in {"anna", None} and (state.chosen is None) == (found is None), where
    expected = {"berta/3"} | {f"anna/{seq}" for seq in entry.versions}
    assert {f"{path.parent.name}/{path.name}" for path in bench.root.glob("*/*") if path.parent.name != ".store"} == expected, where
    assert not store.layout.leftovers(), where
    assert not list(store.settings.memory.iterdir()), where
    assert store.book.damages() == [], where
    events = [record.event for record in store.book.records()]
    assert events[:3] == ["installed"] * 3, where
    assert (found is None) == (events[-1] == "deleted"), where
    if found is None:
        assert not (bench.phrases / "anna").exists(), where
        receipts = sorted(path.name for path in store.layout.receipts.iterdir())
        assert any(f"{name}.minisig" in receipts for name in receipts), where


def finish(bench: Bench, action: Callable[[Bench], None], wanted: bytes | None, where: str) -> None:
    """Asking again leads to what was wanted."""
    try:
        action(bench)
    except StoreError as error:
        if error.reason not in ("installed", "unknown"):
            raise
    assert bench.says("anna") == wanted, where
