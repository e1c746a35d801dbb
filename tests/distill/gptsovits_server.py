"""A real HTTP server that answers like GPT-SoVITS' api_v2: a hum as long as the text, or what a test tells it to."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import soundfile

from tests.distill.sounds import sentence

Reply = tuple[int, str, bytes]


def wav(wave: np.ndarray, sample_rate: int = 32_000) -> Reply:
    file = io.BytesIO()
    soundfile.write(file, wave, sample_rate, format="WAV", subtype="PCM_16")
    return 200, "audio/wav", file.getvalue()


def refusal(message: str, code: int = 400) -> Reply:
    return code, "application/json", json.dumps({"message": "tts failed", "Exception": message}).encode()


def hum(asked: dict[str, Any]) -> Reply:
    """The same for the same text and seed."""
    text = asked["text"]
    seconds = max(0.4, sum(0.07 if letter.isascii() else 0.2 for letter in text))
    seed = sum(map(ord, text)) + asked["seed"]
    return wav(np.repeat(sentence(seconds, base_hz=120 + seed % 120, seed=seed), 4)[::3])  # 24 to 32 kHz, roughly


class Server:
    """``asked`` are the requests so far; ``reply`` may be set at any time."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[dict[str, Any]] = []
        self.reply: Callable[[dict[str, Any]], Reply] = hum


@contextmanager
def serving() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked["path"] = self.path
            server.asked.append(asked)
            code, kind, body = server.reply(asked)
            self.send_response(code)
            self.send_header("Content-Type", kind)
            cut = kind.endswith(("; cut", "; stalls"))
            self.send_header("Content-Length", str(len(body) + 100 * cut))
            if code in (301, 307):
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()
            self.wfile.write(body)
            if kind.endswith("; stalls"):
                self.rfile.read(1)  # until the client hangs up

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server = Server(f"http://127.0.0.1:{http.server_port}")
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
