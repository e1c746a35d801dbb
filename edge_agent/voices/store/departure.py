"""How voices go: the leftovers of interrupted changes, versions no longer kept, and whole voices for good."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.errors import EdgeAgentError
from edge_agent.voices.document import show_time
from edge_agent.voices.store import disk
from edge_agent.voices.store.errors import StoreError
from edge_agent.voices.store.layout import KEY_SLOT
from edge_agent.voices.store.receipt import Receipt
from edge_agent.voices.store.state import Entry, State

if TYPE_CHECKING:
    from edge_agent.voices.store.store import Store

log = logging.getLogger(__name__)


def sweep(store: Store, state: State) -> State:
    """Remove every folder that is in no use, and finish deletions that were begun; what the state is then.

    Raises:
        StoreError, OSError: something could not be removed.
    """
    layout = store.layout
    used = {layout.version(voice_id, seq) for voice_id, entry in state.voices.items() for seq in entry.versions}
    doomed = layout.leftovers()
    for folder in layout.folders():
        mine = {path for path in used if path.parent == folder}
        doomed += [path for path in folder.iterdir() if path not in mine] if mine and folder.is_dir() else [folder]
    for path in doomed:
        _remove(path)
        log.info("voice store swept path=%s", path)
    for voice_id, entry in state.voices.items():
        if entry.erasing:
            state = _finish(store, state, voice_id, by="sweep")[0]
    return state


def delete(store: Store, state: State, voice_id: str, *, by: str, up_to: int | None) -> Receipt:
    """See :meth:`Store.delete`."""
    entry = state.entry(voice_id)
    if up_to is not None and max(entry.versions) > up_to:
        raise StoreError("order", f"version {max(entry.versions)} of voice {voice_id} is here; the order is for those up to {up_to}")
    versions = sorted(entry.versions)
    gone = replace(entry, active=None, previous=None, erasing=True)
    new = replace(state.with_entry(voice_id, gone), chosen=None if state.chosen == voice_id else state.chosen)
    # From here on nobody can use the voice; whatever happens now, the next sweep brings it to its end.
    new = store.book.commit(new, "deleting", voice=voice_id, seq=entry.active, by=by, detail={"versions": versions})
    try:
        return _finish(store, new, voice_id, by=by, versions=versions)[1]
    except (OSError, EdgeAgentError) as error:
        raise StoreError(
            "disk", f"voice {voice_id} can be used no more, but not all of it could be deleted: {error}; the rest goes at the next start"
        ) from error


def _finish(store: Store, state: State, voice_id: str, *, by: str, versions: list[int] | None = None) -> tuple[State, Receipt]:
    """Erase a voice that is marked so, and say that it is done.

    Raises:
        EdgeAgentError, OSError: it is not, yet.
    """
    begun = next((each for each in reversed(store.book.records()) if each.event == "deleting" and each.voice == voice_id), None)
    if begun is not None:
        by, versions = begun.by, versions if versions is not None else list(begun.detail.get("versions", ()))
    folder = store.layout.voice(voice_id)
    slots = sorted(folder.glob(f"*/{KEY_SLOT}"))
    files = sum(1 for path in folder.rglob("*") if path.is_file())
    _remove(folder)
    erased = {"files": files} | {trace.name: trace.erase(voice_id) for trace in store.settings.traces}
    at = show_time(store.book.now(state))
    # Named by when the deletion began: another go at its end writes the same receipt, not one more.
    stem = f"{voice_id}-{state.voices[voice_id].counter}-{(begun.at if begun else at).replace(':', '')}"
    path = store.layout.receipts / f"{stem}.json"
    receipt = Receipt(store.settings.device, voice_id, tuple(versions or ()), at, by, len(slots), erased, path, signed=False)
    receipt = _keep(store, receipt)
    entry: Entry = replace(state.voices[voice_id], erasing=False)
    detail = {"receipt": path.name, "signed": receipt.signed, "keys_destroyed": len(slots), **erased}
    new = store.book.commit(state.with_entry(voice_id, entry), "deleted", voice=voice_id, seq=entry.counter, by=by, detail=detail)
    return new, receipt


def _keep(store: Store, receipt: Receipt) -> Receipt:
    """Sign a receipt and write it down."""
    folder = store.layout.receipts
    folder.mkdir(exist_ok=True, mode=0o700)
    content = receipt.to_bytes()
    signature = store.gate.sign(content, f"deleted voice={receipt.voice} at={receipt.at}")
    for path, written in ((receipt.path, content), (receipt.path.with_name(f"{receipt.path.name}.minisig"), signature)):
        if written is not None:
            path.unlink(missing_ok=True)
            disk.write_file(path, written)
    disk.sync_folder(folder)
    disk.sync_folder(folder.parent)
    return replace(receipt, signed=signature is not None)


def _remove(folder: Path) -> None:
    """Destroy the keys in a folder, then the folder; without a key the rest is noise, wherever copies of it are."""
    if folder.is_dir() and not folder.is_symlink():
        for slot in sorted(folder.rglob(KEY_SLOT)):
            disk.overwrite(slot)
            slot.unlink()
            disk.sync_folder(slot.parent)
    disk.remove_tree(folder)
