"""Packs from a web server that does as it likes."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from edge_agent.voices.fleet import Announcement, DownloadError, StatementRefused, fetch_url
from edge_agent.voices.fleet.incoming import Incoming
from edge_agent.voices.store import StoreError, disk
from tests.rigs.web import Answer, Web, serve

CONTENT = bytes(range(256)) * 40
DIGEST = hashlib.sha256(CONTENT).hexdigest()
PATIENCE_S = 30.0


def redirect(where: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", where)
        handler.end_headers()

    return answer


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web(serve(CONTENT))
    yield web
    web.close()


def obtained(web: Web, folder: Path) -> bytes:
    announcement = Announcement("anna", 7, len(CONTENT), DIGEST, "2027-01-01T00:00:00Z", web.url)
    return Incoming(folder).obtain(announcement, broker=None, base="", stopped=lambda: False).read_bytes()  # type: ignore[arg-type]


def test_a_file_that_changed_between_two_goes_is_fetched_anew(web: Web, tmp_path: Path) -> None:
    (tmp_path / f"{DIGEST}.part").write_bytes(b"<html>Welcome to our network! Please log in.</html>")
    with pytest.raises(DownloadError, match="is not what was announced"):
        obtained(web, tmp_path)
    assert obtained(web, tmp_path) == CONTENT
    assert web.asked == ["bytes=51-", None]


def test_a_file_that_is_another_one_is_refused_after_one_go(web: Web, tmp_path: Path) -> None:
    web.answer = serve(CONTENT[::-1])
    with pytest.raises(StatementRefused) as error:
        obtained(web, tmp_path)
    assert error.value.reason == "forged"
    assert list(tmp_path.iterdir()) == []


def test_another_part_than_was_asked_for_is_thrown_away(web: Web, tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.write_bytes(CONTENT[:100])

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes 0-99/{len(CONTENT)}")
        handler.end_headers()

    web.answer = answer
    with pytest.raises(DownloadError, match="another part"):
        fetch_url(web.url, part, len(CONTENT))
    web.answer = serve(CONTENT)
    fetch_url(web.url, part, len(CONTENT))
    assert part.read_bytes() == CONTENT


@pytest.mark.parametrize("url", ["http://depot..example/anna.vpk", "http://[::1/anna.vpk", f"http://{'a' * 70}.example/", "http://depot:x/"])
def test_an_address_that_is_none_is_a_download_that_failed(url: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError):
        fetch_url(url, tmp_path / "part", 100)


def test_redirections_are_followed_but_not_away_from_the_web(web: Web, tmp_path: Path) -> None:
    for where in (f"ftp://127.0.0.1:{web.url.split(':')[2]}", "file:///etc/hostname"):
        web.answer = redirect(where)
        with pytest.raises(DownloadError, match="answers 302"):
            fetch_url(web.url, tmp_path / "part", len(CONTENT))
    answers = [redirect("/elsewhere/anna.vpk"), serve(CONTENT)]

    def answer(handler: BaseHTTPRequestHandler) -> None:
        answers.pop(0)(handler)

    web.answer = answer
    fetch_url(web.url, tmp_path / "part", len(CONTENT))
    assert (tmp_path / "part").read_bytes() == CONTENT


def test_a_server_that_gives_little_by_little_can_be_left_at_any_time(web: Web, tmp_path: Path) -> None:
    left, was_waited_for = threading.Event(), threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(CONTENT)))
        handler.end_headers()
        handler.wfile.write(CONTENT[:10])
        if not left.wait(PATIENCE_S):
            was_waited_for.set()

    web.answer = answer
    is_enough = iter((False, True))
    with pytest.raises(DownloadError, match="ended after 10 of"):
        fetch_url(web.url, tmp_path / "part", len(CONTENT), lambda: next(is_enough))
    left.set()
    assert not was_waited_for.is_set()


def test_nothing_is_fetched_for_which_there_is_no_room(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "free_bytes", lambda _folder: 2 * len(CONTENT))
    with pytest.raises(StoreError) as error:
        obtained(web, tmp_path)
    assert error.value.reason == "disk"
    assert web.asked == []
