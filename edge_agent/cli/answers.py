"""What daemons say on topics where anybody who is let in may say anything."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from edge_agent.ingress.broker_client import BrokerClient


def read_object(payload: bytes) -> dict[str, Any] | None:
    """The JSON object that a message is; None if it is something else."""
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def answers(client: BrokerClient, within_s: float) -> Iterator[dict[str, Any]]:
    """The answers to a command that come within ``within_s``: each says whether it is ``ok``, and if not for what ``reason``."""
    until = time.monotonic() + within_s
    while (left_s := until - time.monotonic()) > 0 and (heard := client.hear(left_s)) is not None:
        answer = read_object(heard.payload)
        if answer is not None and isinstance(answer.get("ok"), bool):
            yield {"reason": "refused without a reason", **answer}
