"""How fast a pack is sealed, checked and unpacked, in processor time, and how much memory reading it takes.

    python benchmarks/voice_pack.py                 # a pack of 64 MiB, in about 10 s
    python benchmarks/voice_pack.py --mib 512 --folder /var/tmp

Everything goes through files, as on a device. What is unpacked is thrown away, so that no disk is measured.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import datetime, timezone
from pathlib import Path

import pyrage

from edge_agent.text import FRONT_END_VERSION
from edge_agent.voices.keys import SecretKey, Signer, Trust
from edge_agent.voices.pack import Program, build_pack, open_pack, seal_pack, sign_pack, write_synthetic_consent

MIB = 1 << 20
SYMBOLS = "0" * 64
PROGRAM = Program("1", {"mobilesovits": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=64, help="size of the voice (default: %(default)s)")
    parser.add_argument("--folder", type=Path, help="where to work (default: the system's temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        for name, seconds in measure(Path(scratch), options.mib * MIB):
            print(f"{name:8} {options.mib / seconds:6.0f} MiB/s")
    print(f"memory   {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:6.0f} MiB at most")


def measure(scratch: Path, n_bytes: int) -> Iterator[tuple[str, float]]:
    """What was done and the processor seconds it took."""
    key, device, now = SecretKey.generate(), pyrage.x25519.Identity.generate(), datetime.now(timezone.utc)
    consent = write_synthetic_consent(scratch, "anna", key, now)
    voice = make_voice(scratch / "anna", n_bytes)
    draft, signed, sealed = (scratch / f"{name}.vpk" for name in ("draft", "signed", "sealed"))
    yield "build", seconds_of(lambda: build_pack(voice, seq=1, version="1", consent=consent, out=draft))
    yield "sign", seconds_of(lambda: sign_pack(draft, signed, station=key, author=key))
    yield "seal", seconds_of(lambda: seal_pack(signed, sealed, recipients=[str(device.to_public())], station=key))
    begin = time.process_time()
    with open_pack(sealed, trust=Trust((Signer("me", key.public_key),)), identities=[device], now=now, program=PROGRAM) as opened:
        yield "check", time.process_time() - begin
        yield "unpack", seconds_of(lambda: opened.unpack(lambda _entry: nullcontext(Nowhere())))


def make_voice(folder: Path, n_bytes: int) -> Path:
    """A folder with a card and one file of noise, which cannot be compressed by whatever lies below."""
    folder.mkdir()
    digest = hashlib.sha256()
    with (folder / "weights.bin").open("wb") as file:
        for _ in range(n_bytes // MIB):
            piece = os.urandom(MIB)
            digest.update(piece)
            file.write(piece)
    card = {
        "voice_id": "anna", "display_name": "Anna", "engine": "mobilesovits", "languages": ["zh"], "shape": {"sample_rate": 24000},
        "front_end_version": FRONT_END_VERSION, "symbols_sha256": SYMBOLS, "golden": {"phonemes": "a", "n_samples": 9, "levels_db": [[0]]},
        "sha256": {"weights.bin": digest.hexdigest()}, "made": {"licence": "CC0-1.0"},
    }  # fmt: skip
    (folder / "voice.json").write_text(json.dumps(card))
    return folder


def seconds_of(action: Callable[[], object]) -> float:
    begin = time.process_time()
    action()
    return time.process_time() - begin


class Nowhere:
    """Takes everything and keeps nothing."""

    def write(self, content: bytes, /) -> None:
        pass


if __name__ == "__main__":
    main()
