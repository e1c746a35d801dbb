"""The places settings come from, each read into the same form: ``(section, key)`` to a value and its origin."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_origin

from pydantic import SecretStr

from edge_agent.config.allowed import allowed
from edge_agent.config.lines import key_lines
from edge_agent.config.model import SECTIONS
from edge_agent.config.problems import ConfigError, Origin, Problem

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ENV_PREFIX = "EDGE_AGENT__"
_MAX_FILE_BYTES = 1024 * 1024
_FILE_SUFFIX = "_file"


@dataclass(slots=True)
class Layer:
    """Settings of one place, and the faults found while reading it."""

    settings: dict[tuple[str, str], tuple[Any, Origin]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def put(self, section: str, key: str, value: Any, origin: Origin) -> None:
        """Add a setting, or the fault that there is no such key."""
        if section not in SECTIONS:
            self.problems.append(Problem(f"[{section}]", f"is not a section{_hint(section, SECTIONS)}", origin))
        elif key not in SECTIONS[section].model_fields:
            hint = _hint(key, SECTIONS[section].model_fields)
            self.problems.append(Problem(f"{section}.{key}", f"is not a known key{hint}", origin))
        else:
            self.settings[section, key] = value, origin

    def open_secret_files(self) -> None:
        """Turn each ``<secret>_file`` into the secret in it."""
        for (section, key), (path, origin) in list(self.settings.items()):
            secret = key.removesuffix(_FILE_SUFFIX)
            if secret == key or not _is_secret(section, secret):
                continue
            if (section, secret) in self.settings:
                self.problems.append(Problem(f"{section}.{key}", f"is set, and {section}.{secret} too; keep one of them", origin))
                continue
            try:
                value = Path(path).read_text().partition("\n")[0].rstrip("\r")
            except (OSError, TypeError, ValueError) as error:
                self.problems.append(Problem(f"{section}.{key}", f"cannot be read: {error}", origin))
            else:
                self.settings[section, secret] = value, Origin(str(path))


def file_layer(path: Path) -> Layer:
    """Read a TOML file.

    Raises:
        ConfigError: it cannot be read, or is not TOML.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_FILE_BYTES + 1)
        if len(raw) > _MAX_FILE_BYTES:
            raise ConfigError.of_file(path, f"is larger than {_MAX_FILE_BYTES} bytes")
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
        document = tomllib.loads(text)
    except OSError as error:
        raise ConfigError.of_file(path, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError.of_file(path, f"is not UTF-8 (byte {error.start})", raw[: error.start].count(b"\n") + 1) from error
    except ValueError as error:  # not only TOMLDecodeError: Python refuses numbers of thousands of digits by itself
        raise ConfigError.of_file(path, f"is not TOML: {error}") from error
    except RecursionError as error:
        raise ConfigError.of_file(path, "is nested too deeply") from error
    lines = key_lines(text)
    layer = Layer()
    for section, table in document.items():
        if not isinstance(table, dict):
            where = Origin(str(path), lines.get((section,)))
            layer.problems.append(Problem(section, f"stands in no section; begin one with [{next(iter(SECTIONS))}]", where))
            continue
        if not table and section not in SECTIONS:
            layer.put(section, "", None, Origin(str(path), lines.get((section,))))
        for key, value in table.items():
            layer.put(section, key, value, Origin(str(path), lines.get((section, key))))
    layer.open_secret_files()
    return layer


def environment_layer(environ: Mapping[str, str]) -> Layer:
    """Read ``EDGE_AGENT__SECTION__KEY``; lists are written as in TOML."""
    layer = Layer()
    for name, raw in environ.items():
        if name.startswith(ENV_PREFIX):
            section, _, key = name[len(ENV_PREFIX) :].lower().partition("__")
            layer.put(section, key, _from_text(section, key, raw), Origin(f"${name}"))
    layer.open_secret_files()
    return layer


def credentials_layer(folder: Path | None) -> Layer:
    """Read systemd credentials named ``section.key``: a path's value is the credential's own path, others its content.

    A blank one counts as none: the unit has to name every credential there may be, and a device need not have them all.
    """
    layer = Layer()
    if folder is None:
        return layer
    for section, model in SECTIONS.items():
        for key, info in model.model_fields.items():
            path, origin = folder / f"{section}.{key}", Origin(f"credential {section}.{key}")
            try:
                if not path.exists() or not path.read_bytes().strip():
                    continue
                is_path = allowed(key, info) == "a path"
                value = str(path) if is_path else _from_text(section, key, path.read_text().strip("\r\n"))
            except (OSError, UnicodeDecodeError) as error:
                layer.problems.append(Problem(f"{section}.{key}", f"cannot be read: {error}", origin))
            else:
                layer.put(section, key, value, origin)
    layer.open_secret_files()
    return layer


def _from_text(section: str, key: str, raw: str) -> Any:
    info = SECTIONS[section].model_fields.get(key) if section in SECTIONS else None
    if info is None or get_origin(info.annotation) is not tuple:
        return raw
    try:
        return tomllib.loads(f"value = {raw}")["value"]
    except ValueError:
        return raw


def _is_secret(section: str, key: str) -> bool:
    info = SECTIONS[section].model_fields.get(key)
    return info is not None and SecretStr in (info.annotation, *getattr(info.annotation, "__args__", ()))


def _hint(name: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]}?)" if near else f"; known are {', '.join(known)}"
