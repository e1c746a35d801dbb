"""The interpreter and the libraries, imported rather than looked up: a library can be there and still not load."""

from __future__ import annotations

import importlib
import platform
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata

from edge_agent import __version__
from edge_agent.config import Config
from edge_agent.service.doctor.finding import Finding

OLDEST, NEWEST = (3, 10), (3, 12)

NEEDED: Mapping[str, tuple[str, ...]] = {
    "numpy": ("numpy",),
    "onnxruntime": ("onnxruntime", "onnxruntime-gpu"),
    "_sounddevice": ("sounddevice",),  # without its library, which the check of the audio device loads
    "soundfile": ("soundfile",),
    "soxr": ("soxr",),
    "paho.mqtt.client": ("paho-mqtt",),
    "zmq": ("pyzmq",),
    "pydantic": ("pydantic",),
    "prometheus_client": ("prometheus-client",),
    "minisign": ("py-minisign",),
    "pyrage": ("pyrage",),
    "click": ("click",),
    "tqdm": ("tqdm",),
}
"""Module to the distributions that may provide it."""


def check_python(_config: Config) -> Iterator[Finding]:
    version = platform.python_version()
    what = f"Python {version} on {platform.machine()}, edge-agent {__version__}"
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        yield Finding.ok("python", what, version=version, machine=platform.machine(), edge_agent=__version__)
    else:
        wanted = f"{'.'.join(map(str, OLDEST))} to {'.'.join(map(str, NEWEST))}"
        yield Finding.warn("python", what, f"Use Python {wanted}; others are not tested.", version=version)


def check_packages(_config: Config, needed: Mapping[str, tuple[str, ...]] = NEEDED) -> Iterator[Finding]:
    versions: dict[str, str] = {}
    for module, distributions in needed.items():
        try:
            importlib.import_module(module)
        except ImportError as error:
            yield Finding.fail("packages", f"{distributions[0]} is missing: {error}", f"Install it: pip install {distributions[0]}")
        except OSError as error:
            fix = "Install the system package with the library it names."
            yield Finding.fail("packages", f"{distributions[0]} does not load: {error}", fix)
        else:
            versions |= {name: version for name in distributions if (version := _version(name))}
    yield Finding.ok("packages", ", ".join(f"{name} {version}" for name, version in versions.items()), **versions)


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
