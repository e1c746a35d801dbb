"""Whether programs on this computer can ask the daemon to speak."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.client import Address, NoAnswer, SpeechClient
from edge_agent.config import Config
from edge_agent.service.doctor.finding import Finding

_ANSWER_S = 2.0
_FIX = "Start the daemon: systemctl start edge-agent. Other users need its group: usermod -aG edge-agent USER, and a new login."


def check_socket(config: Config) -> Iterator[Finding]:
    if not config.zmq.enabled:
        yield Finding.ok("socket", "ZeroMQ is switched off")
        return
    folder = config.zmq.socket_dir
    if obstacle := Address.of(folder).obstacle:
        yield Finding.warn("socket", f"{folder}: {obstacle}", _FIX, daemon=None)
        return
    try:
        with SpeechClient(folder, timeout_s=_ANSWER_S) as speech:
            state, took_s = speech.status()["state"], speech.ping()
    except NoAnswer as error:
        yield Finding.warn("socket", str(error), _FIX, daemon=None)
        return
    what = f"the daemon at {folder} is {state} and answers in {took_s * 1e3:.1f} ms"
    if state == "online":
        yield Finding.ok("socket", what, daemon=state, round_trip_s=took_s)
    else:
        yield Finding.warn("socket", what, "See the other findings, and: edge-agent status", daemon=state, round_trip_s=took_s)
