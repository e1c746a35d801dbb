"""How a pack becomes an installed voice."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from edge_agent.errors import EdgeAgentError
from edge_agent.voices.pack.manifest import Manifest
from edge_agent.voices.store import departure, disk, seal
from edge_agent.voices.store.errors import AlreadyInstalled, StoreError
from edge_agent.voices.store.facts import Facts, card_facts, earlier, read_facts
from edge_agent.voices.store.gate import Parcel
from edge_agent.voices.store.layout import FACTS, FILES, STAGING
from edge_agent.voices.store.state import Entry, State

if TYPE_CHECKING:
    from edge_agent.voices.store.store import Store

def install(
    store: Store, state: State, source: Path | BinaryIO, *, by: str, choose: bool, device: str | None, notes: dict[str, Any]
) -> Facts:
    """See :meth:`Store.install`. ``notes`` is filled in with what is known of the pack, for the record of a refusal.

    Raises:
        AlreadyInstalled, PackError, StoreError, OSError: nothing has changed.
    """
    with store.gate.open(source, store.book.now(state)) as parcel:
        manifest = parcel.manifest
        digest = hashlib.sha256(manifest.to_bytes()).hexdigest()
        notes |= {"voice": manifest.id, "seq": manifest.seq, "manifest": digest}
        _check_order(store, state, manifest, digest)
        if device is not None and not manifest.reaches(device):
            percent = manifest.rollout_percent
            raise StoreError("rollout", f"voice {manifest.id} {manifest.seq} is for {percent} % of the devices, and not for this one yet")
        _check_room(store, state, manifest)
        facts = _unpack(store, parcel, digest)
    old = state.voices.get(manifest.id)
    previous = old.active if old and old.active != manifest.seq else old.previous if old else None
    new = state.with_entry(manifest.id, Entry(manifest.seq, previous, manifest.seq, digest))
    if choose:
        new = replace(new, chosen=manifest.id)
    detail = {"manifest": digest, "version": manifest.version, "previous": previous, "chosen": choose, "sealed": facts.sealed}
    new = store.book.commit(new, "installed", voice=manifest.id, seq=manifest.seq, by=by, detail=detail)
    with contextlib.suppress(OSError, EdgeAgentError):  # the next sweep has another go
        departure.sweep(store, new)
        for trace in store.settings.traces:
            trace.tidy()
    return facts


def _unpack(store: Store, parcel: Parcel, digest: str) -> Facts:
    """Have the version in its place, whole and tried, and not yet in use."""
    manifest, identities = parcel.manifest, store.gate.identities
    version = store.layout.version(manifest.id, manifest.seq)
    with _staging(store) as staging:
        with _unpacking(store, staging) as plain:
            parcel.extract_to(plain)
            store.settings.canary(plain)
            card, loudness = card_facts(plain)
            if identities:
                seal.seal(plain, staging, FILES, identities[0])
        facts = Facts(
            manifest.id, manifest.seq, manifest.version, manifest.display_name, manifest.engine, manifest.languages, manifest.sample_rate,
            loudness, card, digest, earlier(manifest.expires, parcel.consent.valid_until), manifest.payload_bytes, bool(identities),
        )  # fmt: skip
        disk.write_file(staging / FACTS, facts.to_bytes())
        disk.sync_tree(staging)
        disk.remove_tree(version)
        version.parent.mkdir(exist_ok=True, mode=0o700)
        disk.sync_folder(store.layout.root)
        staging.rename(version)
        disk.sync_folder(version.parent)
        disk.sync_folder(store.layout.own)
    return facts


def _check_order(store: Store, state: State, manifest: Manifest, digest: str) -> None:
    """
    Raises:
        AlreadyInstalled: this very version is active and whole.
        StoreError: ``reserved``, ``downgrade`` or ``replayed``.
    """
    name = f"voice {manifest.id} {manifest.seq}"
    if manifest.id in store.settings.reserved:
        raise StoreError("reserved", f"{name}: this id belongs to the voice that ships with the program; give the voice another one")
    entry = state.voices.get(manifest.id)
    if entry is None or manifest.seq > entry.counter:
        return
    if manifest.seq == entry.active and digest == entry.manifest and _is_whole(store, manifest):
        raise AlreadyInstalled(manifest.id, manifest.seq)
    if manifest.seq == entry.counter and digest == entry.manifest and entry.active is not None:
        return  # what is damaged, or was given up because it failed, may be brought again
    if entry.active is None:
        raise StoreError("replayed", f"{name} was deleted on this device; only a pack with a number above {entry.counter} is taken")
    is_kept = manifest.seq in entry.versions - {entry.active}
    back = f"to go back: edge-agent voice activate {manifest.id} --seq {manifest.seq}"
    higher = f"only a pack with a number above {entry.counter} is taken"
    raise StoreError("downgrade", f"{name} is not above {entry.counter}, which was here; {back if is_kept else higher}")


def _is_whole(store: Store, manifest: Manifest) -> bool:
    try:
        with store.opened(manifest.id, manifest.seq):
            return True
    except EdgeAgentError:
        return False


def _check_room(store: Store, state: State, manifest: Manifest) -> None:
    """
    Raises:
        StoreError: ``quota`` or ``disk``.
        OSError: the disk cannot be asked.
    """
    own = state.voices.get(manifest.id)
    kept = 0
    for voice_id, entry in state.voices.items():
        for seq in entry.versions if voice_id != manifest.id else {own.active} - {None, manifest.seq}:
            with contextlib.suppress(StoreError):
                kept += read_facts(store.layout.version(voice_id, seq)).n_bytes
    if kept + manifest.payload_bytes > store.settings.quota_bytes:
        raise StoreError(
            "quota", f"voices would take {kept + manifest.payload_bytes} bytes, {store.settings.quota_bytes} are allowed; delete one first"
        )
    disk.check_room(store.layout.root, manifest.payload_bytes, f"a voice of {manifest.payload_bytes}")


@contextmanager
def _staging(store: Store) -> Iterator[Path]:
    folder = store.layout.own / f"{STAGING}{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):  # the next sweep has another go
            disk.remove_tree(folder)


@contextmanager
def _unpacking(store: Store, staging: Path) -> Iterator[Path]:
    """Where the pack is unpacked: what will be sealed never touches the disk."""
    if store.gate.identities:
        with seal.in_memory(store.settings.memory) as plain:
            yield plain
    else:
        (staging / FILES).mkdir(mode=0o700)
        yield staging / FILES
