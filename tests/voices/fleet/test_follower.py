"""Announcements through a real broker, packs from a real web server or from the broker, with interruptions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from edge_agent.ingress import MqttConfig
from edge_agent.ingress.broker_client import BrokerClient
from edge_agent.voices.fleet import Announcement, Follower, follower, incoming, to_bytes, wrap
from edge_agent.voices.store import Store
from tests.doubles.stopped_clock import StoppedClock
from tests.rigs.depot import Depot
from tests.rigs.mqtt_peer import eventually
from tests.rigs.web import Web, serve

LATER = "2027-01-01T00:00:00Z"
CHUNK = 4096
CONTENT = bytes(range(256)) * 200


class BreakingWeb(Web):
    """Serves one file by ranges; ``most`` is how many bytes an answer has before the connection breaks."""

    def __init__(self) -> None:
        self.content, self.most = b"", [10**9]
        super().__init__(self._serve)

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        serve(self.content, self.most.pop(0) if len(self.most) > 1 else self.most[0])(handler)


class Site:
    """A broker, a web server, and the followers of one device, one after the other."""

    def __init__(self, port: int, store: Store, depot: Depot, folder: Path) -> None:
        self.config = MqttConfig(site="store", device="kiosk-1", port=port)
        self.store, self.depot, self.folder, self.web = store, depot, folder / "incoming", BreakingWeb()
        self._running: list[Follower] = []

    def follow(self) -> None:
        self._running.append(Follower(self.config, self.store, lambda: self.depot.trust, "kiosk-1", self.folder))
        self._running[-1].start()

    def leave(self) -> None:
        while self._running:
            self._running.pop().stop()

    def announce(self, pack: Path, seq: int, *, key: Any = None, to: str = "all", chunks: range | None = None, **more: Any) -> str:
        content = pack.read_bytes()
        self.web.content = content
        digest = hashlib.sha256(content).hexdigest()
        fields = {"voice": "anna", "seq": seq, "size": len(content), "sha256": digest, "expires": LATER, **more}
        said = to_bytes(Announcement(**fields))
        with BrokerClient(self.config, timeout_s=60) as client:
            for index in chunks or ():
                chunk = content[index * CHUNK : (index + 1) * CHUNK]
                client.publish(f"voice/store/pack/{digest}/{index}", chunk, retain=True, binary=True)
            signed = wrap(said, (key or self.depot.key).sign(said, "announce"))
            client.publish(f"voice/store/{to}/pack", json.dumps(signed).encode(), retain=True)
        return digest

    def installed(self) -> int | None:
        entry = self.store.state().voices.get("anna")
        return entry.active if entry else None

    def part(self, digest: str) -> int:
        path = self.folder / f"{digest}.part"
        return path.stat().st_size if path.exists() else 0


@pytest.fixture
def site(mosquitto: Callable[..., Any], store: Store, depot: Depot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(follower, "_RETRY_S", (0.05, 0.2))
    monkeypatch.setattr(follower, "_LISTEN_S", 0.05)
    site = Site(mosquitto().port, store, depot, tmp_path)
    yield site
    site.leave()
    site.web.close()


@pytest.fixture
def pack(depot: Depot) -> Path:
    return depot.pack(7, depot.voice(content=CONTENT))


def test_a_pack_is_fetched_by_url_through_broken_connections(site: Site, pack: Path) -> None:
    site.web.most = [3000, 3000, 10**9]
    site.follow()
    site.announce(pack, 7, url=site.web.url)
    eventually(lambda: site.installed() == 7, "the installation")
    assert site.web.asked == [None, "bytes=3000-", "bytes=6000-"]
    assert site.store.state().chosen == "anna"
    eventually(lambda: not list(site.folder.glob("*")))


def test_a_pack_comes_in_chunks_and_goes_on_after_a_restart(site: Site, pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "_CHUNK_S", 0.3)
    n_chunks = -(-pack.stat().st_size // CHUNK)
    digest = site.announce(pack, 7, chunk_bytes=CHUNK, chunks=range(10))
    site.follow()
    eventually(lambda: site.part(digest) == 10 * CHUNK, "the first chunks")
    site.leave()
    assert site.installed() is None
    site.announce(pack, 7, chunk_bytes=CHUNK, chunks=range(10, n_chunks))
    with BrokerClient(site.config, timeout_s=60) as client:
        for index in range(10):  # what has come is not asked for again
            client.publish(f"voice/store/pack/{digest}/{index}", b"", retain=True)
    site.follow()
    eventually(lambda: site.installed() == 7, "the installation")


def test_what_is_not_signed_by_a_station_or_not_what_was_announced_is_refused_and_recorded(site: Site, depot: Depot, pack: Path) -> None:
    site.follow()
    site.announce(pack, 7, url=site.web.url, key=Depot(depot.folder).key)
    eventually(lambda: any(record.detail.get("reason") == "untrusted" for record in site.store.book.records()))
    site.announce(pack, 7, url=site.web.url, sha256="ab" * 32)
    eventually(lambda: any(record.detail.get("reason") == "forged" for record in site.store.book.records()))
    assert site.installed() is None
    assert len(site.web.asked) == 1


def test_what_is_for_others_or_here_already_is_left_alone(site: Site, depot: Depot, pack: Path) -> None:
    site.store.install(depot.pack(8), by="test")
    site.announce(pack, 7, url=site.web.url)
    site.announce(depot.pack(9), 9, to="kiosk-1", url=site.web.url, rollout_percent=0)
    site.follow()
    site.announce(depot.pack(10), 10, to="kiosk-1", url=site.web.url)
    told = ["installed", "installed"]  # the log's line is written after the state
    eventually(lambda: [record.event for record in site.store.book.records()] == told, "the installation")
    assert site.installed() == 10
    assert site.web.asked == [None]


def test_the_percentage_that_the_author_signed_binds_whatever_is_announced(site: Site, depot: Depot) -> None:
    held = depot.pack(9, rollout_percent=0)
    site.follow()
    site.announce(held, 9, url=site.web.url, rollout_percent=100)
    eventually(lambda: [record.detail.get("reason") for record in site.store.book.records()] == ["rollout"], "the refusal")
    site.leave()
    site.follow()  # the announcement is retained, and comes again
    site.announce(depot.pack(8), 8, to="kiosk-1", url=site.web.url)
    eventually(lambda: site.installed() == 8, "the installation")
    assert site.web.asked == [None, None], "what is not for this device is fetched once"
    site.announce(depot.pack(9, rollout_percent=100), 9, url=site.web.url)  # the same number, signed for more devices
    told = ["refused", "installed", "installed"]  # the log's line is written after the state
    eventually(lambda: [record.event for record in site.store.book.records()] == told, "the installation")
    assert site.installed() == 9


def test_a_pack_that_was_refused_is_not_fetched_whenever_it_is_announced_again(site: Site, depot: Depot, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    theirs = Depot(tmp_path / "elsewhere", depot.key).pack(7)
    site.follow()
    site.announce(theirs, 7, url=site.web.url)
    eventually(lambda: [record.detail.get("reason") for record in site.store.book.records()] == ["wrong_device"], "the refusal")
    site.announce(theirs, 7, url=site.web.url)
    site.announce(theirs, 7, to="kiosk-1", url=site.web.url)
    site.announce(depot.pack(8), 8, url=site.web.url)
    eventually(lambda: site.installed() == 8, "the installation")
    assert site.web.asked == [None, None]


@pytest.mark.parametrize("how", ["it has ended", "it was overtaken"])
def test_what_waits_is_left_alone_once_it_is_not_wanted(site: Site, depot: Depot, pack: Path, clock: StoppedClock, how: str) -> None:
    site.web.most = [3000] + [0] * 1000
    site.follow()
    digest = site.announce(pack, 7, url=site.web.url)
    eventually(lambda: site.part(digest) == 3000, "the beginning")
    if how == "it has ended":
        clock.time += 400 * 86400
    else:
        site.store.install(depot.pack(8), by="test")
    eventually(lambda: not list(site.folder.iterdir()))
    assert site.installed() == (8 if how == "it was overtaken" else None)


def test_what_a_power_cut_left_of_an_installed_pack_goes(site: Site, pack: Path) -> None:
    site.store.install(pack, by="test")
    site.folder.mkdir()
    left = site.folder / f"{hashlib.sha256(pack.read_bytes()).hexdigest()}.part"
    left.write_bytes(pack.read_bytes())
    site.announce(pack, 7, url=site.web.url)
    site.follow()
    eventually(lambda: not left.exists())
    assert site.web.asked == []


def test_rubbish_does_not_hurry_what_waits(site: Site, pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "_RETRY_S", (1000.0, 1000.0))
    site.web.most = [3000, 10**9]
    site.follow()
    digest = site.announce(pack, 7, url=site.web.url)
    eventually(lambda: site.part(digest) == 3000, "the beginning")
    with BrokerClient(site.config, timeout_s=60) as client:
        for number in range(3):
            client.publish("voice/store/all/pack", b"rubbish")
            eventually(lambda: len(site.store.book.records()) == number + 1, "the refusal")  # noqa: B023 (called at once)
    assert site.web.asked == [None]
    site.announce(pack, 7, url=f"{site.web.url}?again")
    eventually(lambda: site.installed() == 7, "the installation, from where the pack is now")


def test_a_flood_of_forgeries_does_not_fill_the_log(site: Site, depot: Depot, pack: Path) -> None:
    site.follow()
    with BrokerClient(site.config, timeout_s=60) as client:

        def is_heard() -> bool:
            client.publish("voice/store/all/pack", b"forgery")
            return bool(site.store.book.records())

        eventually(is_heard, "the first refusal: until it listens, forgeries are lost")
        for number in range(60):
            client.publish("voice/store/all/pack", f"forgery {number}".encode())
    site.announce(pack, 7, url=site.web.url)
    eventually(lambda: site.installed() == 7, "the installation")
    assert 1 <= sum(record.event == "refused" for record in site.store.book.records()) <= 20
