"""Pins every package of the device, by hash, for the Pythons of both JetPacks on aarch64.

    pip install uv
    python requirements/lock.py        (needs the network; half a minute)

Writes ``aarch64-py310.txt`` (JetPack 6.2) and ``aarch64-py312.txt`` (JetPack 7.2), and beside each the names of the wheels that a
device with JetPack 6's glibc 2.35 takes: a package that would have to be compiled there fails the run. tests/requirements checks
both, without a network, against pyproject.toml.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
PYTHONS = ("3.10", "3.12")
EXTRAS = ("pulse",)
GLIBC = 35
"""Minor version of the oldest glibc: that of Ubuntu 22.04, which JetPack 6 is."""
WHY = "# Written by requirements/lock.py; not to be edited. pip install --require-hashes -r takes it.\n"


def main() -> None:
    for python in PYTHONS:
        name = f"aarch64-py{python.replace('.', '')}"
        lock = HERE / f"{name}.txt"
        lock.write_text(WHY + resolved(python), "utf-8")
        wheels = sorted(wheel_names(lock, python))
        (HERE / f"{name}.wheels.txt").write_text("".join(f"{wheel}\n" for wheel in wheels), "utf-8")
        print(f"{lock.name}: {len(wheels)} packages, all as wheels")


def resolved(python: str) -> str:
    extras = [argument for extra in EXTRAS for argument in ("--extra", extra)]
    return output(
        "uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-emit-index-url", "--generate-hashes",
        "--only-binary", ":all:", "--python-platform", f"aarch64-manylinux_2_{GLIBC}", "--python-version", python, *extras,
        str(HERE.parent / "pyproject.toml"),
    )


def wheel_names(lock: Path, python: str) -> Iterator[str]:
    platforms = [argument for minor in range(GLIBC, 16, -1) for argument in ("--platform", f"manylinux_2_{minor}_aarch64")]
    report = output(
        sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--require-hashes", "--no-deps",
        "--only-binary", ":all:", "--implementation", "cp", "--python-version", python, "--target", "unused", *platforms,
        "--platform", "manylinux2014_aarch64", "--report", "-", "-r", str(lock),
    )
    for package in json.loads(report)["install"]:
        yield package["download_info"]["url"].rpartition("/")[2]


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
