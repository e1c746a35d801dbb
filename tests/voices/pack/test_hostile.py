from __future__ import annotations

import os
from pathlib import Path
from typing import get_args

import pytest

from edge_agent.voices.pack import PackError, Reason, open_pack
from tests.voices.pack.hostile import CORPUS
from tests.voices.pack.maker import Maker


@pytest.mark.parametrize("name", CORPUS)
def test_is_refused_for_its_reason_and_leaves_nothing(maker: Maker, tmp_path: Path, name: str) -> None:
    reason, make = CORPUS[name]
    pack, folder = tmp_path / "x.vpk", tmp_path / "voice"
    pack.write_bytes(make(maker))
    folder.mkdir()
    with pytest.raises(PackError) as refused, open_pack(pack, **maker.terms) as opened:
        opened.extract_to(folder)
    assert refused.value.reason == reason
    assert str(refused.value).isprintable()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["voice", "x.vpk"], "nothing was written beside it"


def test_the_corpus_knows_every_reason_that_a_pack_can_be_refused_for() -> None:
    elsewhere = {"unreadable", "revoked", "consent_revoked", "consent_expired", "consent_not_yet_valid"}
    assert {reason for reason, _ in CORPUS.values()} | elsewhere == set(get_args(Reason))
    assert len(CORPUS) > 100


@pytest.mark.parametrize(
    ("kind", "told"),
    [("link", "it is a link"), ("folder", "not a regular file"), ("pipe", "not a regular file"), ("missing", "No such file")],
)
def test_what_is_no_file_is_not_read(maker: Maker, tmp_path: Path, kind: str, told: str) -> None:
    path = tmp_path / "x.vpk"
    if kind == "link":
        (tmp_path / "real.vpk").write_bytes(maker.container(maker.archive()))
        path.symlink_to("real.vpk")
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(PackError, match=told) as refused:
        open_pack(path, **maker.terms)
    assert refused.value.reason == "unreadable"
