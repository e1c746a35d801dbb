"""Getting a pack onto the device, in pieces and with interruptions. Nothing of it is believed: the installer does the checking."""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, Protocol

from edge_agent.errors import EdgeAgentError

TIMEOUT_S = 30.0
_READ_BYTES = 64 * 1024
WINDOW = 8
"""Chunks asked for at a time."""


class DownloadError(EdgeAgentError):
    """It did not come, or not all of it; what came is kept, and asking again goes on from there."""


class Broker(Protocol):
    """A connection on which retained messages are asked for."""

    def subscribe(self, *topics: str) -> None: ...

    def unsubscribe(self, *topics: str) -> None: ...

    def next_chunk(self, timeout_s: float) -> tuple[str, bytes] | None:
        """Topic and payload of the next message; None if none came in time."""
        ...


def fetch_url(url: str, part: Path, size: int, stopped: Callable[[], bool] = lambda: False) -> None:
    """Complete the file ``part`` from ``url``, beginning where it ends.

    Raises:
        DownloadError: see there.
        OSError: the disk does not take it.
    """
    with _appended(part, size) as (file, begun):
        have = begun
        if have == size:
            return
        try:
            request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310 (http or https, checked)
            with urllib.request.build_opener(_ToTheWeb).open(request, timeout=TIMEOUT_S) as answer:
                if have and answer.status != http.client.PARTIAL_CONTENT:
                    file.seek(0)
                    file.truncate()
                    have = 0
                elif have and not str(answer.headers.get("Content-Range", "")).startswith(f"bytes {have}-"):
                    file.truncate(0)
                    raise DownloadError(f"{url} answered with another part than was asked for")
                while have < size and not stopped() and (content := answer.read1(min(_READ_BYTES, size - have))):
                    file.write(content)
                    have += len(content)
        except urllib.error.HTTPError as error:
            with error:
                if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                    file.truncate(0)
            raise DownloadError(f"{url} answers {error.code} {error.reason}") from error
        # ValueError: an address that is none, here or where another one leads to
        except (http.client.HTTPException, urllib.error.URLError, TimeoutError, ConnectionError, ssl.SSLError, ValueError) as error:
            raise DownloadError(f"{url} cannot be fetched: {error}") from error
        if have < size:
            raise DownloadError(f"{url} ended after {have} of {size} bytes")


def fetch_chunks(
    broker: Broker, base: str, part: Path, size: int, chunk_bytes: int, *, timeout_s: float,
    stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Complete the file ``part`` from the retained messages ``<base>/0``, ``<base>/1`` ..., beginning where it ends.

    Raises:
        DownloadError: see there.
        OSError: the disk does not take it.
    """
    n_chunks = -(-size // chunk_bytes)
    with _appended(part, size) as (file, have):
        number = have // chunk_bytes
        file.truncate(number * chunk_bytes)
        file.seek(0, 2)
        while number < n_chunks:
            wanted = {f"{base}/{each}": each for each in range(number, min(number + WINDOW, n_chunks))}
            broker.subscribe(*wanted)
            try:
                got: dict[int, bytes] = {}
                while number < n_chunks and number <= max(wanted.values()):
                    message = None if stopped() else broker.next_chunk(timeout_s)
                    if message is None:
                        raise DownloadError(f"the broker has no chunk {number} of {n_chunks} at {base}")
                    index = wanted.get(message[0])
                    if index is not None and len(message[1]) == min(chunk_bytes, size - index * chunk_bytes):
                        got[index] = message[1]
                    while number in got:
                        file.write(got.pop(number))
                        number += 1
            finally:
                broker.unsubscribe(*wanted)


class _ToTheWeb(urllib.request.HTTPRedirectHandler):
    """Follows redirections, but to the web only: Python's own would go on to FTP."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if urllib.parse.urlsplit(newurl).scheme not in ("http", "https"):
            raise urllib.error.HTTPError(newurl, code, "leads away from the web", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@contextmanager
def _appended(part: Path, size: int) -> Iterator[tuple[BinaryIO, int]]:
    """The file, at its end, and how much of it is there; more than there should be is thrown away."""
    part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with part.open("ab") as file:
        have = file.tell()
        if have > size:
            file.truncate(0)
            have = 0
        yield file, have
