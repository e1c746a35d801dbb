"""JSON as it goes out, over every way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def dump(values: Mapping[str, Any]) -> bytes:
    """Compact UTF-8; half a character, which UTF-8 cannot say, becomes a question mark."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
