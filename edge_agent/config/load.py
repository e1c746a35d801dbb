"""From files, environment and credentials to one configuration, or to everything that is wrong with them."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from edge_agent import appliance
from edge_agent.config.allowed import allowed
from edge_agent.config.layers import Layer, credentials_layer, environment_layer, file_layer
from edge_agent.config.model import SECTIONS, Config
from edge_agent.config.paths import default_paths, user_config
from edge_agent.config.problems import DEFAULT, ConfigError, Origin, Problem
from edge_agent.config.section import Section
from edge_agent.config.zmq import default_socket_dir

MASK = "********"
_SHOWN_CHARS = 80


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration, the file it came from (None if there was none), and the origin of each ``(section, key)``."""

    config: Config
    path: Path | None
    origins: Mapping[tuple[str, str], Origin]

    def origin(self, section: str, key: str) -> Origin:
        return self.origins.get((section, key), DEFAULT)


def load(path: Path | None = None, *, environ: Mapping[str, str] | None = None) -> Loaded:
    """Read the configuration. Later ones win: defaults, the file, systemd credentials, environment.

    Without ``path``, the file is that of an installed service, /etc/edge-agent/config.toml, or else the user's own, and may be
    missing. With the service's file the defaults of folders and credentials are the service's, too, whoever asks.

    Raises:
        ConfigError: with every fault there is.
    """
    environ = os.environ if environ is None else environ
    path = path or find_file(environ)
    installed = appliance.is_configured_by(path)
    layers = [_defaults_layer(environ, installed=installed)]
    if path is not None:
        layers.append(file_layer(path))
    passed_on = environ.get("CREDENTIALS_DIRECTORY")
    secrets = Path(passed_on) if passed_on else appliance.credentials() if installed else None
    layers += [credentials_layer(secrets), environment_layer(environ)]
    settings: dict[tuple[str, str], tuple[Any, Origin]] = {}
    problems: list[Problem] = []
    for layer in layers:
        settings.update(layer.settings)
        problems += layer.problems
    sections: dict[str, Section] = {}
    for name, model in SECTIONS.items():
        given = {key: setting for (section, key), setting in settings.items() if section == name}
        section, faults = _checked(name, model, given)
        problems += faults
        if section is not None:
            sections[name] = section
    if problems:
        raise ConfigError(problems)
    origins = {setting: origin for setting, (_, origin) in settings.items()}
    return Loaded(Config.model_validate(sections), path, origins)


def find_file(environ: Mapping[str, str]) -> Path | None:
    """The configuration file that applies when none is named, if there is one."""
    return next((path for path in (appliance.CONFIG, user_config(environ)) if path.exists()), None)


def _defaults_layer(environ: Mapping[str, str], *, installed: bool) -> Layer:
    """Defaults that depend on the machine."""
    layer = Layer()
    for key, (path, origin) in default_paths(environ, installed=installed).items():
        layer.put("paths", key, path, origin)
    layer.put("zmq", "socket_dir", *default_socket_dir(environ, installed=installed))
    name = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname().partition(".")[0])[:64]
    layer.put("mqtt", "device", name or "device", Origin("default, the host's name"))
    return layer


def _checked(name: str, model: type[Section], given: Mapping[str, tuple[Any, Origin]]) -> tuple[Section | None, list[Problem]]:
    problems: list[Problem] = []
    bad: set[str] = set()
    try:
        section = model.model_validate({key: value for key, (value, _) in given.items()})
    except ValidationError as error:
        problems += _translated(name, given, error)
        bad = {str(each["loc"][0]) for each in error.errors(include_url=False)}
        try:
            # What the component says about the other keys is to be heard in the same run.
            section = model.model_validate({key: value for key, (value, _) in given.items() if key not in bad})
        except ValidationError:
            return None, problems
    problems += [
        Problem(f"{name}.{key}", problem, given[key][1] if key in given else DEFAULT)
        for key, problem in section.problems()
        if not any(each in f"{key} {problem}" for each in bad)
    ]
    return section, problems


def _translated(section: str, given: Mapping[str, tuple[Any, Origin]], error: ValidationError) -> Iterator[Problem]:
    for each in error.errors(include_url=False):
        key, *within = each["loc"]
        field = SECTIONS[section].model_fields[str(key)]
        place = "".join(f"[{index}]" for index in within if isinstance(index, int))
        shown = MASK if SecretStr in (field.annotation, *getattr(field.annotation, "__args__", ())) else _show(each["input"])
        origin = given[str(key)][1] if key in given else DEFAULT
        yield Problem(f"{section}.{key}{place}", f"is {shown}; allowed: {allowed(str(key), field)}", origin)


def _show(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 1]}…"
