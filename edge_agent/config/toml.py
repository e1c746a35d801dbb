"""A configuration as text: the effective one with its origins, and a file of defaults to start from."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from edge_agent.config.allowed import allowed
from edge_agent.config.load import MASK, Loaded
from edge_agent.config.model import SECTIONS
from edge_agent.config.problems import DEFAULT

_WIDTH = 118
_SELF_EVIDENT = ("text", "a path", "true or false", "a list of texts")
_HEADER = """\
# edge-agent: every key with its default. Take away the "# " before a key to set it.
# Check with: edge-agent config check. See what applies with: edge-agent config show.
# Any key can also come from the environment, as EDGE_AGENT__SECTION__KEY, or from a systemd credential named section.key.
"""


def effective(loaded: Loaded) -> str:
    """Every key with the value in force and where it came from, as TOML; secrets are masked."""
    lines = [f"# Configuration file: {loaded.path or 'none'}. What has no remark is the default."]
    for name, model in SECTIONS.items():
        lines += ["", f"[{name}]"]
        section = getattr(loaded.config, name)
        for key in model.model_fields:
            value, origin = getattr(section, key), loaded.origin(name, key)
            setting = f"# {key} is not set" if value is None else f"{key} = {dump(value)}"
            lines.append(setting if origin == DEFAULT else f"{setting}  # {origin}")
    return "\n".join(lines) + "\n"


def as_json(loaded: Loaded) -> dict[str, dict[str, dict[str, Any]]]:
    """The same for programs: section to key to ``{"value": ..., "origin": ...}``; secrets are masked."""
    return {
        name: {
            key: {"value": _plain(getattr(getattr(loaded.config, name), key)), "origin": str(loaded.origin(name, key))}
            for key in model.model_fields
        }
        for name, model in SECTIONS.items()
    }


def template() -> str:
    """A file in which every key is commented out, with its description and what is allowed."""
    lines = [_HEADER]
    for name, model in SECTIONS.items():
        lines += [*_comment(model.__doc__ or ""), f"[{name}]"]
        for key, field in model.model_fields.items():
            lines += [*_comment(f"{field.description}{_allowed(key, field)}"), f"# {_example(key, field)}", ""]
    return "\n".join(lines).rstrip() + "\n"


def dump(value: Any) -> str:
    """A TOML value."""
    plain = _plain(value)
    if isinstance(plain, list):
        return f"[{', '.join(map(dump, plain))}]"
    # A JSON string is a TOML string, but for DEL.
    return json.dumps(plain, ensure_ascii=False).replace("\x7f", "\\u007f")


def _plain(value: Any) -> Any:
    match value:
        case SecretStr():
            return MASK
        case Path():
            return str(value)
        case tuple():
            return [_plain(each) for each in value]
        case _:
            return value


def _allowed(key: str, field: FieldInfo) -> str:
    words = allowed(key, field)
    return "" if words in _SELF_EVIDENT else f" Allowed: {words}."


def _example(key: str, field: FieldInfo) -> str:
    unset = field.default is None or field.default is PydanticUndefined
    value = field.examples[0] if field.examples and (unset or field.default == ()) else field.default
    note = "  # an example; not set" if unset else "  # an example; empty" if field.default == () else ""
    return f"{key} = {dump(value)}{note}"


def _comment(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        yield from (f"# {line}" for line in textwrap.wrap(" ".join(paragraph.split()), _WIDTH))
