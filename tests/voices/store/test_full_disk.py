"""The store on a disk that is really full."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.voices.store import Store, StoreError, disk
from tests.rigs.depot import Depot
from tests.rigs.small_disk import MIB, SmallDisk, small_disk  # noqa: F401 (fixture)

OLD, NEW = bytes(range(256)) * 2048, bytes(range(255, -1, -1)) * (6 * MIB // 256)


@pytest.fixture
def store(make_store, small_disk: SmallDisk) -> Store:  # noqa: F811 (the fixture)
    return make_store(small_disk.folder / "voices")


def weights(store: Store, seq: int) -> bytes:
    with store.opened("anna", seq) as folder:
        return (folder / "weights.bin").read_bytes()


def paths(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_a_voice_that_does_not_fit_changes_nothing_and_comes_once_there_is_room(
    store: Store, depot: Depot, small_disk: SmallDisk, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:
    store.install(depot.pack(7, depot.voice(content=OLD)), by="test")
    pack = depot.pack(8, depot.voice(content=NEW))
    before = paths(store.layout.root)
    monkeypatch.setattr(disk, "SPARE_BYTES", -len(NEW))  # as if somebody else took the room in the meantime
    small_disk.leave(2 * MIB)
    with pytest.raises(StoreError, match=r"could not be stored: .*(No space left on device|File too large)") as refused:
        store.install(pack, by="usb")
    assert refused.value.reason == "disk"
    assert paths(store.layout.root) - before <= {".store/audit.jsonl"}, "nothing is half-written"
    assert (store.state().chosen, store.state().entry("anna").active, weights(store, 7)) == ("anna", 7, OLD)
    newest = store.book.records()[-1]
    assert (newest.event, newest.voice, newest.seq, newest.detail["reason"]) == ("refused", "anna", 8, "disk")

    small_disk.make_room()
    assert store.install(pack, by="usb").seq == 8
    assert (weights(store, 8), store.state().entry("anna").previous) == (NEW, 7)
    assert store.book.damages() == []


def test_what_certainly_does_not_fit_is_not_even_begun(
    store: Store, depot: Depot, small_disk: SmallDisk, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:
    if not small_disk.is_mounted:
        monkeypatch.setattr("edge_agent.voices.store.disk.free_bytes", lambda _folder: 2 * MIB)
    small_disk.leave(2 * MIB)
    with pytest.raises(StoreError, match=r"only 2\d{6} bytes are free for a voice of .*; make room on the disk") as refused:
        store.install(depot.pack(7, depot.voice(content=OLD)), by="usb")
    assert refused.value.reason == "disk"
    small_disk.make_room()
    monkeypatch.undo()
    assert store.install(depot.pack(7, depot.voice(content=OLD)), by="usb").seq == 7


def test_a_voice_can_be_deleted_when_not_a_byte_is_left(store: Store, depot: Depot, small_disk: SmallDisk) -> None:  # noqa: F811
    store.install(depot.pack(7, depot.voice(content=OLD)), by="test")
    store.sweep()
    small_disk.leave(0 if small_disk.is_mounted else 64 << 10)
    receipt = store.delete("anna", by="test")
    assert receipt.signed
    assert not store.layout.voice("anna").exists()
    assert [record.event for record in store.book.records()] == ["installed", "deleting", "deleted"]
    small_disk.make_room()
    assert store.book.damages() == []
