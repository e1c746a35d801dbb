"""Requests and answers as the two clients share them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from edge_agent import wire
from edge_agent.client.errors import Refused, Rejected

_ROOM_BYTES = wire.MAX_REQUEST_BYTES - 1024
"""For texts, beside the rest of a request."""


def announcement(text: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of an announcement, without what was left to its default."""
    given = {name: value for name, value in fields.items() if value is not None}
    if isinstance(moment := given.get("not_before"), datetime):
        if moment.tzinfo is None:
            raise ValueError("not_before needs a time zone")
        given["not_before"] = moment.isoformat()
    return {"text": text, **given}


def checked(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer of a daemon that has done it.

    Raises:
        Rejected, Refused: it has not.
    """
    if answer.get("ok"):
        return answer
    raise (Rejected if answer.get("verb") == "say" else Refused)(answer)


def batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Cut a list so that each part fits one request."""
    batch: list[str] = []
    n_bytes = 0
    for text in texts:
        cost = len(json.dumps(text, ensure_ascii=False).encode("utf-8", "surrogatepass")) + 2
        if batch and (len(batch) == wire.MAX_PRELOAD_TEXTS or n_bytes + cost > _ROOM_BYTES):
            yield batch
            batch, n_bytes = [], 0
        batch.append(text)
        n_bytes += cost
    if batch:
        yield batch
