"""Packs of the first release of format vpk/1. Every later release must read them; they are never made anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_agent.voices.keys import PublicKey, Signer, Trust, read_identities
from edge_agent.voices.pack import open_pack
from tests.voices.pack.maker import NOW, PAYLOAD, PROGRAM, unpacked

FOLDER = Path(__file__).parents[2] / "data" / "voice_pack"
ROLES = {"author": ("author",), "station": ("station",), "witness": ("consent",)}


@pytest.mark.parametrize("name", ["signed.vpk", "sealed.vpk"])
def test_stays_readable(name: str) -> None:
    keys = json.loads((FOLDER / "signers.json").read_bytes())
    trust = Trust(tuple(Signer(signer, PublicKey.parse(key), ROLES[signer]) for signer, key in keys.items()))
    identities = read_identities(FOLDER / "device.age")
    with open_pack(FOLDER / name, trust=trust, identities=identities, now=NOW, program=PROGRAM) as opened:
        assert (opened.manifest.id, opened.manifest.seq, opened.manifest.display_name) == ("anna", 7, "安娜")
        assert {path: content for path, content in unpacked(opened).items() if path in PAYLOAD} == PAYLOAD
