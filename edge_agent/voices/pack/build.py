"""Making a pack: a draft of a voice's folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, BinaryIO

from edge_agent import __version__
from edge_agent.templates import Templates
from edge_agent.voices.card import CARD
from edge_agent.voices.consent import Consent, ConsentError
from edge_agent.voices.pack import ustar
from edge_agent.voices.pack.chime import read_chime
from edge_agent.voices.pack.container import OPEN_BODY, Slice
from edge_agent.voices.pack.errors import PackError
from edge_agent.voices.pack.limits import Limits
from edge_agent.voices.pack.manifest import ALWAYS, CONSENT, CONSENT_SIGNATURE, MANIFEST, MANIFEST_SIGNATURE, FileEntry, Manifest
from edge_agent.voices.pack.new_file import new_file
from edge_agent.voices.pack.verify import open_regular

_OWN = {MANIFEST, MANIFEST_SIGNATURE, CONSENT, CONSENT_SIGNATURE}


def build_pack(
    voice_folder: Path,
    *,
    seq: int,
    version: str,
    consent: Path,
    out: Path,
    licence: str | None = None,
    engine_min: str = __version__,
    phrases: Sequence[str] = (),
    templates: Sequence[str] = (),
    chimes: Mapping[str, str] | None = None,
    valid_from: datetime = ALWAYS,
    expires: datetime | None = None,
    rollout_percent: int = 100,
    now: datetime | None = None,
) -> Manifest:
    """Write a draft: everything but the signatures.

    Args:
        voice_folder: as ``python -m quantize`` writes it, with whatever else belongs to the voice.
        consent: the owner's record; its signature lies beside it.
        licence: None takes the card's.
        chimes: paths of sound files in the folder, by name; see :mod:`edge_agent.voices.pack.chime`.
        now: None asks the clock.

    Raises:
        PackError: the voice or what is said of it cannot be packed.
        TemplateListError: a template is none.
        OSError: ``out`` exists or cannot be written.
    """
    now = (now or datetime.now(timezone.utc)).replace(microsecond=0)
    Templates.parse(templates)
    sources = {**_sources(voice_folder), CONSENT: consent, CONSENT_SIGNATURE: consent.with_name(f"{consent.name}.minisig")}
    entries = tuple(_measured(path, sources[path]) for path in sorted(sources))
    card = _read_card(voice_folder, entries)
    _check_consent(card, consent, now)
    manifest = Manifest(
        id=card["voice_id"],
        version=version,
        seq=seq,
        display_name=card["display_name"],
        engine=card["engine"],
        engine_min=engine_min,
        languages=tuple(card["languages"]),
        sample_rate=card["shape"]["sample_rate"],
        front_end_version=card["front_end_version"],
        symbols_sha256=card["symbols_sha256"],
        golden=card["golden"],
        phrases=tuple(phrases),
        templates=tuple(templates),
        chimes=dict(chimes or {}),
        licence=licence if licence is not None else _licence(card),
        created=now,
        valid_from=valid_from,
        expires=expires,
        rollout_percent=rollout_percent,
        files=entries,
    )
    manifest.check_limits(Limits())
    for name, path in manifest.chimes.items():
        read_chime(name, sources[path].read_bytes())
    body = ustar.member(MANIFEST, manifest.to_bytes())
    size = len(body) + sum(ustar.member_bytes(entry.size) for entry in entries) + len(ustar.END)
    with new_file(out) as file:
        file.write(ustar.header(OPEN_BODY, size) + body)
        by_path = {entry.path: entry for entry in entries}
        for entry in (by_path.pop(CONSENT), by_path.pop(CONSENT_SIGNATURE), *by_path.values()):
            _copy(entry, sources[entry.path], file)
        file.write(ustar.END + bytes(ustar.padding(size)) + ustar.END)
    return manifest


def _sources(folder: Path) -> dict[str, Path]:
    """Every plain file of a voice's folder by its path in the pack, but hidden ones and those of an earlier pack."""
    sources: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if any(part.startswith(".") for part in name.split("/")) or name in _OWN:
            continue
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise PackError("unsafe_path", f"{path} is neither a file nor a folder, and cannot be packed")
        if path.is_file():
            sources[name] = path
    return sources


def _measured(name: str, path: Path) -> FileEntry:
    missing = name in (CONSENT, CONSENT_SIGNATURE) and not path.exists()
    if missing:
        raise PackError("no_consent", f"{path} does not exist: a voice needs its owner's signed consent (python -m distill enrol)")
    with open_regular(path) as file:
        digest, size = hashlib.sha256(), 0
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            size += len(chunk)
    return FileEntry(name, size, digest.hexdigest())


def _read_card(folder: Path, entries: Sequence[FileEntry]) -> dict[str, Any]:
    path = folder / CARD
    try:
        card = json.loads(path.read_bytes())
        digests = dict(card["sha256"])
        _ = card["shape"]["sample_rate"]
        names = ("voice_id", "display_name", "engine", "languages", "front_end_version", "symbols_sha256", "golden")
        _ = [card[name] for name in names]
    except OSError as error:
        wanted = "give the folder that python -m quantize wrote"
        raise PackError("malformed", f"{path} cannot be read: {error.strerror}; {wanted}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise PackError("malformed", f"{path} is no card of a voice ({error!r}); build the voice with python -m quantize") from error
    found = {entry.path: entry.sha256 for entry in entries}
    for name, wanted in digests.items():
        if found.get(name) != wanted:
            raise PackError("damaged", f"{folder / name} is not the file the voice was made with; build the voice again")
    return card


def _check_consent(card: Mapping[str, Any], path: Path, now: datetime) -> None:
    """
    Raises:
        PackError: the record is none, has ended, or is not of the person whose voice it is. Who signed it, the device checks.
    """
    try:
        consent = Consent.from_bytes(path.read_bytes())
    except ConsentError as error:
        raise PackError("consent_malformed", f"{path}: {error}") from error
    if consent.valid_until is not None and consent.valid_until <= now:
        raise PackError("consent_expired", f"the consent of {consent.subject} ended on {consent.valid_until:%Y-%m-%d}; have it renewed")
    made = card.get("made")
    cloned_from = made.get("cloned_from") if isinstance(made, dict) else None
    if cloned_from is None:
        return
    if consent.kind != "person":
        problem = f"voice {card['voice_id']} was cloned from a recording, so it is somebody's"
        raise PackError("no_consent", f"{problem}: give that person's --consent")
    if missing := set(cloned_from) - set(consent.recordings):
        raise PackError(
            "no_consent",
            f"the consent of {consent.subject} says nothing of the recording that voice {card['voice_id']} was cloned from (SHA-256 "
            f"{min(missing)}); enrol it with the person's others: python -m distill enrol",
        )


def _licence(card: Mapping[str, Any]) -> str:
    made = card.get("made")
    if not isinstance(made, dict) or "licence" not in made:
        raise PackError("malformed", "the voice's card states no licence; say which it has (--licence)")
    return made["licence"]


def _copy(entry: FileEntry, source: Path, target: BinaryIO) -> None:
    with open_regular(source) as file:
        content, digest = Slice(file, 0, entry.size), hashlib.sha256()
        target.write(ustar.header(entry.path, entry.size))
        while chunk := content.read(1 << 20):
            digest.update(chunk)
            target.write(chunk)
    if digest.hexdigest() != entry.sha256:
        raise PackError("damaged", f"{source} changed while it was packed")
    target.write(bytes(ustar.padding(entry.size)))
