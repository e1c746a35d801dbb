"""Every package of the device is pinned, by hash, as a wheel that an Orin's Python takes. No network."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


ROOT = Path(__file__).parents[2]
GLIBC = (2, 35)
"""Of Ubuntu 22.04, which JetPack 6 is."""
EXTRAS = ("", "pulse")


class Lock:
    """What is pinned for one Python on aarch64."""

    def __init__(self, python: str) -> None:
        name = f"aarch64-py{python.replace('.', '')}"
        self.python = python
        self.text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
        self.wheels = (ROOT / "requirements" / f"{name}.wheels.txt").read_text("utf-8").split()
        self.entries = re.findall(r"^(\S+?)==(\S+)((?:[ \\\n]+--hash=\S+)*)$", self.text, re.MULTILINE)
        self.versions = {canonicalize_name(package): version for package, version, _ in self.entries}
        self.environment = {
            **default_environment(), "python_version": python, "python_full_version": f"{python}.0", "platform_machine": "aarch64",
            "sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
        }

    def needs(self, requirement: Requirement, extras: tuple[str, ...] = ("",)) -> bool:
        marker = requirement.marker
        return marker is None or any(marker.evaluate({**self.environment, "extra": extra}) for extra in extras)


@pytest.fixture(params=["3.10", "3.12"])
def lock(request) -> Lock:
    return Lock(request.param)


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_all_that_the_project_asks_for(lock) -> None:
    asked = [*project()["dependencies"], *(each for extra in EXTRAS if extra for each in project()["optional-dependencies"][extra])]
    wanted = [each for each in map(Requirement, asked) if lock.needs(each)]
    assert len(wanted) >= 13
    assert {each.name: lock.versions.get(canonicalize_name(each.name)) for each in wanted if not met(each, lock)} == {}


def met(requirement: Requirement, lock: Lock) -> bool:
    version = lock.versions.get(canonicalize_name(requirement.name))
    return version is not None and requirement.specifier.contains(version)


def test_all_that_those_ask_for_in_turn(lock) -> None:
    """By the metadata of the versions installed here, where they are the locked ones."""
    checked = 0
    for package, version in lock.versions.items():
        try:
            installed = metadata.distribution(package)
        except metadata.PackageNotFoundError:
            continue
        if installed.version != version:
            continue
        checked += 1
        lacking = [each for each in map(Requirement, installed.requires or []) if lock.needs(each) and not met(each, lock)]
        assert lacking == [], f"{package} {version}"
    assert checked >= 8


def test_every_package_is_pinned_by_hash(lock) -> None:
    assert len(lock.entries) == len(re.findall(r"^[a-z0-9]", lock.text, re.MULTILINE))
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}\b", hashes) for _, _, hashes in lock.entries)


def test_nobody_is_told_where_to_get_them(lock) -> None:
    assert not re.search(r"https?:|index-url|find-links|file:", lock.text)


def test_each_has_a_wheel_for_this_python_on_aarch64(lock) -> None:
    found = {}
    for wheel in lock.wheels:
        name, version, _, tags = parse_wheel_filename(wheel)
        assert any(fits(tag, lock.python) for tag in tags), wheel
        found[str(name)] = str(version)
    assert found == lock.versions


def fits(tag, python: str) -> bool:
    number = python.replace(".", "")
    speaks = tag.interpreter in {"py3", f"py{number}", f"cp{number}"} or (
        tag.abi == "abi3" and tag.interpreter.startswith("cp3") and int(tag.interpreter[3:]) <= int(number[1:])
    )
    if tag.platform == "any":
        return speaks
    manylinux = re.fullmatch(r"manylinux_(\d+)_(\d+)_aarch64", tag.platform)
    glibc = tuple(map(int, manylinux.groups())) if manylinux else (2, 17) if tag.platform == "manylinux2014_aarch64" else None
    return speaks and glibc is not None and glibc <= GLIBC
